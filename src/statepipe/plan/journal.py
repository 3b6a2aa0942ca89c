"""Journal: what a stepped record has been through since it last stood still."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, Literal

from statepipe.errors import RecordError
from statepipe.functions.view import Caught
from statepipe.plan.model import Plan, PlannedState, Step
from statepipe.plan.values import deep_copy
from statepipe.record import Record


@dataclass(frozen=True, slots=True, eq=False)
class Called:
    """A function that ran: for which arc if any, how long, the reason of its verdict, its error."""

    step: Step
    arc: str | None
    seconds: float
    reason: str | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """A way out of a state that was tried: whether it was chosen, and why if its condition told."""

    name: str
    target: str
    chosen: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """A state of `plan` that chose an arc by asking, and for what: enough to ask it again."""

    plan: Plan
    state: PlannedState
    record: Record
    caught: Caught | None


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

    `choices` are the states that asked their arcs. `tried` are the arcs that were tried, and the
    clauses of `catch` that were chosen. `ways` are the names of those by which states were left.
    """

    calls: list[Called] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    failures: list[RecordError] = field(default_factory=list)
    caught: list[RecordError] = field(default_factory=list)
    ways: list[str] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)

    def entered(self, state: str, record: Record) -> None:
        self.events.append(Event("enter", state, snapshot(record)))

    def choosing(
        self, plan: Plan, state: PlannedState, record: Record, caught: Caught | None
    ) -> None:
        self.choices.append(Choice(plan, state, snapshot(record), caught))

    def chose(self, name: str, target: str, *, chosen: bool) -> None:
        """Note an arc that was tried; its condition, if it has one, was the last call for it."""
        reasons = (each.reason for each in reversed(self.calls) if each.arc == name)
        self.tried.append(Tried(name, target, chosen, next(reasons, None)))

    def left(self, state: str, record: Record, way: str) -> None:
        self.ways.append(way)
        self.events.append(Event("exit", state, snapshot(record)))

    def was_caught(self, way: str, target: str) -> None:
        """The last failure led to `target`."""
        self.caught.append(self.failures[-1])
        self.tried.append(Tried(way, target, True))

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
            list(self.choices),
        )
        for kept in (self.calls, self.tried, self.events, self.failures, self.caught, self.ways):
            kept.clear()
        self.choices.clear()
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
