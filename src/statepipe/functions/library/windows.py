"""Verdicts that depend on the records before: unique, deduplicate, rate_limit."""

from __future__ import annotations

from collections import deque
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from statepipe.functions.builtin import Bench, Builtin, Example, Made, ParamError
from statepipe.functions.library.dates import instant
from statepipe.functions.library.fields import (
    MISSING,
    FieldName,
    FieldNames,
    FieldPath,
    missing,
    path_of,
    paths_of,
    value_at,
)
from statepipe.functions.library.memory import Bounded, PerRun, Remembering, digest
from statepipe.functions.view import Context
from statepipe.record import Record

Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]

# -- unique --------------------------------------------------------------------------------


class UniqueParams(Remembering):
    fields: FieldNames = Field(description="No two records of a run are alike in all of these.")
    remember: Count = Field(
        default=1_000_000,
        description="Values to remember, at some 200 bytes each.",
    )
    when_full: Literal["error", "forget"] = Field(
        default="error",
        description="With more different values: refuse the records that bring new ones, or "
        "forget the oldest, so that a repeat of it is not noticed.",
    )


def unique(params: UniqueParams, _bench: Bench) -> Made:
    paths = paths_of(params.fields, "fields")
    states: PerRun[Bounded[int]] = PerRun(lambda: Bounded(params.remember))
    names = ", ".join(".".join(path) for path in paths)

    def check(record: Record, context: Context) -> Any:
        seen, position = states.of(context)
        key = digest(record, paths)
        if key in seen:
            again = seen[key] == position  # the same record, tried once more
            return again or (False, f"field {names!r}: seen before in this run (rule 'unique')")
        if params.when_full == "error" and len(seen) >= seen.most:
            full = f"{seen.most} values are remembered, and this is a new one"
            return False, f"field {names!r}: {full} (rule 'unique')"
        seen.remember(key, position)
        return True

    return Made(check, "data_context", pure=True, memory=params.memory, asks=True)


UNIQUE = Builtin(
    "unique",
    "validator",
    "Accepts a record whose values no earlier record of the run had.",
    UniqueParams,
    unique,
    (Example({"fields": "id"}, ({"id": 1}, {"id": 2}, {"id": 1})),),
    notes="Missing is a value, too. A record counts as seen even if it fails later on.",
)

# -- deduplicate ---------------------------------------------------------------------------


class DeduplicateParams(Remembering):
    by: FieldNames | None = Field(
        default=None, description="Records alike in these are duplicates. Default: in everything."
    )
    window: Count = Field(
        default=100_000,
        description="How many different ones to remember, at some 200 bytes each; then the "
        "oldest is forgotten.",
    )
    seconds: Seconds | None = Field(
        default=None, description="Forget after so long, too, by the time in `time`."
    )
    time: FieldName | None = Field(
        default=None, description="The field that says when: ISO 8601, or seconds since 1970."
    )


Seen: TypeAlias = tuple[int, float]
"""Position and time of the first."""


def deduplicate(params: DeduplicateParams, _bench: Bench) -> Made:
    paths = None if params.by is None else paths_of(params.by, "by")
    clock = time_path(params.time, params.seconds, needed=False)
    states: PerRun[Bounded[Seen]] = PerRun(lambda: Bounded(params.window))

    def check(record: Record, context: Context) -> Any:
        seen, position = states.of(context)
        at = 0.0 if clock is None else time_of(record, clock, "deduplicate")
        key = digest(record, paths)
        first = seen.get(key)
        if first is not None and first[0] != position and within(first[1], at, params.seconds):
            return False, "a record like this one has been accepted before (rule 'deduplicate')"
        if first is None or first[0] != position:
            seen.pop(key, None)  # so that it counts as new, not as the oldest
            seen.remember(key, (position, at))
        return True

    return Made(check, "data_context", pure=True, memory=params.memory, asks=True)


def within(first: float, at: float, seconds: float | None) -> bool:
    return seconds is None or abs(at - first) < seconds


def time_path(name: str | None, seconds: float | None, *, needed: bool) -> FieldPath | None:
    """Return where the time stands. Raises ParamError where one of the two is missing."""
    if needed and name is None:
        raise ParamError((), "it needs the field with the time", "add  time: ...")
    if (name is None) != (seconds is None):
        lacking, given = ("time", "seconds") if name is None else ("seconds", "time")
        raise ParamError(given, f"there is no {lacking!r} beside it", f"add  {lacking}: ...")
    return None if name is None else path_of(name, "time")


def time_of(record: Record, path: FieldPath, rule: str) -> float:
    """Return when a record says it was. Raises FieldError."""
    value = value_at(record, path)
    if value is MISSING:
        raise missing(path, rule)
    return instant(value, path, rule)


DEDUPLICATE = Builtin(
    "deduplicate",
    "validator",
    "Accepts the first of records that are alike, within a window.",
    DeduplicateParams,
    deduplicate,
    (Example({"by": "id", "window": 1000}, ({"id": 1, "n": 1}, {"id": 1, "n": 2})),),
    notes="As a validator it fails the duplicates; as a condition it sends them another way.",
)

# -- rate_limit ----------------------------------------------------------------------------


class RateLimitParams(Remembering):
    limit: Count = Field(description="Accept at most so many records ...")
    seconds: Seconds = Field(description="... in any stretch of so many seconds ...")
    time: FieldName = Field(
        description="... by this field of the records: ISO 8601, or seconds since 1970."
    )
    by: FieldNames | None = Field(
        default=None, description="Count apart for each value of these. Default: all together."
    )
    keys: Count = Field(
        default=10_000, description="Values of `by` to count for; then the oldest is forgotten."
    )


Accepted: TypeAlias = "deque[tuple[float, int]]"
"""Time and position of what was accepted, by time."""


def rate_limit(params: RateLimitParams, _bench: Bench) -> Made:
    clock = path_of(params.time, "time")
    paths = () if params.by is None else paths_of(params.by, "by")
    states: PerRun[Bounded[Accepted]] = PerRun(lambda: Bounded(params.keys))

    def check(record: Record, context: Context) -> Any:
        groups, position = states.of(context)
        at = time_of(record, clock, "rate_limit")
        key = digest(record, paths)
        accepted = groups.get(key)
        if accepted is None:
            accepted = deque()
            groups.remember(key, accepted)
        if any(seen == position for _, seen in accepted):
            return True  # the same record, tried once more
        newest = max(at, accepted[-1][0]) if accepted else at
        while accepted and accepted[0][0] <= newest - params.seconds:
            accepted.popleft()
        if len(accepted) >= params.limit:
            rate = f"{params.limit} in {params.seconds:g} s"
            return False, f"there were {rate} before it (rule 'rate_limit')"
        accepted.append((newest, position))
        return True

    return Made(check, "data_context", pure=True, memory=params.memory, asks=True)


RATE_LIMIT = Builtin(
    "rate_limit",
    "validator",
    "Accepts so many records in a stretch of time, by the time that they tell.",
    RateLimitParams,
    rate_limit,
    (
        Example(
            {"limit": 1, "seconds": 60, "time": "at", "by": "user"},
            (
                {"user": "ada", "at": "2025-12-24T18:30:00Z"},
                {"user": "ada", "at": "2025-12-24T18:30:20Z"},
                {"user": "ada", "at": "2025-12-24T18:31:00Z"},
            ),
        ),
    ),
    notes="It goes by a field and not by the clock, so that a run that is repeated gives the "
    "same. A record that is late counts as if it came with the newest before it.",
)
