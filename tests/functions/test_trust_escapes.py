"""Escapes from untrusted code: more that is refused, what runs and finds nothing, and odd names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from statepipe import ConfigError, SimpleFSM

REFUSED = {
    # what Python's tokenizer takes for a space or a line end
    "form feed": "data\x0c.__class__",
    "carriage return": "x = 1\rimport os\rreturn os.sep",
    "continued line": "data\\\n.__class__",
    "cookie of an encoding": "# -*- coding: utf-7 -*-\nreturn +AGUAdgBhAGw-('1')",
    # texts that only become a format when they are put together
    "format of two literals": "lambda s: '{0' '.data}'.format(s)",
    "format of a branch": "lambda s: ('{0.data}' if 1 else '').format(s)",
    "format of an item": "lambda s: ['{0.data}'][0].format(s)",
    "format of a join": "lambda s: ''.join(['{0.', 'data}']).format(s)",
    "format of a walrus": "lambda s: (x := '{}').format(s)",
    # imports under another name
    "import named as the import": "from functools import reduce as __import__\nreturn 1",
    "module behind one underscore": "import json as _\nreturn _.codecs",
    "getter by another name": "from operator import attrgetter as itemgetter\nreturn 1",
    "caller through a partial": "lambda s: functools.partial(operator.methodcaller, 'x')",
    # builtins in odd corners of the grammar
    "slice": "data[vars:1]",
    "step of a slice": "data['x'][::vars]",
    "star": "[*vars]",
    "unpacked mapping": "{**vars}",
    "starred argument": "max(*vars)",
    "keywords of a call": "dict(**vars)",
    "message of an assertion": "assert 1, vars",
    "cause of an error": "raise ValueError from vars",
    "class of an error": "try:\n    x = 1\nexcept vars:\n    x = 2",
    "value of a pattern": "match data:\n    case {'x': vars.x}: return 1",
    "guard of a comprehension": "[1 for x in data if vars]",
    "key of a comprehension": "{vars: 1 for x in data}",
    "deleted item": "del data[vars]",
    "target of a loop": "for data[vars] in [1]: pass",
    "width of an f-string": "lambda s: f'{1:{vars}}'",
    "lambda in an f-string": "lambda s: f'{(lambda: vars)()}'",
    "walrus in an f-string": "lambda s: f'{(x := vars)}'",
    # a name that is bound, but not where it is read
    "default that is called like its parameter": "lambda s: (lambda vars=vars: vars)()(s)",
    "default within a default": "lambda s: (lambda eval=(lambda: eval)(): eval)()",
    "element of a comprehension": "lambda s: [getattr for s in [1]]",
    # attributes that are changed in other words
    "attribute of a field, augmented": "state.data.x += 1",
    "attribute of a field, annotated": "state.data.x: int = 1",
    "annotation of a local name": "x: vars\nreturn 1",
    "annotation of an inner parameter": "def f(s):\n    def g(x: vars): return 1\n    return 1",
}

NOWHERE_BOUND = {
    # Bound somewhere in the code, and so no builtin; where it is read, nothing has bound it.
    "deleted": "vars = 1\ndel vars\nreturn vars(state)",
    "unbound by except": "try:\n    1 / 0\nexcept Exception as open:\n    pass\nreturn open('x')",
    "walrus that is not reached": "lambda s: (False and (vars := 1)) or vars(s)",
    "pattern that does not match": "match data:\n    case {'q': vars}: pass\nreturn vars(state)",
    "loop that is not entered": "for vars in []: pass\nreturn vars(state)",
    "else of a loop": "while False:\n    dir = 1\nelse:\n    return dir(state)",
    "free in an inner function": (
        "def f(s):\n    def g(): return vars(s)\n    if False:\n        vars = 1\n    return g()"
    ),
    "deleted below an inner function": (
        "def f(s):\n    vars = 1\n    def g(): return vars(s)\n    del vars\n    return g()"
    ),
    # Allowed functions that call or look up what they are handed.
    "decoder of json": "lambda s: json.loads('1', cls=lambda **k: s)",
    "encoder of json": "lambda s: json.dumps(s.data, cls=lambda **k: s.resources['db'])",
    "codec by a path": "lambda s: {'x': 'x'.encode('../os')}",
    "codec by a module": "lambda s: {'x': b'x'.decode('os')}",
    "items, no attributes": "lambda s: functools.reduce(lambda a, b: a[b], ['__class__'], s)",
    "getter of items": "lambda s: operator.itemgetter('__class__')(s)",
    "format of a look-alike dot": "lambda s: {'x': '{0．data}'.format(s)}",
    # The host's resources are looked at through something that cannot be changed.
    "resources popped": "state.resources.pop('db')\nreturn data",
    "resources updated": "state.resources.update({'db': 1})\nreturn data",
    "resources assigned": "state.resources['db'] = 1\nreturn data",
    "resources deleted": "del state.resources['db']\nreturn data",
}

CODE_AS_NAME = (
    "x'\"\"\"\nimport os; os.mkdir('escaped')\n#",
    "x{__import__('os').mkdir('escaped')}",
    "x\\N{BULLET}\\",
    "x\r\n    raise SystemExit",
)


def flow_of(**state: Any) -> dict[str, Any]:
    states = [{"name": "a", "is_start": True, **state}, {"name": "z", "is_end": True}]
    return {"name": "Flow", "states": states, "arcs": [{"from": "a", "to": "z"}]}


def loaded(folder: Path, config: Mapping[str, Any], **options: Any) -> SimpleFSM:
    path = folder / "flow.yaml"
    path.write_text(yaml.safe_dump(dict(config), allow_unicode=True), encoding="utf-8")
    return SimpleFSM(str(path), **options)


@pytest.mark.parametrize("code", REFUSED.values(), ids=REFUSED.keys())
def test_an_escape_is_refused_when_the_file_is_loaded(code: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, flow_of(transform={"type": "inline", "code": code}))

    assert any(
        "not allowed in the inline code of an untrusted config" in problem.message
        or "is not known to inline code" in problem.message
        for problem in caught.value.problems
    )


@pytest.mark.parametrize("code", NOWHERE_BOUND.values(), ids=NOWHERE_BOUND.keys())
def test_what_runs_finds_no_builtin_and_changes_nothing(code: str, tmp_path: Path) -> None:
    database = object()
    resources = {"db": database}
    flow = flow_of(transform={"type": "inline", "code": code})
    result = loaded(tmp_path, flow, resources=resources).process({"n": 1})

    assert result.success is False
    assert result.error_type in {
        *("UnboundLocalError", "NameError", "AttributeError", "TypeError"),
        *("KeyError", "LookupError"),
    }
    assert resources == {"db": database}


@pytest.mark.parametrize("code", ["vars", "open", "__import__"])
def test_a_default_that_is_read_before_its_helper_is_bound_finds_no_builtin(
    code: str, tmp_path: Path
) -> None:
    text = f"def a(x={code}): return x\ndef {code}(p): return p\ndef f(s): return a()"

    with pytest.raises(ConfigError, match=r"NameError: name|is not allowed"):
        loaded(tmp_path, flow_of(transform=text))


@pytest.mark.parametrize("name", CODE_AS_NAME)
def test_a_name_is_never_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inner = {"name": name, "states": [{"name": name, "is_start": True, "is_end": True}]}
    push = {"from": name, "target_network": name, "return_state": "z", "name": name}
    states = [
        {"name": name, "is_start": True, "transform": "{**data, 'at': 1}", "resources": [name]},
        {"name": "z", "is_end": True, "retry": {"max_attempts": 2}},
    ]
    main = {"name": "main", "states": states, "arcs": [{**push, "data_mapping": {"n": name}}]}
    config = {"name": name, "main_network": "main", "networks": [main, inner]}
    config["resources"] = [{"name": name, "provider": "cache"}]
    with loaded(tmp_path, config) as fsm:
        result = fsm.process({"n": 1})
        told = str(fsm.why({"n": 1}))
        moved = fsm.process_stream([{"n": 1}])

    assert result.path == [name, f"{name}:{name}", "z"]
    assert (result.data["n"], result.data["at"]) == (1, 1)
    assert (moved.successful, "✓ ended at 'z'" in told) == (1, True)
    assert not (tmp_path / "escaped").exists()
