"""Journal: what a stepped record has been through since it last stood still."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from statepipe.errors import RecordError
from statepipe.plan.model import PlannedArc, PlannedCatch, Step
from statepipe.plan.values import deep_copy
from statepipe.record import Record

Way: TypeAlias = "PlannedArc | PlannedCatch"


@dataclass(frozen=True, slots=True, eq=False)
class Called:
    """A function that ran: for which arc if any, how long, the reason of its verdict, its error."""

    step: Step
    arc: str | None
    seconds: float
    reason: str | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """A state that the record entered, left, or failed an attempt at, with the record then."""

    kind: Literal["enter", "exit", "error"]
    state: str
    record: Record
    error: RecordError | None = None


@dataclass(slots=True)
class Journal:
    """All of it in order. `caught` are the failures that a `catch` has dealt with.

    `tried` is what the walks write to: see `Walk.tried`. `ways` are those by which states were
    left, `forced` among them where a caller or the record itself has chosen.
    """

    calls: list[Called] = field(default_factory=list)
    tried: list[tuple[Way, bool]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    failures: list[RecordError] = field(default_factory=list)
    caught: list[RecordError] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)

    def entered(self, state: str, record: Record) -> None:
        self.events.append(Event("enter", state, snapshot(record)))

    def left(self, state: str, record: Record, way: Way) -> None:
        self.ways.append(way)
        if isinstance(way, PlannedCatch):
            self.caught.append(self.failures[-1])
        self.events.append(Event("exit", state, snapshot(record)))

    def failed(self, state: str, record: Record, error: RecordError) -> None:
        self.failures.append(error)
        self.events.append(Event("error", state, snapshot(record), error))

    def taken(self) -> Journal:
        """Return what there is, and begin anew."""
        full = Journal(
            list(self.calls),
            list(self.tried),
            list(self.events),
            list(self.failures),
            list(self.caught),
            list(self.ways),
        )
        for kept in (self.calls, self.tried, self.events, self.failures, self.caught, self.ways):
            kept.clear()
        return full


def snapshot(record: Record) -> Record:
    """Return the record as it is now: what can be copied is, the rest is shown itself.

    A record that holds what nobody can copy, such as a lock, is not to fail for being looked at.
    """
    try:
        copied: Record = deep_copy(record)
    except Exception:
        return {key: picture(value) for key, value in record.items()}
    return copied


def picture(value: Any) -> Any:  # whatever user code put into a record
    try:
        return copy.deepcopy(value)
    except Exception:
        return value
