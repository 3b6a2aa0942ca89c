"""Aggregate: counts, sums and more of a sliding window, added to each record as it comes by."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from pydantic import Field

from statepipe.functions.builtin import (
    Bench,
    Builtin,
    Example,
    FieldError,
    Made,
    ParamError,
    Params,
    shown_value,
)
from statepipe.functions.library.fields import (
    MISSING,
    FieldName,
    FieldNames,
    FieldPath,
    kind_of,
    path_of,
    paths_of,
    value_at,
    with_value,
)
from statepipe.functions.library.memory import PerRun, Remembering, digest
from statepipe.functions.library.shaping import fresh
from statepipe.functions.library.windows import Count, Seconds, time_of, time_path
from statepipe.functions.view import Context
from statepipe.record import Record

Op = Literal["count", "sum", "mean", "min", "max", "first", "last"]
NUMERIC = frozenset(("sum", "mean", "min", "max"))


class Result(Params):
    op: Op = Field(description="What to make of the values.")
    of: FieldName | None = Field(default=None, description="The field; `count` can do without.")


class AggregateParams(Remembering):
    results: dict[FieldName, Result] = Field(
        min_length=1, description="Field to add -> {op, of}. Missing and null values do not count."
    )
    by: FieldNames | None = Field(
        default=None, description="A window for each value of these. Default: one for all."
    )
    count: Count | None = Field(default=None, description="The last so many records.")
    seconds: Seconds | None = Field(
        default=None, description="Or the last so many seconds, by the time in `time`."
    )
    time: FieldName | None = Field(
        default=None, description="The field that says when: ISO 8601, or seconds since 1970."
    )
    keys: Count = Field(default=10_000, description="Values of `by` to keep windows for.")
    remember: Count = Field(
        default=1_000_000,
        description="Records that the windows may hold together; without count and seconds none "
        "is held.",
    )


@dataclass(slots=True)
class Tally:
    """What the values of one field in a window come to. Sums are exact, whatever the order.

    `low` and `high` are None where they have to be looked for again.
    """

    count: int = 0
    total: Fraction | int = 0
    low: Any = None
    high: Any = None
    first: Any = None
    last: Any = None

    def add(self, value: Any, *, numeric: bool) -> None:
        if self.count == 0:
            self.first = self.low = self.high = value
        self.last = value
        self.count += 1
        if numeric:
            self.total += exact(value)
            self.low = None if self.low is None else min(self.low, value)
            self.high = None if self.high is None else max(self.high, value)

    def drop(self, value: Any, *, numeric: bool) -> None:
        self.count -= 1
        if numeric:
            self.total -= exact(value)
            self.low = None if value == self.low else self.low
            self.high = None if value == self.high else self.high

    def result(self, op: Op) -> Any:
        if op == "count":
            return self.count
        if self.count == 0:
            return None
        if op in ("sum", "mean"):
            return plain(self.total if op == "sum" else Fraction(self.total, self.count))
        return {"min": self.low, "max": self.high, "first": self.first, "last": self.last}[op]


def exact(value: int | float) -> Fraction | int:
    return value if isinstance(value, int) else Fraction(value)


def plain(number: Fraction | int) -> int | float:
    """Return a number as JSON has it. Raises FieldError for one beyond all floats."""
    if isinstance(number, int):
        return number
    try:
        return float(number)
    except OverflowError:
        raise FieldError((), "the sum is more than a number can be", "aggregate") from None


Entry: TypeAlias = "tuple[float, int, tuple[Any, ...]]"
"""Time or number, position, and the values of each field."""


@dataclass(slots=True)
class Window:
    """The tallies of a window, and what a sliding one holds, by time or number."""

    tallies: list[Tally]
    held: deque[Entry] = field(default_factory=deque)
    positions: set[int] = field(default_factory=set)
    seen: int = 0
    last_position: int = -1

    def values(self, number: int) -> list[Any]:
        return [values[number] for _, _, values in self.held if values[number] is not MISSING]

    def insert(self, entry: Entry) -> None:
        """Put an entry in its place by time, mostly the last."""
        at = len(self.held)
        while at and self.held[at - 1][0] > entry[0]:
            at -= 1
        self.held.insert(at, entry)
        self.positions.add(entry[1])

    def settle(self, number: int, *, numeric: bool) -> Tally:
        """Return a tally with what had to be looked for again."""
        tally = self.tallies[number]
        if tally.count:
            tally.first = first_of(self.held, number)
            tally.last = first_of(reversed(self.held), number)
            if numeric and tally.low is None:
                tally.low = min(self.values(number))
            if numeric and tally.high is None:
                tally.high = max(self.values(number))
        return tally


def first_of(entries: Iterable[Entry], number: int) -> Any:
    return next(values[number] for _, _, values in entries if values[number] is not MISSING)


@dataclass(slots=True)
class Windows:
    """The windows of one run, by the digest of `by`, and the records that they hold together."""

    by_key: dict[bytes, Window] = field(default_factory=dict)
    held: int = 0


def aggregate(params: AggregateParams, _bench: Bench) -> Made:
    return Made(
        Aggregation(params).add_to,
        "data_context",
        pure=True,
        memory=params.memory,
        asks=True,
    )


class Aggregation:
    """Adds its record to a window, and what the window comes to, to its record."""

    def __init__(self, params: AggregateParams) -> None:
        self.params = params
        self.clock = time_path(params.time, params.seconds, needed=False)
        if params.count is not None and self.clock is not None:
            raise ParamError("count", "a window is counted or timed, not both", "remove one")
        self.by = () if params.by is None else paths_of(params.by, "by")
        self.results = results_of(params.results)
        self.sources = list(dict.fromkeys(source for _, _, source in self.results))
        self.numeric = {source for _, op, source in self.results if op in NUMERIC}
        self.slides = params.count is not None or self.clock is not None
        self.states: PerRun[Windows] = PerRun(Windows)

    def add_to(self, record: Record, context: Context) -> Record:
        windows, position = self.states.of(context)
        window = self.window_of(record, windows)
        values = tuple(self.value_of(record, source) for source in self.sources)
        if self.slides:
            tallies = self.slide(record, windows, window, position, values)
        else:
            tallies = self.go_on(window, position, values)
        changed: Record = dict(record)
        for target, op, source in self.results:
            result = fresh(tallies[self.sources.index(source)].result(op))
            changed = with_value(changed, target, result, "aggregate")
        return changed

    def window_of(self, record: Record, windows: Windows) -> Window:
        key = digest(record, self.by)
        window = windows.by_key.get(key)
        if window is None:
            if len(windows.by_key) >= self.params.keys:
                text = f"there are windows for {self.params.keys} values, and this is a new one"
                raise FieldError(self.by[0] if self.by else (), text, "aggregate")
            window = windows.by_key[key] = Window([Tally() for _ in self.sources])
        return window

    def value_of(self, record: Record, source: FieldPath | None) -> Any:
        """Return what counts of the record; MISSING for nothing. Raises FieldError."""
        if source is None:
            return True
        value = value_at(record, source)
        if value is MISSING or value is None:
            return MISSING
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if source in self.numeric and not (number and value - value == 0):
            text = f"{shown_value(value)} is {kind_of(value)}, not a number to calculate with"
            raise FieldError(source, text, "aggregate")
        return fresh(value)

    def go_on(self, window: Window, position: int, values: tuple[Any, ...]) -> list[Tally]:
        """Add a record to the whole run; the one that was added last is not added again."""
        if position != window.last_position:
            window.last_position = position
            self.count_in(window, values)
        return window.tallies

    def count_in(self, window: Window, values: tuple[Any, ...]) -> None:
        for tally, source, value in zip(window.tallies, self.sources, values, strict=True):
            if value is not MISSING:
                tally.add(value, numeric=source in self.numeric)

    def slide(
        self,
        record: Record,
        windows: Windows,
        window: Window,
        position: int,
        values: tuple[Any, ...],
    ) -> list[Tally]:
        """Put a record into its window, once, and let go of what is out of it."""
        if position not in window.positions:
            window.seen += 1
            clock = self.clock
            at = window.seen if clock is None else time_of(record, clock, "aggregate")
            if windows.held >= self.params.remember:
                text = f"the windows hold {self.params.remember} records, and this is one more"
                raise FieldError((), text, "aggregate")
            window.insert((at, position, values))
            windows.held += 1
            self.count_in(window, values)
            while self.is_out(window):
                self.let_go(window)
                windows.held -= 1
        numbers = enumerate(self.sources)
        return [window.settle(n, numeric=source in self.numeric) for n, source in numbers]

    def is_out(self, window: Window) -> bool:
        """Tell whether the oldest entry is no longer in the window."""
        if self.params.count is not None:
            return len(window.held) > self.params.count
        assert self.params.seconds is not None
        return window.held[0][0] <= window.held[-1][0] - self.params.seconds

    def let_go(self, window: Window) -> None:
        _, position, values = window.held.popleft()
        window.positions.discard(position)
        for tally, source, value in zip(window.tallies, self.sources, values, strict=True):
            if value is not MISSING:
                tally.drop(value, numeric=source in self.numeric)


def results_of(
    results: Mapping[str, Result],
) -> list[tuple[FieldPath, Op, FieldPath | None]]:
    """Return target, operation and source of each result. Raises ParamError."""
    found = []
    for name, result in results.items():
        if result.of is None and result.op != "count":
            message = f"{result.op!r} needs a field"
            raise ParamError(("results", name), message, f"write  {{op: {result.op}, of: ...}}")
        source = None if result.of is None else path_of(result.of, "results")
        found.append((path_of(name, "results"), result.op, source))
    return found


AGGREGATE = Builtin(
    "aggregate",
    "transform",
    "Adds to each record what its window comes to: count, sum, mean, min, max, first, last.",
    AggregateParams,
    aggregate,
    (
        Example(
            {"results": {"sum": {"op": "sum", "of": "n"}, "of": {"op": "count"}}, "count": 2},
            ({"n": 1}, {"n": 2}, {"n": 3}),
        ),
    ),
    notes="The window ends with the record itself, and no record is held back. Sums are exact "
    "before they are rounded. A record counts once, however often it comes by, and also if it "
    "fails later on.",
)
