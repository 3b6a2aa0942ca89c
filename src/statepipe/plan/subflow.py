"""Subflows: how a record is handed to another network, and what comes back of it."""

from __future__ import annotations

from math import isfinite
from typing import Any

from statepipe.functions.builtin import FieldError
from statepipe.functions.library.fields import MISSING, kind_of, value_at, with_value
from statepipe.plan.model import PlannedPush
from statepipe.plan.refusals import NestingLimitError
from statepipe.plan.values import deep_copy, replace_in_place
from statepipe.record import Record

MAX_NETWORKS = 10
"""Networks that a record may be in within one another, the main one aside."""


def check_nesting(networks: tuple[str, ...], push: PlannedPush) -> None:
    """Raise NestingLimitError if `push` leads one network too deep, from within `networks`."""
    if len(networks) >= MAX_NETWORKS:
        way = " -> ".join((*networks, push.network))
        raise NestingLimitError(f"more than {MAX_NETWORKS} networks within one another: {way}")


def hand_in(push: PlannedPush, record: Record) -> Record:
    """Return the record that enters the network, made from the one that takes the arc.

    A field that is not there is not handed in. Raises FieldError. `record` is only read.
    """
    given = record
    if push.data_mapping is not None:
        given = mapped(record, {}, push.data_mapping, "data_mapping")
    return isolated(push, given)


def hand_back(push: PlannedPush, outer: Record, result: Record) -> Record:
    """Return the record that goes on, given the one that took the arc and what came of it.

    Where the network got only some fields and nothing is said of its result, that is laid over
    `outer`. Raises FieldError. `outer` changes only if the push is `in_place`.
    """
    result = isolated(push, result)
    if push.result_mapping is not None:
        result = mapped(result, outer, push.result_mapping, "result_mapping")
    elif push.data_mapping is not None:
        result = {**outer, **result}
    return replace_in_place(outer, result) if push.in_place else result


def mapped(source: Record, target: Record, pairs: Any, rule: str) -> Record:
    """Return `target` with the fields of `source` that `pairs` name, which are from and to."""
    for here, there in pairs:
        value = value_at(source, here)
        if value is not MISSING:
            target = with_value(target, there, value, rule)
    return target


def isolated(push: PlannedPush, record: Record) -> Record:
    """Return what the other side may have of `record`."""
    if push.isolation == "serialize":
        return {key: as_json(value, (key,)) for key, value in items_of(record, ())}
    return deep_copy(record) if push.copies else record


def as_json(value: Any, path: tuple[str, ...]) -> Any:  # user code's value, a JSON value
    """Return what a value is after a way through JSON. FieldError for what JSON cannot hold."""
    match value:
        case None | bool():
            return value
        case str():
            return str.__str__(value)
        case int():
            return int(value)
        case float() if isfinite(value):
            return float(value)
        case dict():
            return {key: as_json(item, (*path, key)) for key, item in items_of(value, path)}
        case list() | tuple():
            return [as_json(item, (*path, str(index))) for index, item in enumerate(value)]
    what = repr(value) if isinstance(value, float) else kind_of(value)
    raise FieldError(path, f"JSON cannot hold {what}", "data_isolation")


def items_of(value: dict[Any, Any], path: tuple[str, ...]) -> list[tuple[str, Any]]:
    """Return the items of a dict. FieldError for a key that is no text."""
    for key in value:
        if not isinstance(key, str):
            text = f"JSON cannot hold the key {key!r}, which is {kind_of(key)}; use str(key)"
            raise FieldError(path, text, "data_isolation")
    return list(value.items())
