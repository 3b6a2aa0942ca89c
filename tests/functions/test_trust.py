"""What the inline code of an untrusted config may do: each snippet is accepted and runs."""

from __future__ import annotations

import ast
import asyncio
import copy
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statepipe.errors import ConfigError, Place
from statepipe.functions import Function, Reference, read_inline, resolve
from statepipe.source_text import SourceText
from statepipe.testing import context_of, view_of

NOW = "1970-01-01T00:00:00+00:00"

RECORD = {
    "id": 7,
    "value": 6000,
    "category": "cat_2",
    "tags": ["b", "a"],
    "name": "  Ann Lee ",
    "at": "2024-05-06T07:08:09",
    "json": '{"a": [1, 2]}',
    "nested": {"a": {"b": 3}},
    "price": "12.50",
    "none": None,
}

VALID = """lambda state: {
                                **state.data,
                                'valid': state.data.get('value') is not None
                                        and state.data.get('value') >= 0
                            }"""
ENRICH = """lambda state: {
                                'id': state.data['id'],
                                'original_value': state.data['value'],
                                'doubled_value': state.data['value'] * 2,
                                'squared_value': state.data['value'] ** 2,
                                'category': state.data['category'],
                                'status': 'enriched'
                            }"""
TIER = """lambda state: {
                                'value_tier': 'high' if state.data['value'] > 5000
                                            else 'medium' if state.data['value'] > 1000
                                            else 'low',
                                'status': 'processed',
                                'risk_score': min(100, state.data['value'] / 100)
                            }"""
CLEAN = """lambda state: {
                                'id': state.data['id'],
                                'value': max(0, state.data.get('value', 0)),
                                'category': state.data.get('category', '').upper(),
                                'timestamp': __import__('time').time() > 0
                            }"""

# name -> (code, its value for RECORD)
HARMLESS: dict[str, tuple[str, object]] = {
    # the mission's own
    "validate": (VALID, {**RECORD, "valid": True}),
    "enrich": (
        ENRICH,
        {
            "id": 7,
            "original_value": 6000,
            "doubled_value": 12000,
            "squared_value": 36_000_000,
            "category": "cat_2",
            "status": "enriched",
        },
    ),
    "categorize": (TIER, {"value_tier": "high", "status": "processed", "risk_score": 60.0}),
    "clean": (CLEAN, {"id": 7, "value": 6000, "category": "CAT_2", "timestamp": True}),
    "condition": ("lambda state: state.data.get('valid', True)", True),
    "negated condition": ("lambda state: not state.data.get('valid', True)", False),
    # forms
    "expression": ("data['id'] + 1", 8),
    "lambda without brackets": ("lambda state:\n    state['id'] + 1", 8),
    "body": ("x = state['id']\nreturn x + 1", 8),
    "body without return": ("data['id']", 7),
    "def": ("def f(state):\n    return state['id']", 7),
    "def of two": ("def f(data, context):\n    return data['id'], context.state", (7, "here")),
    "def with helper": ("def h(x): return x * 2\ndef f(s): return h(s['id'])", 14),
    "def with import": ("import math\ndef f(s): return math.sqrt(s['id'] + 2)", 3.0),
    "async def": ("async def f(state):\n    return state['id']", 7),
    "await": ("async def g(): return 5\nreturn await g()", 5),
    "annotated def": ("def f(state: dict) -> int:\n    return 1", 1),
    "docstring": ('def f(state):\n    """Say one."""\n    return 1', 1),
    "comment": ("lambda state: (  # why\n    1\n)  # done", 1),
    "positional only": ("lambda s, /: s['id']", 7),
    # views
    "name": ("lambda s: s.name", "here"),
    "network": ("context.network", "main"),
    "resources": ("len(state.resources)", 0),
    "error": ("state.error and state.error['type']", None),
    "error of a context": ("context.error", None),
    "contains": ("lambda s: 'id' in s", True),
    "spread view": ("lambda s: {**s}['id']", 7),
    "length": ("lambda s: len(s)", len(RECORD)),
    "items": ("lambda s: sorted(k for k, v in s.items() if v == 7)", ["id"]),
    "assign data": ("state.data = {'a': 1}\nreturn state['a']", 1),
    "assign more data": ("state.data |= {'a': 1}\nreturn state['a']", 1),
    "assign data in a def": ("def f(s):\n    s.data = {'b': 2}\n    return s.data", {"b": 2}),
    "assign a field": ("state['x'] = 1\nreturn data['x']", 1),
    "assign a nested field": (
        "data['nested']['a']['b'] += 1\nreturn data['nested']",
        {"a": {"b": 4}},
    ),
    "delete a field": ("del data['name']\nreturn 'name' in data", False),
    # syntax
    "comprehensions": ("lambda s: [t.upper() for t in s['tags'] if t != 'x']", ["B", "A"]),
    "dict comprehension": ("{t: i for i, t in enumerate(data['tags'])}", {"b": 0, "a": 1}),
    "set comprehension": ("{t for t in data['tags']}", {"a", "b"}),
    "nested comprehension": (
        "[x + y for x in data['tags'] for y in data['tags']]",
        ["bb", "ba", "ab", "aa"],
    ),
    "generator": ("sum(len(t) for t in data['tags'])", 2),
    "walrus": ("lambda s: (n := s['id']) + n", 14),
    "walrus in comprehension": ("[y for t in data['tags'] if (y := t + '!')]", ["b!", "a!"]),
    "shadowed builtin": ("lambda s: [id for id in s['tags']]", ["b", "a"]),
    "shadowed module": ("lambda s: [string.upper() for string in s['tags']]", ["B", "A"]),
    "module's name as a variable": ("time = data['at']\nreturn time[:4]", "2024"),
    "module's name as a parameter": ("lambda json: json['id']", 7),
    "throwaway": ("[0 for _ in range(3)]", [0, 0, 0]),
    "slices": ("data['category'][4:] + data['category'][:3:-1]", "22"),
    "f-string": ("lambda s: f\"{s['id']:>4}|{s['name'].strip()!r}\"", "   7|'Ann Lee'"),
    "f-string, nested spec": ("f\"{data['id']:0{3}d}\"", "007"),
    "f-string of a date": ("f'{datetime.date(2024, 1, 2):%Y-%m-%d}'", "2024-01-02"),
    "percent": ("'%05d %s' % (data['id'], 'x')", "00007 x"),
    "percent of a long number": ("'20240102030405 %s' % 1", "20240102030405 1"),
    "format": ("'{} {:>3} {x}'.format(1, 2, x=3)", "1   2 3"),
    "format builtin": ("format(3.14159, '.2f')", "3.14"),
    "lambda in lambda": ("lambda s: (lambda x: x + 1)(s['id'])", 8),
    "lambda with default": ("lambda s: (lambda x=1: x)()", 1),
    "star": ("[*data['tags'], *(1, 2)]", ["b", "a", 1, 2]),
    "unpack": ("a, *b = data['tags']\nreturn b", ["a"]),
    "chained comparison": ("lambda s: 0 < s['id'] <= 7 != 8", True),
    "bits": ("data['id'] & 3 | 1 << 4 ^ 0", 19),
    "moderate power": ("2 ** 64 + 10 ** 18", 2**64 + 10**18),
    "moderate repeat": ("'-' * 80 + 'x'", "-" * 80 + "x"),
    "matrix of constants": ("[[0] * 3] * 2", [[0, 0, 0], [0, 0, 0]]),
    "try": (
        "try:\n    return int('x')\nexcept (ValueError, TypeError) as e:\n    return 'bad'",
        "bad",
    ),
    "error text": (
        "try:\n    return int('x')\nexcept ValueError as e:\n    return e.args[0][:7]",
        "invalid",
    ),
    "finally": ("try:\n    x = 1\nfinally:\n    x = 2\nreturn x", 2),
    "assert": ("assert data['id'] == 7, 'id'\nreturn 1", 1),
    "loop": (
        "n = 0\nfor t in 'ab':\n    if t == 'a': continue\n    n += 1\nelse: n += 11\nreturn n",
        12,
    ),
    "while": ("n = 3\nwhile n:\n    n -= 1\n    if n == 1: break\nreturn n", 1),
    "match": (
        "match data:\n    case {'id': int(n), 'nested': {'a': x}, **z}: return n, x",
        (7, {"b": 3}),
    ),
    "match sequence": (
        "match data['tags']:\n    case [x, *more] if more: return x\n    case None | []: return 0",
        "b",
    ),
    "inner def": ("def half(x):\n    return x / 2\nreturn half(data['value'])", 3000.0),
    "tuple value": ("lambda s: (s['id'] > 5, 'too large')", (True, "too large")),
    # builtins
    "numbers": (
        "[abs(-1), round(2.567, 1), divmod(7, 2), pow(2, 3, 5), sum([1, 2])]",
        [1, 2.6, (3, 1), 3, 3],
    ),
    "conversions": (
        "[int('7'), float('1.5'), str(1), bool(0), list('ab'), tuple([1])]",
        [7, 1.5, "1", False, ["a", "b"], (1,)],
    ),
    "sorted by key": ("sorted(data['tags'], key=lambda t: t, reverse=False)", ["a", "b"]),
    "map and filter": ("list(map(str.upper, filter(None, data['tags'])))", ["B", "A"]),
    "zip": ("dict(zip(data['tags'], range(2), strict=True))", {"b": 0, "a": 1}),
    "any and all": ("any(t == 'a' for t in data['tags']) and not all([])", False),
    "isinstance": (
        "isinstance(data['id'], (int, float)) and not isinstance(data['id'], bool)",
        True,
    ),
    "next": ("next((t for t in data['tags'] if t > 'a'), None)", "b"),
    "min by key": ("min(data['tags'], key=len, default='')", "b"),
    "ordinals": ("chr(ord('a') + 1) + hex(255) + bin(2)", "b0xff0b10"),
    # values
    "strings": ("data['name'].strip().lower().replace(' ', '-').split('-')", ["ann", "lee"]),
    "join": ("','.join(sorted(data['tags']))", "a,b"),
    "bytes": ("'é'.encode().hex()", "c3a9"),
    "number methods": ("(6.0).is_integer() and (5).bit_length()", 3),
    "list methods": ("x = list(data['tags'])\nx.append('c')\nx.sort()\nreturn x", ["a", "b", "c"]),
    "dict methods": ("lambda s: s.data['nested'].setdefault('z', 1) + len({}.keys())", 1),
    "set methods": ("{1, 2}.union({3}).difference([1]) == {2, 3}", True),
    "fromkeys": ("dict.fromkeys(data['tags'], 0)", {"b": 0, "a": 0}),
    # modules
    "import call": ("lambda s: __import__('math').floor(1.5)", 1),
    "re": ("lambda s: re.sub(r'\\d', lambda m: m.group() * 2, s['category'])", "cat_22"),
    "re groups": (
        "re.match(r'(?P<a>[a-z]+)_(\\d)', data['category'], re.I).groupdict()",
        {"a": "cat"},
    ),
    "re compiled": ("re.compile('[ab]').findall('cab')", ["a", "b"]),
    "json": ("json.loads(data['json'])['a'] + [json.dumps({'x': 1})]", [1, 2, '{"x": 1}']),
    "json error": (
        "try:\n    json.loads('{')\nexcept json.JSONDecodeError as e:\n    return e.pos",
        1,
    ),
    "math": ("math.floor(math.sqrt(data['value'])) + math.pi // 1", 80.0),
    "datetime": ("datetime.datetime.fromisoformat(data['at']).date().isoformat()", "2024-05-06"),
    "strptime": ("datetime.datetime.strptime('06.05.2024', '%d.%m.%Y').month", 5),
    "timedelta": (
        "(datetime.date(2024, 1, 1) + datetime.timedelta(days=31)).strftime('%b')",
        "Feb",
    ),
    "timezone": ("datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC).timestamp()", 1704067200.0),
    "timetuple": ("datetime.date(2024, 1, 1).timetuple().tm_yday", 1),
    "time": ("time.strftime('%Y', time.gmtime(0))", "1970"),
    "time parsed": ("time.strptime('1970', '%Y').tm_year", 1970),
    "hashlib": ("hashlib.sha256(b'x').hexdigest()[:8]", "2d711642"),
    "uuid": ("str(uuid.uuid5(uuid.NAMESPACE_DNS, 'x'))[:8]", "05b16a01"),
    "an id of the run": ("uuid()", view_of({}).uuid()),
    "ids one by one": ("list(map(lambda _: uuid(), [1]))", [view_of({}).uuid()]),
    "an id of the state": ("lambda s: s.uuid()", view_of({}).uuid()),
    "the begin of the run": ("lambda s: (now().year, s.now().isoformat())", (1970, NOW)),
    "chance": ("lambda s: rng.randint(1, 10**6)", view_of({}).rng.randint(1, 10**6)),
    "chance of the state": ("state.rng.randint(1, 10**6)", view_of({}).rng.randint(1, 10**6)),
    "chance of the context": ("context.rng.choice([4]) + len(data)", 14),
    "chance of one's own": ("lambda rng: rng.get('id')", 7),
    "itertools": ("list(itertools.chain.from_iterable([[1], [2]]))", [1, 2]),
    "functools": ("functools.reduce(lambda a, b: a + b, [1, 2, 3])", 6),
    "statistics": ("statistics.mean([1, 2, 3])", 2),
    "string": ("string.ascii_lowercase[:3]", "abc"),
    "decimal": ("decimal.Decimal(data['price']).quantize(decimal.Decimal('0.1'))", Decimal("12.5")),
    "random": ("0 <= random.random() < 1 and random.choice([1])", 1),
    "base64": ("base64.b64encode(b'hi').decode()", "aGk="),
    "collections": ("collections.Counter(data['tags']).most_common(1)", [("b", 1)]),
    "defaultdict": (
        "d = collections.defaultdict(list)\nd['a'].append(1)\nreturn dict(d)",
        {"a": [1]},
    ),
    "operator": ("sorted([[2], [1]], key=operator.itemgetter(0))", [[1], [2]]),
    "copy": ("copy.deepcopy(data['nested'])", {"a": {"b": 3}}),
    "from import": (
        "from datetime import date, timedelta as td\nreturn (date(2024, 1, 1) + td(1)).day",
        2,
    ),
    "import as": ("import datetime as dt\nreturn dt.date(2024, 1, 1).year", 2024),
    "import in a lambda's place": (
        "import re, json\nreturn json.dumps(re.findall('a', 'aa'))",
        '["a", "a"]',
    ),
}


def function_of(code: str, *, trusted: bool = False) -> Function:
    source = SourceText.of_keys(code, "states[0].transform.code")
    reference = Reference("inline", source.place, code=source)
    return resolve(reference, registered={}, trusted=trusted)


def run(function: Function, record: dict[str, Any]) -> object:
    view, context = view_of(record, "here"), context_of("here")
    arguments = {"view": (view,), "data_context": (record, context), "record": (record,)}
    asker = (arguments[function.style][-1],) if function.named else ()
    value = function.call(*arguments[function.style], *asker)
    return asyncio.run(value) if function.is_async else value


@pytest.mark.parametrize(("code", "value"), HARMLESS.values(), ids=HARMLESS.keys())
@pytest.mark.parametrize("trusted", [False, True], ids=["untrusted", "trusted"])
def test_harmless_code_runs_and_gives_its_value(code: str, value: object, trusted: bool) -> None:
    function = function_of(code, trusted=trusted)

    assert run(function, copy.deepcopy(RECORD)) == value


def spots(tree: ast.AST) -> list[tuple[ast.AST, str, int | None]]:
    """Return where in `tree` a value stands that another expression could stand for."""
    found: list[tuple[ast.AST, str, int | None]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr | ast.FormattedValue | ast.MatchValue | ast.MatchMapping):
            continue
        for name, value in ast.iter_fields(node):
            items = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
            found += [(node, name, index) for index, item in items if is_value(item)]
    return found


def is_value(node: object) -> bool:
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        return isinstance(node.ctx, ast.Load)
    return isinstance(node, ast.expr) and not isinstance(
        node, ast.JoinedStr | ast.Starred | ast.List | ast.Tuple
    )


FORBIDDEN = ["eval('1')", "data.__class__", "re.sys", "[statistics]", "__import__('os')", "9**9**9"]


@given(st.sampled_from([code for code, _ in HARMLESS.values()]), st.data())
@settings(max_examples=300, deadline=None)
def test_what_is_forbidden_is_found_wherever_it_stands(code: str, data: st.DataObject) -> None:
    tree = read_inline(SourceText.of_keys(code, "k")).tree
    node, name, index = data.draw(st.sampled_from(spots(tree)))
    bad = ast.parse(data.draw(st.sampled_from(FORBIDDEN)), mode="eval").body
    if index is None:
        setattr(node, name, bad)
    else:
        getattr(node, name)[index] = bad

    with pytest.raises(ConfigError):
        function_of(ast.unparse(tree))


def test_the_mission_s_import_of_time_gives_the_time() -> None:
    before = time.time()

    assert before <= run(function_of("__import__('time').time()"), {}) <= time.time()


def test_all_refusals_of_a_code_are_reported_in_the_order_of_the_text() -> None:
    with pytest.raises(ConfigError) as caught:
        function_of("import os\nx = eval('1')\nreturn type(recrod)")

    assert [(str(p.place.line), p.message.partition(" is ")[0]) for p in caught.value.problems] == [
        ("1", "module 'os'"),
        ("2", "'eval'"),
        ("3", "'type'"),
        ("3", "name 'recrod'"),
    ]


def test_trusted_code_may_do_all_that_python_can() -> None:
    assert run(function_of("__import__('os').sep", trusted=True), {}) == "/"
    assert run(function_of("lambda s: s.__class__.__name__", trusted=True), {}) == "StateView"


def test_a_module_cannot_leave_the_guarded_namespace() -> None:
    function = function_of("lambda s: re.compile")

    guarded = function.call.__globals__["re"]  # type: ignore[attr-defined]

    assert not vars(guarded).keys() & {"sys", "enum", "functools", "_compiler"}
    assert "eval" not in function.call.__globals__["__builtins__"]  # type: ignore[attr-defined]


def test_the_guarded_import_refuses_what_the_check_refuses() -> None:
    function = function_of("lambda s: 1")
    guarded = function.call.__globals__["__builtins__"]["__import__"]  # type: ignore[attr-defined]

    with pytest.raises(ImportError, match="module 'os' is not allowed in an untrusted config"):
        guarded("os")


def test_a_refusal_in_a_file_points_into_the_file() -> None:
    plain = SourceText.of_keys("eval('1')", "states[0].transform.code")
    place = Place(plain.place.keys, "flow.yaml", 1, 1)
    source = SourceText(plain.text, place, plain.marks, plain.lines)

    with pytest.raises(ConfigError) as caught:
        resolve(Reference("inline", place, code=source), registered={}, trusted=False)

    assert str(caught.value).splitlines()[1:] == [
        "flow.yaml:1:1: 'eval' is not allowed in the inline code of an untrusted config",
        "    1 | eval('1')",
        "      | ^^^^",
        "    help: pass trusted=True or --trust if you wrote this config",
    ]
