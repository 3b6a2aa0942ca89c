"""What untrusted code can get hold of: a walk over the allowed attributes of what it is given."""

from __future__ import annotations

import builtins
import re
import types
from collections.abc import Iterator

import pytest

from statepipe.functions import names
from statepipe.functions.attributes import SAFE_ATTRIBUTES
from statepipe.functions.names import MODULES, SAFE_BUILTINS, guarded_module
from statepipe.functions.view import Context, StateView

WAYS_OUT = (
    *(types.ModuleType, types.FrameType, types.CodeType, types.TracebackType, types.CellType),
)
DEPTH = 3


def given() -> Iterator[tuple[str, object]]:
    """Yield what code starts from: its parameters, builtins, parts of modules, values of syntax."""
    for name in sorted(SAFE_BUILTINS):
        yield name, vars(builtins)[name]
    for module in sorted(MODULES):
        for name, value in vars(guarded_module(module)).items():
            yield f"{module}.{name}", value
    view = StateView({"a": 1}, "here", {"x": 1})
    yield from {"state": view, "context": Context("here", "main", {"x": 1})}.items()
    yield from {"lambda": lambda: view, "generator": (x for x in view)}.items()
    yield from {"error": KeyError("a"), "match": re.match("(a)", "a")}.items()
    yield from {"text": "a", "bytes": b"a", "list": [1], "dict": {"a": 1}, "set": {1}}.items()
    yield from {"int": 1, "float": 1.5, "complex": 1j, "none": None, "dots": ...}.items()
    yield from {
        "union": int | str,
        "alias": list[int],
        "slice": slice(1),
        "items": {}.items(),
    }.items()


def names_of(value: object, attributes: frozenset[str]) -> list[str]:
    return [name for name in sorted(attributes) if hasattr(value, name)]


def items_of(value: object) -> list[tuple[object, object]]:
    """Return what subscripts give."""
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, tuple | list) else []


def ways_out(attributes: frozenset[str]) -> list[str]:
    """Return the paths of attributes that lead to what could be a way out, or to a new class."""
    classes = {id(value) for _, value in given() if isinstance(value, type)}
    found, seen = [], set()
    waiting = [(path, value, 0) for path, value in given()]
    while waiting:
        path, value, depth = waiting.pop(0)
        new_class = isinstance(value, type) and id(value) not in classes
        if depth and (new_class or isinstance(value, WAYS_OUT)):
            found.append(path)
        known = (type(value), getattr(value, "__qualname__", None), repr(items_of(value)))
        if depth == DEPTH or (depth and known in seen):
            continue
        seen.add(known)
        below = [(f".{name}", getattr(value, name)) for name in names_of(value, attributes)]
        below += [(f"[{key!r}]", item) for key, item in items_of(value)]
        waiting += [(f"{path}{step}", item, depth + 1) for step, item in below]
    return found


def test_no_allowed_attribute_leads_out_of_plain_values() -> None:
    assert ways_out(SAFE_ATTRIBUTES) == []


@pytest.mark.parametrize(
    "name", ["__globals__", "__class__", "__mro__", "__code__", "__self__", "gi_frame", "gi_code"]
)
def test_the_walk_finds_ways_out(name: str) -> None:
    assert ways_out(SAFE_ATTRIBUTES | {name})


def test_nothing_that_code_is_given_is_a_real_module() -> None:
    assert not any(isinstance(value, types.ModuleType) for _, value in given())
    assert names.GUARDED_BUILTINS["__import__"]("re").__class__ is names.StandIn
