"""What to do about a record's failure, as one sentence."""

from __future__ import annotations

import ast
from difflib import get_close_matches

from statepipe.errors import ResourceError, Span
from statepipe.functions.builtin import FieldError
from statepipe.functions.parsing import READING
from statepipe.plan.refusals import (
    NestingLimitError,
    NoOpenArcError,
    ResultTypeError,
    StateTimeoutError,
    TransitionLimitError,
)
from statepipe.record import Record

SHOWN_FIELDS = 8
MATCHED = 64  # characters and fields: matching is quadratic, and a stream may fail throughout


def hint_for(error: Exception, record: Record, span: Span | None) -> str | None:
    """Return a remedy for `error`, or None where there is nothing worth saying.

    `span` is the failing piece of inline code, where there is one.
    """
    if isinstance(error, ResourceError):
        return None  # it says itself what to do
    if isinstance(error, KeyError) and error.args and isinstance(error.args[0], str):
        owner, fields = owner_of(error.args[0], record, span)
        return missing_field_hint(error.args[0], owner, fields)
    if isinstance(error, FieldError) and error.missing:
        return missing_field_hint(error.path[0], "the record", record)
    if isinstance(error, TypeError) and "NoneType" in str(error):
        return none_hint(record)
    return next((OF_RULES[kind] for kind in type(error).__mro__ if kind in OF_RULES), None)


OF_RULES: dict[type[Exception], str] = {
    NoOpenArcError: "add a last arc without a condition, to a state for what is left over",
    TransitionLimitError: "make a condition of the loop close it, or raise max_transitions",
    NestingLimitError: "let a condition end the recursion before it gets that deep",
    ResultTypeError: "return the new record as a dict, or None after changing it in place",
    StateTimeoutError: "give it a longer timeout_s, or say in retry or catch what is to follow",
}


def owner_of(name: str, record: Record, span: Span | None) -> tuple[str, Record]:
    """Return what was asked for field `name`, in words, and what it is.

    That is the record, unless the failing code says, as `state.data['a']['b']` does, that it is
    an object in it.
    """
    path = constant_path(span.text[span.start : span.end]) if span else []
    inner: object = record
    if path[-1:] == [name]:
        for step in path[:-1]:
            inner = inner.get(step) if isinstance(inner, dict) else None
    if inner is record or not isinstance(inner, dict):
        return "the record", record
    return f"field {'.'.join(path[:-1])!r}", inner


def constant_path(code: str) -> list[str]:
    """Return the fields in `state.data['a']['b']`; [] for code of any other form."""
    try:
        node = ast.parse(code, READING, mode="eval").body
    except (SyntaxError, ValueError):
        return []
    path: list[str] = []
    while isinstance(node, ast.Subscript):
        if not isinstance(node.slice, ast.Constant) or not isinstance(node.slice.value, str):
            return []
        path.insert(0, node.slice.value)
        node = node.value
    return path if isinstance(node, ast.Name | ast.Attribute) else []


def missing_field_hint(name: str, owner: str, record: Record) -> str | None:
    """Return which field of `record` may have been meant, or which there are."""
    if name in record:
        return None
    fields = [key for key in record if isinstance(key, str)]
    close = get_close_matches(name[:MATCHED], fields[:MATCHED], n=1)
    if close:
        return f"{owner} has no field {name!r}; did you mean {close[0]!r}?"
    shown = ", ".join(map(repr, fields[:SHOWN_FIELDS])) or "none"
    more = ", ..." if len(fields) > SHOWN_FIELDS else ""
    return f"{owner} has no field {name!r}; its fields: {shown}{more}"


def none_hint(record: Record) -> str | None:
    empty = [repr(key) for key, value in record.items() if value is None]
    return f"these fields are null: {', '.join(empty[:SHOWN_FIELDS])}" if empty else None
