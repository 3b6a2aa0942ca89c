"""Fields: dotted paths into records; what is there, and new records with it changed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema

from statepipe.errors import named_type
from statepipe.functions.builtin import FieldError, ParamError, shown_path

FieldPath: TypeAlias = tuple[str, ...]

MISSING: Any = type("Missing", (), {"__repr__": lambda _: "MISSING"})()
"""What stands where a record has no such field; no JSON value."""


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
FieldName = Annotated[str, Field(min_length=1)]
FieldNames = Annotated[
    tuple[FieldName, ...],
    Field(min_length=1),
    BeforeValidator(_as_tuple),
    WithJsonSchema({"anyOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1}]}),
]
"""One field or several, each a dotted path."""

Missing: TypeAlias = Literal["error", "skip", "null"]
"""What a transform does for a field that is not there: fail the record, nothing, or write null."""


def path_of(text: str, param: str) -> FieldPath:
    """Return the steps of a dotted path; `a\\.b` is one step. Raises ParamError."""
    steps = tuple(step.replace("\\.", ".") for step in re.split(r"(?<!\\)\.", text))
    if not all(steps):
        message = f"the field {text!r} has an empty part"
        raise ParamError(param, message, "a path is names with dots between; write \\. for a dot")
    return steps


def paths_of(texts: Iterable[str], param: str) -> tuple[FieldPath, ...]:
    """Return the paths of several fields. Raises ParamError for one that is named twice."""
    paths = tuple(path_of(text, param) for text in texts)
    for number, path in enumerate(paths):
        if path in paths[:number]:
            raise ParamError(param, f"{shown_path(path)} is named twice", "remove one")
    return paths


def value_at(record: Any, path: FieldPath) -> Any:  # a JSON value
    """Return what is at `path`, or MISSING. A number is a place in a list."""
    value = record
    for step in path:
        if isinstance(value, dict):
            value = value.get(step, MISSING)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return MISSING
    return value


def with_value(record: Any, path: FieldPath, value: Any, rule: str) -> Any:  # JSON values
    """Return a new record with `value` at `path`; objects on the way are made and copied.

    Raises FieldError where something else is in the way.
    """
    return _put(record, path, path, value, rule)


def _put(inside: Any, rest: FieldPath, path: FieldPath, value: Any, rule: str) -> Any:
    step, below = rest[0], rest[1:]
    if isinstance(inside, list) and step.isdecimal() and int(step) < len(inside):
        items = list(inside)
        items[int(step)] = value if not below else _put(items[int(step)], below, path, value, rule)
        return items
    if not isinstance(inside, dict):
        way = path[: len(path) - len(rest)]
        raise FieldError(path, f"{shown_path(way)} is {kind_of(inside)}, not an object", rule)
    changed = dict(inside)
    changed[step] = value if not below else _put(inside.get(step, {}), below, path, value, rule)
    return changed


def without(record: Any, path: FieldPath) -> Any:  # a JSON value
    """Return a new record without what is at `path`, if there is anything."""
    step, below = path[0], path[1:]
    if not isinstance(record, dict) or step not in record:
        return record
    changed = dict(record)
    if below:
        changed[step] = without(record[step], below)
    else:
        del changed[step]
    return changed


KINDS: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


def kind_of(value: Any) -> str:  # a JSON value, or user code's
    """Return what kind of value it is, in words, without showing it."""
    return KINDS.get(type(value)) or named_type(value)


def missing(path: FieldPath, rule: str) -> FieldError:
    return FieldError(path, "is missing", rule, missing=True)
