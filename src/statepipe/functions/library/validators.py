"""Validators of single values: range, length, pattern, one_of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from statepipe.functions.builtin import (
    Bench,
    Builtin,
    Example,
    Fast,
    Made,
    ParamError,
    Params,
    shown_path,
    shown_value,
)
from statepipe.functions.expressions import X, literal
from statepipe.functions.library.fields import (
    MISSING,
    FieldNames,
    FieldPath,
    kind_of,
    paths_of,
    value_at,
)
from statepipe.record import Record

Verdict: TypeAlias = bool | tuple[bool, str]
Complaint: TypeAlias = str | None
"""What is wrong with a value, in words after its field; None if nothing is."""

IfMissing = Literal["skip", "error"]


def _number(value: object) -> object:
    if isinstance(value, str):  # as ${VAR} gives it
        try:
            return int(value) if re.fullmatch(r"[+-]?\d+", value) else float(value)
        except ValueError:
            pass
    if isinstance(value, bool) or not isinstance(value, int | float) or value - value != 0:
        raise PydanticCustomError("number", "Input should be a number")
    return value


Number = Annotated[int | float, BeforeValidator(_number), WithJsonSchema({"type": "number"})]


def refusal(path: FieldPath, text: str, rule: str) -> Verdict:
    return False, f"{shown_path(path)}: {text} (rule {rule!r})"


def of_fields(
    paths: tuple[FieldPath, ...],
    complain: Callable[[Any], Complaint],
    rule: str,
    if_missing: IfMissing,
    *,
    guard: str | None = None,
    names: Mapping[str, object] | None = None,
) -> Made:
    """Return a validator that asks `complain` for the value of each field.

    What is missing or null is not asked for. `guard` is a test of `X`, true only where nothing
    is wrong.
    """

    def check(record: Record) -> Verdict:
        for path in paths:
            value = value_at(record, path)
            if value is MISSING or value is None:
                if if_missing == "error":
                    gone = "is missing" if value is MISSING else "is null"
                    return refusal(path, gone, rule)
            elif (complaint := complain(value)) is not None:
                return refusal(path, complaint, rule)
        return True

    fast = None
    if guard is not None and all(len(path) == 1 for path in paths):
        tests = (guard.replace(X, f"data.get({path[0]!r})") for path in paths)
        fast = Fast(" and ".join(tests), names=names or {})
    return Made(check, pure=True, fast=fast)


# -- range, length -------------------------------------------------------------------------


class RangeParams(Params):
    fields: FieldNames = Field(description="These must be numbers in the range.")
    min: Number | None = Field(default=None, description="The least that will do.")
    max: Number | None = Field(default=None, description="The most that will do.")
    exclusive: bool = Field(default=False, description="Whether min and max themselves will not.")
    missing: IfMissing = Field(default="skip", description="What to do if one is not there.")


def bounds(low: Number | None, high: Number | None) -> None:
    """Raise ParamError where nothing is asked for, or nothing could meet it."""
    if low is None and high is None:
        raise ParamError((), "there is neither a min nor a max", "give one of them, or both")
    if low is not None and high is not None and low > high:
        raise ParamError("min", f"{low} is more than max, which is {high}", "exchange them")


def range_(params: RangeParams, _bench: Bench) -> Made:
    low, high, open_ = params.min, params.max, params.exclusive
    bounds(low, high)

    def complain(value: Any) -> Complaint:
        if value.__class__ not in (int, float):
            return f"{shown_value(value)} is {kind_of(value)}, not a number"
        if low is not None and not (value > low if open_ else value >= low):
            return f"{shown_value(value)} is {'not more' if open_ else 'less'} than {low}"
        if high is not None and not (value < high if open_ else value <= high):
            return f"{shown_value(value)} is {'not less' if open_ else 'more'} than {high}"
        return None

    sign = "<" if open_ else "<="
    left = f"{low!r} {sign} " if low is not None else ""
    right = f" {sign} {high!r}" if high is not None else ""
    guard = f"{X}.__class__ in (int, float) and {left}{X}{right}"
    paths = paths_of(params.fields, "fields")
    return of_fields(paths, complain, "range", params.missing, guard=guard)


RANGE = Builtin(
    "range",
    "validator",
    "Accepts numbers between min and max.",
    RangeParams,
    range_,
    (Example({"fields": "age", "min": 0, "max": 120}, ({"age": 130},)),),
)

Length = Annotated[int, Field(ge=0)]


class LengthParams(Params):
    fields: FieldNames = Field(description="These must be texts, lists or objects of that length.")
    min: Length | None = Field(default=None, description="The least that will do.")
    max: Length | None = Field(default=None, description="The most that will do.")
    missing: IfMissing = Field(default="skip", description="What to do if one is not there.")


def length(params: LengthParams, _bench: Bench) -> Made:
    low, high = params.min, params.max
    bounds(low, high)

    def complain(value: Any) -> Complaint:
        if value.__class__ not in (str, list, dict):
            return f"{shown_value(value)} is {kind_of(value)}, which has no length"
        unit = "characters" if value.__class__ is str else "items"
        if low is not None and len(value) < low:
            return f"{shown_value(value)} has {len(value)} {unit}, fewer than {low}"
        if high is not None and len(value) > high:
            return f"{shown_value(value)} has {len(value)} {unit}, more than {high}"
        return None

    left = f"{low!r} <= " if low is not None else ""
    right = f" <= {high!r}" if high is not None else ""
    guard = f"{X}.__class__ in (str, list, dict) and {left}len({X}){right}"
    paths = paths_of(params.fields, "fields")
    return of_fields(paths, complain, "length", params.missing, guard=guard)


LENGTH = Builtin(
    "length",
    "validator",
    "Accepts texts, lists and objects between min and max long.",
    LengthParams,
    length,
    (Example({"fields": "name", "min": 1, "max": 5}, ({"name": "Charlemagne"},)),),
)


# -- pattern, one_of -----------------------------------------------------------------------


class PatternParams(Params):
    fields: FieldNames = Field(description="These must be texts that match.")
    pattern: str = Field(description="A regular expression, as Python's `re` reads it.")
    match: Literal["whole", "start", "anywhere"] = Field(
        default="whole", description="What of the text must match."
    )
    missing: IfMissing = Field(default="skip", description="What to do if one is not there.")


def compiled(pattern: str, param: str) -> re.Pattern[str]:
    """Return a regular expression. Raises ParamError."""
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ParamError(param, f"it is no regular expression: {error}") from error


def pattern(params: PatternParams, _bench: Bench) -> Made:
    expression = compiled(params.pattern, "pattern")
    ways = {
        "whole": expression.fullmatch,
        "start": expression.match,
        "anywhere": expression.search,
    }
    match = ways[params.match]

    def complain(value: Any) -> Complaint:
        if value.__class__ is not str:
            return f"{shown_value(value)} is {kind_of(value)}, not text"
        if match(value) is None:
            return f"{shown_value(value)} does not match {shown_value(params.pattern)}"
        return None

    guard = f"{X}.__class__ is str and match({X}) is not None"
    paths, names = paths_of(params.fields, "fields"), {"match": match}
    return of_fields(paths, complain, "pattern", params.missing, guard=guard, names=names)


PATTERN = Builtin(
    "pattern",
    "validator",
    "Accepts texts that match a regular expression.",
    PatternParams,
    pattern,
    (Example({"fields": "zip", "pattern": "[0-9]{5}"}, ({"zip": "1234"},)),),
)


class OneOfParams(Params):
    fields: FieldNames = Field(description="Each must be one of the values.")
    values: tuple[Any, ...] = Field(min_length=1, description="What will do, of any kind.")
    missing: IfMissing = Field(default="skip", description="What to do if one is not there.")


def one_of(params: OneOfParams, _bench: Bench) -> Made:
    known = {canonical(value) for value in params.values}
    listed = shown_value(list(params.values))

    def complain(value: Any) -> Complaint:
        return None if canonical(value) in known else f"{shown_value(value)} is none of {listed}"

    texts = [value for value in params.values if value.__class__ is str]
    guard = f"{X}.__class__ is str and {X} in {literal(tuple(texts))}" if texts else None
    paths = paths_of(params.fields, "fields")
    return of_fields(paths, complain, "one_of", params.missing, guard=guard)


def canonical(value: Any) -> str:  # a JSON value, or user code's
    """Return a text that is the same for equal JSON values: 1 and true differ, 1 and 1.0 do not."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True, default=repr)


ONE_OF = Builtin(
    "one_of",
    "validator",
    "Accepts values from a list.",
    OneOfParams,
    one_of,
    (Example({"fields": "size", "values": ["S", "M", "L"]}, ({"size": "XL"},)),),
)
