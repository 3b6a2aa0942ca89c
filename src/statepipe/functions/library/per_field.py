"""Per field: transforms that change the values of some fields, each on its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from statepipe.functions.builtin import Fast, FieldError, Made
from statepipe.functions.expressions import X
from statepipe.functions.library.fields import (
    MISSING,
    FieldPath,
    Missing,
    kind_of,
    missing,
    value_at,
    with_value,
)
from statepipe.record import Record

Change: TypeAlias = Callable[[Any], Any]
"""From a value that is not null to a new one. Raises WrongValueError."""


class WrongValueError(Exception):
    """A value cannot be changed: why, in words. Not the value, if it may be personal."""


def per_field(
    fields: Mapping[FieldPath, FieldPath],
    change: Change | Mapping[FieldPath, Change],
    rule: str,
    if_missing: Missing,
    *,
    inline: str | None = None,
    guard: str = f"{X} is not None",
) -> Made:
    """Return a transform that puts the changed value of each field where `fields` says.

    `change` is for all, or for each. Null stays null. `inline` is the same as an expression of
    `X`, for values that `guard` accepts.
    """
    changes = change if isinstance(change, Mapping) else dict.fromkeys(fields, change)
    changing = {path: told(changes[path], path, rule) for path in fields}

    def transform(record: Record) -> Record:
        changed: Record = dict(record)
        for path, target in fields.items():
            value = value_at(record, path)
            if value is MISSING:
                if if_missing == "error":
                    raise missing(path, rule)
                if if_missing == "skip":
                    continue
                value = None
            result = None if value is None else changing[path](value)
            changed = with_value(changed, target, result, rule)
        return changed

    return Made(transform, pure=True, fast=fast_of(fields, changing, inline, guard))


def told(change: Change, path: FieldPath, rule: str) -> Change:
    """Return `change` with errors that name the field and the rule."""

    def changed(value: Any) -> Any:
        try:
            return change(value)
        except WrongValueError as error:
            raise FieldError(path, str(error), rule) from None

    return changed


def fast_of(
    fields: Mapping[FieldPath, FieldPath],
    changing: Mapping[FieldPath, Change],
    inline: str | None,
    guard: str,
) -> Fast | None:
    """Return the usual case: every field is there, at the top, with a value that can be changed."""
    paths = [*fields, *fields.values()]
    if any(len(path) > 1 for path in paths) or len(set(fields.values())) < len(fields):
        return None
    names = {} if inline else {f"change_{n}": changing[path] for n, path in enumerate(fields)}
    tests, items = [], []
    for number, (path, target) in enumerate(fields.items()):
        tests.append(guard.replace(X, f"data.get({path[0]!r})"))
        value = f"data[{path[0]!r}]"
        call = inline.replace(X, value) if inline else f"change_{number}({value})"
        items.append(f"{target[0]!r}: {call}")
    return Fast(" and ".join(tests), f"{{**data, {', '.join(items)}}}", names)


def as_text(value: Any) -> str:  # a JSON value, or user code's
    """Return a text, or the text of a whole number. Raises WrongValueError."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return str(value)
        except ValueError as error:
            raise WrongValueError("the number is too long to be written") from error
    raise WrongValueError(f"{kind_of(value)} cannot be taken as text")


def only_text(change: Callable[[str], Any]) -> Change:
    """Return `change` for texts alone."""

    def changed(value: Any) -> Any:
        if not isinstance(value, str):
            raise WrongValueError(f"is {kind_of(value)}, not text")
        return change(value)

    return changed


IS_TEXT = f"{X}.__class__ is str"
