"""The rules for what user functions give back: verdicts, records, copies."""

from __future__ import annotations

import copy
import operator
from typing import Any

from statepipe.functions.view import StateView
from statepipe.plan.refusals import InvalidRecordError, ResultTypeError
from statepipe.record import Record

MAX_NESTING = 10_000

SCALARS = frozenset({str, int, float, bool, type(None)})

PLAIN = SCALARS | {dict, list}
"""Types whose truth is the verdict, and can be asked for without running anyone's code."""


def accepts(value: Any) -> bool:  # user code's value
    """Return the verdict of a condition or validator: `(bool, reason)` counts as its bool.

    Source: docs/semantics.md, "Choosing an arc".
    """
    return bool(value[0] if is_reasoned(value) else value)


def is_reasoned(value: Any) -> bool:  # user code's value
    return isinstance(value, tuple) and len(value) == 2 and value[0].__class__ is bool


def reason_of(value: Any) -> str | None:  # user code's value
    """Return the reason that goes with a verdict, if there is one."""
    return str(value[1]) if is_reasoned(value) else None


def require(value: Any) -> None:  # user code's value
    """Raise InvalidRecordError unless a validator's `value` accepts the record."""
    if not accepts(value):
        raise InvalidRecordError(reason_of(value) or f"the validator gave {value!r}")


def settle(result: Any, given: Any) -> Record:  # user code's value
    """Return the record that a transform's `result` stands for.

    `given` is what the function was called with, a view or a record: None means that, as the
    function left it. Raises ResultTypeError for anything that is no dict.
    """
    if result is None:
        result = given
    if isinstance(result, StateView):
        result = result.data
    if not isinstance(result, dict):
        raise ResultTypeError(f"a transform must give a dict or None, not {kind(result)}")
    return result if result.__class__ is dict else dict(result)


def kind(value: Any) -> str:  # user code's value
    return type(value).__name__


def replace_in_place(record: Record, result: Record) -> Record:
    """Make `record` hold what `result` holds, and return it: the caller's own object changes."""
    if result is not record:
        if not SCALARS.issuperset(map(type, result.values())):  # one of them may hold the record
            result = exchange(result, record, dict(record))
        record.clear()
        record.update(result)
    return record


def exchange(value: Any, old: Record, new: Record) -> Any:  # a JSON value
    """Return `value` with `new` in the place of `old`; what does not hold `old` stays itself."""
    if value is old:
        return new
    if value.__class__ is dict:
        items = {key: exchange(item, old, new) for key, item in value.items()}
        return items if any(items[key] is not value[key] for key in items) else value
    if value.__class__ is list:
        parts = [exchange(item, old, new) for item in value]
        same = all(map(operator.is_, parts, value))
        return value if same else parts
    return value


def deep_copy(value: Any) -> Any:  # a JSON value, or whatever user code put into a record
    """Return a copy that shares nothing that can change with `value`.

    Raises RecursionError for what holds itself.
    """
    try:
        return copy_within_stack(value)
    except RecursionError:
        return copy_level_by_level(value)


def copy_within_stack(value: Any) -> Any:  # a JSON value, or whatever user code put into a record
    """Return a deep copy, the fast way: Python's stack bears some 490 levels."""
    kind_of = value.__class__
    if kind_of in SCALARS:
        return value
    if kind_of is dict:
        return {
            key: item if item.__class__ in SCALARS else copy_within_stack(item)
            for key, item in value.items()
        }
    if kind_of is list:
        return [item if item.__class__ in SCALARS else copy_within_stack(item) for item in value]
    return copy.deepcopy(value)


def copy_level_by_level(value: Any) -> Any:  # a JSON value, or whatever user code put into a record
    """Return a deep copy of what is nested as deeply as no sane person nests it."""
    top: list[Any] = [value]
    waiting: list[tuple[Any, int]] = [(top, 0)]
    while waiting:
        inside, depth = waiting.pop()
        if depth > MAX_NESTING:
            raise RecursionError(f"nested deeper than {MAX_NESTING} levels, or in itself")
        for key, item in list(inside.items() if isinstance(inside, dict) else enumerate(inside)):
            if item.__class__ in (dict, list):
                inside[key] = item.copy()
                waiting.append((inside[key], depth + 1))
            elif item.__class__ not in SCALARS:
                inside[key] = copy.deepcopy(item)
    return top[0]
