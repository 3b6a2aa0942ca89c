"""The envelope of a dead letter: the JSON Schema of its keys, and the check of a JSON value by it.

The check knows the words of JSON Schema that are used here, so that there is one truth and the
core needs no validator.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]  # JSON

VERSION = 1
"""Of the shape below; an envelope of another version is not read."""


class Kept(StrEnum):
    """How much of a record a letter holds."""

    WHOLE = "whole"
    HEAD = "head"
    INEXACT = "inexact"


def _plain(kind: str | list[str], description: str = "", **more: Any) -> Json:  # JSON
    said = {"description": description} if description else {}
    return {"type": kind, **said, **more}


def _object(required: Json, description: str = "") -> Json:
    return _plain("object", description, properties=required, required=list(required))


_TEXT, _MAYBE = "string", ["string", "null"]
_TEXTS = _plain("array", items=_plain(_TEXT))
_COUNT = _plain(["integer", "null"], minimum=0)
_SKIP = _plain("boolean", "Whether blank lines are no records.")

_FORMATS: list[Json] = [
    {"type": "null"},
    _object({"name": {"const": "json"}, "skip_empty_lines": _SKIP}, "One JSON object."),
    _object(
        {
            "name": {"const": "csv"},
            "skip_empty_lines": _SKIP,
            "delimiter": _plain(_TEXT, minLength=1, maxLength=1),
            "columns": _TEXTS,
        },
        "One row.",
    ),
    _object(
        {"name": {"const": "text"}, "skip_empty_lines": _SKIP, "field": _plain(_TEXT)},
        "One line, under one field.",
    ),
]

_POSITION = _object({"record": _COUNT, "line": _COUNT, "offset": _COUNT})
_SPAN = _object(
    {
        "line": _COUNT,
        "text": _plain(_TEXT, "The line, or of a very long one what is around the piece."),
        "start": _plain("integer", minimum=0),
        "end": _plain("integer", minimum=0),
    }
)

_FIELDS: Json = {
    "version": {"const": VERSION, "description": "Of this shape."},
    "kept": {
        "enum": [kept.value for kept in Kept],
        "description": "How much of the record this is: all of it; the first bytes of what could "
        "not be read as one record; or what JSON can say of an iterator's record.",
    },
    "source": _plain(_TEXT, "The path, or the iterator's type."),
    "format": {"anyOf": _FORMATS, "description": "How the original is decoded; null: not known."},
    "position": _POSITION
    | {"description": "`record` from 0, `line` from 1, `offset` in bytes of the source."},
    "machine": _plain(_TEXT, "The machine that the record failed in."),
    "machines": _TEXTS | {"description": "All machines of the stream; several in a pipeline."},
    "path": _TEXTS | {"description": "The states so far, the failing one last."},
    "state": _plain(_MAYBE, "Where it failed; null if it could not be read."),
    "arc": _plain(_MAYBE, "The arc, where one failed."),
    "role": _plain(_TEXT, "What failed: transform, validator, condition, read, write, ..."),
    "error_type": _plain(_TEXT, "The name of the exception's class, or of the rule."),
    "message": _plain(_TEXT, "Why, in one line."),
    "hint": _plain(_MAYBE, "What to do about it."),
    "notes": _TEXTS | {"description": "What else belongs to it: other errors of this record."},
    "place": _plain(_MAYBE, "Where the failing code stands in the config."),
    "span": {"anyOf": [{"type": "null"}, _SPAN], "description": "The failing piece of that line."},
    "record": _plain(_MAYBE, "The record as the failing function met it, shortened."),
    "config_hash": _plain(_TEXT, "Of the machine that it failed in."),
    "attempts": _plain("integer", "How often it was tried, replays included.", minimum=1),
}

_ORIGINAL: Json = {
    "original": _plain(_MAYBE, "The record's bytes as the source had them."),
    "original_base64": _plain(_TEXT, "The same, where they are not UTF-8."),
}

SCHEMA: Json = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A dead letter of statepipe: one line of a .dead.jsonl file",
    "type": "object",
    "properties": {**_ORIGINAL, **_FIELDS},
    "required": list(_FIELDS),
    "anyOf": [{"required": ["original"]}, {"required": ["original_base64"]}],
}


# -- the check -----------------------------------------------------------------------------

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "null": type(None),
}


def problem_with(value: Any, schema: Json = SCHEMA, name: str = "") -> str | None:  # any JSON
    """Return the first thing that is wrong with `value`, or None if it is as `schema` says."""
    return next(_problems(value, schema, name), None)


def _problems(value: Any, schema: Json, name: str) -> Iterator[str]:  # any JSON
    what = f"its {name!r}" if name else "it"
    if not _has_type(value, schema):
        kinds = schema["type"]
        yield f"{what} is no {kinds if isinstance(kinds, str) else ' or '.join(kinds)}"
        return
    if "const" in schema and not _is_same(value, schema["const"]):
        yield f"{what} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{what} is none of {', '.join(schema['enum'])}"
    yield from _wrong_size(value, schema, what)
    for key in schema.get("required", ()):
        if key not in value:
            yield f"{what} has no {key!r}"
    for key, part in schema.get("properties", {}).items():
        if key in value:
            yield from _problems(value[key], part, f"{name}.{key}" if name else key)
    for item in value if "items" in schema else ():
        yield from _problems(item, schema["items"], f"{name}[]")
    if "anyOf" in schema and all(problem_with(value, one, name) for one in schema["anyOf"]):
        yield f"{what} has none of the shapes that it may have"


def _is_same(value: Any, one: Any) -> bool:  # any JSON; a JSON scalar
    """Tell whether JSON says that two values are the same: `true` is no number there."""
    return isinstance(value, bool) == isinstance(one, bool) and bool(value == one)


def _has_type(value: Any, schema: Json) -> bool:  # any JSON
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if isinstance(value, bool):
        return not kinds or "boolean" in kinds
    return not kinds or any(isinstance(value, _TYPES[kind]) for kind in kinds)


def _wrong_size(value: Any, schema: Json, what: str) -> Iterator[str]:  # any JSON
    if value is None:
        return
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{what} is less than {schema['minimum']}"
    if "minLength" in schema and not schema["minLength"] <= len(value) <= schema["maxLength"]:
        yield f"{what} has not {schema['minLength']} character"
