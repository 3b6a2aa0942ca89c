"""Attacks through the inline code of an untrusted config: each is refused before anything runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from statepipe.errors import ConfigError, Place
from statepipe.functions import Reference, resolve
from statepipe.source_text import SourceText

REASONS = (
    "not allowed in the inline code of an untrusted config",
    "not known to inline code",
    "neither a registered function nor a name in inline code",
    "this code is nested too deeply for Python",
    "more than 50000 characters of inline code in an untrusted config",
)

ATTACKS = {
    # walks over dunder and private attributes
    "class of a value": "lambda s: s.data.__class__",
    "object's subclasses": "lambda s: ().__class__.__bases__[0].__subclasses__()",
    "base by index": "().__class__.__base__.__subclasses__()[0]",
    "mro attribute": "lambda s: ''.__class__.__mro__",
    "mro method": "lambda s: int.mro()[1]",
    "globals of a lambda": "lambda s: (lambda: 0).__globals__",
    "code of a lambda": "lambda s: (lambda: 0).__code__",
    "closure": "lambda s: (lambda: s).__closure__[0].cell_contents",
    "defaults": "lambda s: (lambda: s).__defaults__",
    "builtins of a function": "lambda s: (lambda: 0).__builtins__",
    "self of a builtin": "lambda s: len.__self__.eval('1')",
    "dict of the view": "lambda s: s.__dict__",
    "globals of the view's method": "lambda s: s.get.__func__.__globals__",
    "init of the view": "lambda s: s.__init__.__globals__",
    "private attribute": "lambda s: s._data",
    "class assignment": "s = state\ns.__class__ = dict\nreturn 1",
    "annotations": "def f(s) -> ''.__class__: return 1",
    "dunder call": "lambda s: s.data.__getattribute__('x')",
    "dunder in a slice": "lambda s: s.data['x':().__class__]",
    "dunder in a subscript": "lambda s: s.data[().__class__]",
    "dunder on a literal": "lambda s: {}.__reduce__()",
    "doc of a function": "lambda s: len.__doc__",
    "name mangling": "lambda s: s.__x",
    "dunder name": "lambda s: __builtins__",
    "dunder name as item": "lambda s: __builtins__['eval']('1')",
    "loader": "lambda s: __loader__",
    "spec": "__spec__",
    "name": "lambda s: __name__",
    "debug name as parameter": "lambda __x: 1",
    "class builder": "lambda s: __build_class__(lambda: 0, 'x')",
    # what is bound to the run
    "the generator as a value": "lambda s: [rng]",
    "the generator of the state as a value": "lambda s: [s.rng]",
    "the generator's seed": "lambda s: rng.seed(1)",
    "the generator's state": "lambda s: rng.setstate(rng.getstate())",
    "the generator's class": "lambda s: rng.__class__",
    "the generator's class by the state": "lambda s: s.rng.__reduce__()",
    "changing the generator": "rng.random = data.get\nreturn 1",
    "changing the state's generator": "state.rng.random = data.get\nreturn 1",
    "self of the id": "lambda s: uuid.__self__",
    "self of the id as a value": "f = uuid\nreturn f.__self__",
    "self of now": "lambda s: now.__self__",
    "the asker": "lambda s: [uuid(), __statepipe_asker__]",
    "the moment": "lambda s: s._moment",
    "the module uuid's os": "lambda s: [uuid(), uuid.os]",
    "the module as a value beside the function": "from uuid import uuid1\nreturn uuid()",
    # refused builtins
    "type": "lambda s: type(s)",
    "type of three": "lambda s: type('X', (), {})",
    "eval": "lambda s: eval('1')",
    "exec": "exec('x = 1')",
    "compile": "lambda s: compile('1', '', 'eval')",
    "open": "lambda s: open('/etc/passwd').read()",
    "getattr": "lambda s: getattr(s, 'data')",
    "setattr": "setattr(state, 'data', {})",
    "delattr": "delattr(state, 'data')",
    "hasattr": "lambda s: hasattr(s, '__class__')",
    "vars": "lambda s: vars(s)",
    "dir": "lambda s: dir(s)",
    "globals": "lambda s: globals()",
    "locals": "lambda s: locals()",
    "object": "lambda s: object()",
    "super": "lambda s: super()",
    "input": "lambda s: input()",
    "breakpoint": "lambda s: breakpoint()",
    "memoryview": "lambda s: memoryview(b'x')",
    "id": "lambda s: id(s)",
    "help": "lambda s: help(s)",
    "exit": "lambda s: exit()",
    "print": "lambda s: print('into the output')",
    "property": "lambda s: property(lambda x: x)",
    "system exit": "raise SystemExit",
    "keyboard interrupt": "raise KeyboardInterrupt",
    "base exception": "try:\n    x = 1\nexcept BaseException:\n    x = 2",
    "builtin as a value": "lambda s: list(map(eval, s.data.values()))",
    "builtin as a key": "lambda s: sorted(s, key=eval)",
    "builtin in a display": "lambda s: [eval][0]('1')",
    "builtin in a default": "lambda s: (lambda f=eval: f('1'))()",
    "builtin as keyword": "lambda s: max(s, key=open)",
    "reduce over getattr": "lambda s: functools.reduce(getattr, ['__class__'], s)",
    "map over getattr": "lambda s: list(map(getattr, [s], ['__class__']))",
    "partial of getattr": "lambda s: functools.partial(getattr, s)('__class__')",
    # formats
    "format attribute": "lambda s: '{0.__class__}'.format(s)",
    "format public attribute": "lambda s: '{0.data}'.format(s)",
    "format item": "lambda s: '{0[x]}'.format(s)",
    "format keyword": "lambda s: '{s.__init__.__globals__}'.format(s=s)",
    "format in a spec": "lambda s: '{0:{1.__class__}}'.format(1, s)",
    "format of a name": "lambda s: (t := '{0.__class__}') and t.format(s)",
    "format of data": "lambda s: s.data['template'].format(s)",
    "format of a sum": "lambda s: ('{0.' + '__class__}').format(s)",
    "format of an f-string": "lambda s: f'{{0.__class__}}'.format(s)",
    # Python reads fields one by one: those before a fault have been read when it raises.
    "format broken later": "lambda s: '{0.__class__} {'.format(s)",
    "format broken later, told by the error": (
        "try:\n    '{0:{1.__init__.__globals__}} {'.format(5, state)\n"
        "except Exception as e:\n    return {'x': e.args[0]}"
    ),
    "format broken in a spec": "lambda s: '{0:{1.__class__}{}'.format(1, s)",
    "format with a bad conversion": "lambda s: '{0.__class__} {0!r.x}'.format(s)",
    "format as a value": "lambda s: '{0.__class__}'.format",
    "format of the class": "lambda s: str.format('{0.__class__}', s)",
    "format passed on": "lambda s: list(map(str.format, ['{0.__class__}'], [s]))",
    "format_map": "lambda s: '{x.__class__}'.format_map({'x': s})",
    "format_map of the class": "lambda s: str.format_map('{x}', s)",
    "Formatter": "lambda s: string.Formatter().format('{0.__class__}', s)",
    "Template": "lambda s: string.Template('$x').substitute(x=1)",
    "f-string": "lambda s: f'{s.__class__}'",
    "f-string with conversion": "lambda s: f'{s.__class__!r:>10}'",
    "f-string spec": "lambda s: f'{1:{s.__class__}}'",
    "f-string in an f-string": "lambda s: f'{f\"{s.__class__}\"}'",
    "f-string debug": "lambda s: f'{s.__class__=}'",
    "f-string call": "lambda s: f'{eval(\"1\")}'",
    # modules
    "os by name": "lambda s: os.system('true')",
    "sys by name": "lambda s: sys.modules",
    "import os": "import os\nreturn os.getcwd()",
    "import os as": "import os as re\nreturn re.getcwd()",
    "import two": "import math, os\nreturn 1",
    "import a submodule": "import os.path\nreturn 1",
    "import a safe module's submodule": "import json.decoder\nreturn 1",
    "from os import": "from os import system\nreturn system('true')",
    "from import star": "from math import *\nreturn 1",
    "from safe import unsafe": "from json import codecs\nreturn codecs.open('x')",
    "from safe import unsafe as": "from re import sys as math\nreturn math.modules",
    "relative import": "from . import x\nreturn 1",
    "from future": "from __future__ import annotations\nreturn 1",
    "import within def": "def f(s):\n    import subprocess\n    return 1",
    "import above def": "import os\ndef f(s):\n    return os.getcwd()",
    "import call": "lambda s: __import__('os').system('true')",
    "import call by keyword": "lambda s: __import__(name='os').system('true')",
    "import call of a sum": "lambda s: __import__('o' + 's').system('true')",
    "import call of data": "lambda s: __import__(s.data['m']).system('true')",
    "import call with fromlist": "lambda s: __import__('time', fromlist=['x']).time()",
    "import call starred": "lambda s: __import__(*['os']).system('true')",
    "import call as a value": "lambda s: __import__('time')",
    "import as a value": "lambda s: [__import__][0]('os')",
    "import by map": "lambda s: list(map(__import__, ['os']))",
    "import rebound": "lambda s: (f := __import__) and f('os')",
    "import call, unsafe attribute": "lambda s: __import__('random')._os.system('true')",
    "import call, sleeping": "lambda s: __import__('time').sleep(1)",
    "import of an inner module": "lambda s: __import__('_strptime').datetime_date",
    "re.sys": "lambda s: re.sys.modules",
    "re.enum": "lambda s: re.enum.sys",
    "json.codecs": "lambda s: json.codecs.open('x')",
    "json.decoder": "lambda s: json.decoder.scanner",
    "json.load": "lambda s: json.load(s)",
    "json.JSONDecoder": "lambda s: json.JSONDecoder(object_hook=str)",
    "datetime.sys": "lambda s: datetime.sys",
    "random._os": "lambda s: random._os.system('true')",
    "random.SystemRandom": "lambda s: random.SystemRandom()",
    "random.seed": "random.seed(1)",
    "uuid.os": "lambda s: uuid.os.system('true')",
    "uuid.uuid1": "lambda s: uuid.uuid1()",
    "statistics.sys": "lambda s: statistics.sys.modules",
    "collections.abc": "lambda s: collections.abc.sys",
    "collections.namedtuple": "lambda s: collections.namedtuple('x', 'y')",
    "functools.wraps": "lambda s: functools.wraps(len)",
    "functools.update_wrapper": "lambda s: functools.update_wrapper(len, len)",
    "base64.main": "lambda s: base64.main()",
    "base64.encode": "lambda s: base64.encode(1, 2)",
    "operator.attrgetter": "lambda s: operator.attrgetter('__class__')(s)",
    "operator.methodcaller": "lambda s: operator.methodcaller('__reduce__')(s)",
    "operator.call": "lambda s: operator.call(len, s)",
    "attrgetter imported": "from operator import attrgetter\nreturn attrgetter('x')",
    "module as a value": "lambda s: [re][0].sys",
    "module by walrus": "lambda s: (m := re) and m.sys",
    "module by assignment": "m = json\nreturn m.codecs",
    "module as an argument": "lambda s: (lambda m: m.sys)(re)",
    "module in a default": "def f(s):\n    def g(m=re): return m.sys\n    return g()",
    "module returned": "lambda s: math",
    "module by star": "lambda s: [*[re]]",
    "module by loop": "for m in [re]:\n    return m.sys",
    "module by alias": "import json as j\nreturn j.codecs",
    "alias as a value": "import json as j\nreturn [j]",
    "alias and value": "import json as j\nj = 1\nreturn j",
    "two modules, one alias": "import json as j\nimport re as j\nreturn j.loads",
    "alias seen from within": "import json as j\nreturn (lambda: j.codecs)()",
    "module attribute assigned": "json.loads = len",
    "module attribute deleted": "del json.loads",
    "module attribute by loop": "for json.loads in [1]:\n    pass",
    "module attribute in a comprehension": "[1 for json.loads in [1]]",
    # what looks harmless in modules and is not
    "deepcopy's table": "lambda s: copy._deepcopy_dispatch",
    "single dispatch": "lambda s: functools.singledispatch(len)",
    "cache": "lambda s: functools.lru_cache(len)",
    "cached property": "lambda s: functools.cached_property(len)",
    "partial's keywords": "lambda s: functools.partial(len).keywords",
    "object of a key": "lambda s: functools.cmp_to_key(len)(s).obj",
    "operator.setitem": "lambda s: operator.setitem(s, 'x', 1)",
    "operator.ior": "lambda s: operator.ior({}, {})",
    "hash of a file": "lambda s: hashlib.file_digest(s, 'md5')",
    "hashlib.new": "lambda s: hashlib.new('md5')",
    "decimal context": "lambda s: decimal.getcontext()",
    "decimal default context": "lambda s: decimal.DefaultContext",
    "random instance": "lambda s: random.Random()",
    "random.setstate": "random.setstate(1)",
    "normal distribution": "lambda s: statistics.NormalDist()",
    "text wrapper": "lambda s: textwrap.TextWrapper()",
    "time zone of the process": "lambda s: time.tzset()",
    "clock of the machine": "lambda s: time.clock_settime(1, 2)",
    "html.entities": "lambda s: html.entities",
    "re.Scanner": "lambda s: re.Scanner([])",
    "re._parser": "lambda s: re._parser",
    "UserDict": "lambda s: collections.UserDict().data",
    "ChainMap": "lambda s: collections.ChainMap({}).maps",
    "import call of bytes": "lambda s: __import__(b'os')",
    "import call of an f-string": "lambda s: __import__(f'os').sep",
    "import call with keywords": "lambda s: __import__('time', **{}).time()",
    "helper called like the import": "def __import__(x): return x\ndef f(s): return 1",
    "import called like the state": "import re as state\nstate.data = 1",
    "helper called like the state": (
        "def f(state):\n    def state(x): return 1\n    state.data = 2"
    ),
    "names of the generated function": "return {'x': network}",
    "functions of the generated function": "lambda s: fn_0(s)",
    "name of what we add": "lambda s: __statepipe_view__(1, 2, 3)",
    "generator exit": "raise GeneratorExit",
    "exception group": "raise ExceptionGroup('x', [ValueError()])",
    "note on an error": "try:\n    1 / 0\nexcept Exception as e:\n    e.add_note('x')",
    "context of an error": "try:\n    1 / 0\nexcept Exception as e:\n    return e.__context__",
    "class pattern of an exception": "match data:\n    case Exception(): return 1",
    "starred target": "*state.data, x = [1]",
    "line after a lambda": "lambda s: 1\nimport os",
    # scoping tricks
    "walrus over a builtin elsewhere": "lambda s: [(lambda: (eval := 1))(), eval('1')]",
    "comprehension over a builtin": "lambda s: [eval for eval in [1]] and eval('1')",
    "comprehension source": "lambda s: [eval for eval in [eval]]",
    "comprehension condition": "lambda s: [x for x in s if eval('1')]",
    "nested comprehension": "lambda s: [y for x in s for y in [open]]",
    "parameter of another lambda": "lambda s: (lambda open: open)(1) or open('x')",
    "module shadowed elsewhere": "lambda s: [re for re in s] and re.sys",
    "async comprehension": "async def f(s):\n    return [x async for x in s.data['x']]",
    "async comprehension frame": "async def f(s):\n    return (x async for x in s).ag_frame",
    "global": "global x\nx = 1",
    "nonlocal": "def f(s):\n    x = 1\n    def g():\n        nonlocal x\n    return g()",
    # def: decorators, defaults, annotations, classes
    "decorator": "@staticmethod\ndef f(s): return 1",
    "safe decorator": "@len\ndef f(s): return 1",
    "inner decorator": "def f(s):\n    @eval\n    def g(): pass\n    return 1",
    "default with a call": "def f(s):\n    def g(x=open('x')): return x\n    return g()",
    "lambda default": "lambda s: (lambda x=s.__class__: x)()",
    "keyword default": "lambda s: (lambda *, x=s.__class__: x)()",
    "annotation": "def f(s: eval('1')): return 1",
    "annotated assignment": "x: eval('1') = 1\nreturn x",
    "helper's default": "def h(x=open('x')): return x\ndef f(s): return h()",
    "class": "class X: pass\nreturn X()",
    "class with bases": "def f(s):\n    class X(Exception): pass\n    return X()",
    "private helper": "def _h(): return 1\ndef f(s): return _h()",
    "private keyword": "lambda s: dict(__class__=1)",
    # work that would be done while loading
    "work in a helper's default": "def h(x=sum(range(9))): return x\ndef f(s): return h()",
    "work in a keyword default": "def h(*, x=[y for y in 'ab']): return x\ndef f(s): return h()",
    "work in an annotation": "def f(s: sum(range(9))): return 1",
    "work in a return annotation": "def f(s) -> {x for x in 'ab'}: return 1",
    # frames and tracebacks
    "generator frame": "lambda s: (x for x in s).gi_frame.f_back",
    "generator code": "lambda s: (x for x in s).gi_code",
    "coroutine frame": "async def f(s):\n    async def g(): pass\n    return g().cr_frame",
    "frame globals": "lambda s: s.data.f_globals",
    "func_globals": "lambda s: len.func_globals",
    "exception traceback": "try:\n    1 / 0\nexcept Exception as e:\n    return e.__traceback__",
    "traceback frame": "try:\n    1 / 0\nexcept Exception as e:\n    return e.tb_frame",
    "object of an error": "try:\n    len.x\nexcept AttributeError as e:\n    return e.obj",
    "with_traceback": "try:\n    1 / 0\nexcept Exception as e:\n    return e.with_traceback(None)",
    "generator throw": "lambda s: (x for x in s).throw(ValueError)",
    "except star": "try:\n    1 / 0\nexcept* ValueError:\n    pass",
    "bare except": "while True:\n    try:\n        x = 1\n    except:\n        pass",
    "finally returns": "while True:\n    try:\n        x = 1\n    finally:\n        return 1",
    "finally continues": "while True:\n    try:\n        x = 1\n    finally:\n        continue",
    "finally breaks": (
        "while True:\n    try:\n        x = 1\n    finally:\n        if x:\n            break"
    ),
    "with": "with state.resources['x'] as y:\n    return y",
    "async with": "async with state.resources['x'] as y:\n    return y",
    # patterns
    "class pattern": "match state:\n    case dict(__class__=c): return c",
    "class pattern, public": "match state:\n    case Exception(args=a): return a",
    "class pattern of a builtin": "match data['id']:\n    case int(real=r): return r",
    "class pattern of another": "match state:\n    case state.data(): return 1",
    "class pattern, two": "match state:\n    case int(a, b): return a",
    "pattern value": "match state:\n    case state.__class__: return 1",
    "pattern guard": "match state:\n    case x if eval('1'): return x",
    "pattern name": "match state:\n    case __x: return 1",
    "pattern rest": "match state:\n    case {**__x}: return 1",
    "pattern class shadowed": "def f(s):\n    int = s\n    match s:\n        case int(): return 1",
    # names in other alphabets: Python normalises them
    "full-width eval": "lambda s: ｅval('1')",
    "full-width import": "lambda s: __ｉmport__('os').system('true')",
    "mathematical getattr": "lambda s: 𝓰𝓮𝓽𝓪𝓽𝓽𝓻(s, 'x')",
    "low lines": "lambda s: s._︳class_﹍",
    "full-width low line": "lambda s: s._＿class＿＿",
    "italic attribute": "lambda s: s.__𝘤𝘭𝘢𝘴𝘴__",
    "ligature": "lambda s: 'x'.ﬁnd.__self__",
    "full-width module": "lambda s: ｏs.getcwd()",
    "full-width format": "lambda s: '{0.__class__}'.ｆormat(s)",
    # attributes
    "attribute assigned": "state.name = 'x'",
    "error assigned": "state.error = {}",
    "inside of an error": "state.error._caught",
    "data of a call assigned": "(lambda: state)().data = {}",
    "data of a class assigned": "from fractions import Fraction\nFraction.data = 1",
    "data of a class by the view's name": "state = collections.Counter\nstate.data = 1",
    "data of a class by a parameter": (
        "def f(s):\n    def g(s):\n        s.data = 1\n    return g(collections.Counter)"
    ),
    "data of a class by a loop": (
        "def f(s):\n    for s in [collections.Counter]:\n        s.data = 1"
    ),
    "data of a class by a comprehension": "[1 for state in [len] for state.data in [1]]",
    "data of a class by a pattern": (
        "match collections.Counter:\n    case state:\n        state.data = 1"
    ),
    "data of a class by an import": "from fractions import Fraction as state\nstate.data = 1",
    "data of a class by an error": (
        "try:\n    1 / 0\nexcept Exception as state:\n    state.data = 1"
    ),
    "data of a class by walrus": "(state := collections.Counter)\nstate.data = 1",
    "data of a class by an import of the parameter's name": (
        "def f(Fraction):\n    from fractions import Fraction\n    Fraction.data = 1"
    ),
    "data of a resource by recursion": (
        "def f(s):\n    if len(s):\n        f(s.resources['db'])\n    s.data = {}"
    ),
    "data of a class by recursion in a helper": (
        "def h(): f(collections.Counter)\ndef f(s):\n    s.data = {}\n    h()"
    ),
    "data of a class by recursion, passed on": (
        "def f(s):\n    list(map(f, [collections.Counter]))\n    s.data = {}"
    ),
    "name of the function made for a body": "inline(data, collections.Counter, context)",
    "data of the record": "def f(data, context):\n    data.data = 1",
    "attribute deleted": "del state.data",
    "attribute augmented": "state.name += 'x'",
    "attribute of a loop": "for state.name in [1]:\n    pass",
    "attribute unpacked": "state.name, x = 1, 2",
    "attribute by walrus in a subscript": "lambda s: s.data[(x := s.__class__)]",
    "resource's attribute": "lambda s: s.resources['db'].execute('drop table x')",
    "resource's module": "lambda s: s.resources['db'].os",
    "default factory": "lambda s: collections.defaultdict(list).default_factory",
    "scanner": "lambda s: re.compile('x').scanner('x')",
    "partial's function": "lambda s: functools.partial(len).func",
    "mapping proxy": "lambda s: s.data.items().mapping",
    # sizes
    "power tower": "9**9**9",
    "power": "lambda s: 2 ** 10 ** 8",
    "power of data": "lambda s: s.data['n'] ** 10000000",
    "negative tower": "lambda s: (-9) ** (9 ** 9)",
    "pow": "lambda s: pow(9, 9**9)",
    "shift": "lambda s: 1 << 10**10",
    "repeated text": "lambda s: 'x' * 10**10",
    "repeated list": "lambda s: 10**9 * [0]",
    "repeated twice": "lambda s: 'x' * 1000000 * 1000000",
    "bytes": "lambda s: bytes(10**10)",
    "wide f-string": "lambda s: f'{1:>9999999999}'",
    "wide percent": "lambda s: '%9999999999d' % 1",
    "wide format": "lambda s: '{:>9999999999}'.format(1)",
    "wide format builtin": "lambda s: format(1, '9999999999')",
    "wide precision": "lambda s: '%.9999999999f' % 1",
    "padding": "lambda s: 'x'.ljust(10**10)",
    "factorial": "lambda s: math.factorial(10**8)",
    "long code": "[" + "len(data), " * 6000 + "]",
    "deep nesting": "lambda s: " + "-" * 3000 + "1",
    "long chain": "lambda s: 1" + " + 1" * 30000 + " + eval('1')",
}


@contextmanager
def tripwire() -> Iterator[list[str]]:
    """Collect the names of all inline code that is entered meanwhile."""
    entered: list[str] = []

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith("<statepipe"):
            entered.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        yield entered
    finally:
        sys.setprofile(None)


def reference(code: str) -> Reference:
    source = SourceText.of_keys(code, "states[0].transform.code")
    return Reference("inline", source.place, code=source)


@pytest.mark.parametrize("code", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_is_refused_before_anything_runs(code: str) -> None:
    with tripwire() as entered, pytest.raises(ConfigError) as caught:
        resolve(reference(code), registered={}, trusted=False)

    assert entered == []
    assert any(reason in str(caught.value) for reason in REASONS)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("__import__('os').system('x')", "module 'os' is"),
        ("import os", "module 'os' is"),
        (
            "__import__('time')",
            "`__import__` other than for an attribute of a module named here is",
        ),
        ("json.codecs", "'json.codecs' is"),
        ("[json]", "module 'json' as a value is"),
        ("state.mro()", "the attribute 'mro' is"),
        ("type(state)", "'type' is"),
        ("with state.data: pass", "`with` is"),
        ("9**9**9", "a constant of this size is"),
        (
            "'{0.__class__} {'.format(data)",
            "a format that cannot be read (Single '{' encountered in format string) is",
        ),
        ("try:\n    pass\nfinally:\n    return 1", "leaving `finally` by a jump is"),
        (
            "def f(s: sum([1])): return 1",
            "work in a default or annotation, done while loading, is",
        ),
        ("state.name = 'x'", "changing an attribute other than `state.data` is"),
    ],
)
def test_a_refusal_says_what_is_refused(code: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(reference(code), registered={}, trusted=False)

    [problem] = caught.value.problems
    assert problem.message == f"{message} not allowed in the inline code of an untrusted config"


def test_the_tripwire_sees_code_that_runs() -> None:
    code = "def helper(x=[y for y in (1,)]): pass\ndef f(s): return 1"

    with tripwire() as entered:
        resolve(reference(code), registered={}, trusted=True)

    assert "<module>" in entered


def test_a_refusal_names_the_place_and_the_way_out() -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(reference("lambda state:\n  state.__class__"), registered={}, trusted=False)

    [problem] = caught.value.problems
    assert problem.message == (
        "the name '__class__' is not allowed in the inline code of an untrusted config"
    )
    assert problem.advice == "pass trusted=True or --trust if you wrote this config"
    assert problem.place == Place("states[0].transform.code", None, 2, 9)
    assert problem.span is not None
    assert problem.span.text[problem.span.start : problem.span.end] == "__class__"
