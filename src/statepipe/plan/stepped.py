"""SteppedWalk: a walk that stands still before each state, and writes down what happens."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from statepipe.errors import Place, RecordError
from statepipe.functions.view import StateView
from statepipe.plan.drive import Arrival, Reply, Request, Steps, Within
from statepipe.plan.failure import Site
from statepipe.plan.journal import Called, Journal
from statepipe.plan.model import Plan, PlannedArc, PlannedCatch, PlannedState, Step
from statepipe.plan.refusals import UnknownTargetError
from statepipe.plan.values import reason_of
from statepipe.plan.walk import Walk
from statepipe.plan.walk import Way as Left
from statepipe.record import DataHandlingMode, Record

SIGNAL = "_transition_signal"
"""The field by which a record names the state that it goes to next."""


class Ledger:
    """What the walks of one record share: its journal, the clock, and which of them stands.

    `forced` is the name of the arc that the record takes from where it stands.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.journal = Journal()
        self.standing: SteppedWalk | None = None
        self.forced: str | None = None


class SteppedWalk(Walk):
    """Yields an `Arrival` before each state, however deep in other requests the state is run.

    Limits of time count what user code and waits take. How long the record stands before a state
    takes none of it: a limit is put around each request, with what the ones before have left.
    """

    def __init__(self, plan: Plan, record: Record, ledger: Ledger, **begin: Any) -> None:
        super().__init__(plan, record, **begin)
        self.ledger = ledger

    def _through(self, state: PlannedState) -> Steps[Left | None]:
        journal, name = self.ledger.journal, self.path[-1]
        self.ledger.standing = self
        journal.entered(name, self.record)
        yield Arrival()
        way = yield from super()._through(state)
        if isinstance(way, PlannedCatch):
            journal.was_caught(way.name, self.plan.states[way.target].name)
            if SIGNAL in self.record:  # the record is as it entered; the catch has gone before
                self.record = without_signal(self.record, state.mode)
        if way is not None:
            journal.left(name, self.record, way.name)
        return way

    def _failure(self, raised: Exception) -> RecordError:
        error = super()._failure(raised)
        self.ledger.journal.failed(self.path[-1], self.record, error)
        return error

    def _call(
        self, step: Step, arc: PlannedArc | None, view: StateView | None = None
    ) -> Generator[Request, Reply, Any]:
        requests = super()._call(step, arc, view)
        began_s = self.ledger.clock()
        reply = yield next(requests)
        took_s = self.ledger.clock() - began_s
        name = arc.name if arc else None
        reason = reason_of(reply.value) if step.role != "resources" else None
        self.ledger.journal.calls.append(Called(step, name, took_s, reason, reply.error))
        try:
            requests.send(reply)
        except StopIteration as done:
            return done.value
        raise AssertionError("a call is one request")

    def _limited(
        self, seconds: float, error: type[Exception], steps: Steps[Any]
    ) -> Steps[Any]:  # what the steps give
        left_s = seconds
        reply: Reply | None = None
        while True:
            try:
                request = next(steps) if reply is None else steps.send(reply)
            except StopIteration as done:
                return done.value
            if isinstance(request, Arrival):
                reply = yield request
            elif left_s <= 0:
                reply = Reply(error=error())
            else:
                began_s = self.ledger.clock()
                answer = yield Within(left_s, error, answered(request))
                left_s -= self.ledger.clock() - began_s
                reply = answer if answer.error is not None else answer.value

    # -- arcs that are not asked -----------------------------------------------------------

    def _choose(self, state: PlannedState) -> Steps[PlannedArc]:
        known = len(self.tried)
        try:
            arc = self._forced(state)
            if arc is None:
                self.ledger.journal.choosing(self.plan, state, self.record, self.caught)
                return (yield from super()._choose(state))
            self.tried.append((arc, True))
            return arc
        finally:
            for way, chosen in self.tried[known:]:
                target = self.plan.states[way.next].name
                self.ledger.journal.chose(way.name, target, chosen=chosen)

    def _forced(self, state: PlannedState) -> PlannedArc | None:
        """Return the arc that the caller or the record has chosen, if either has."""
        name, ledger = self.ledger.forced, self.ledger
        if name is not None and ledger.standing is self and state is self.plan.states[self.at]:
            return arc_called(state, name)
        if SIGNAL not in self.record:
            return None
        self.site = Site(state.name, "arcs", place=state.place)
        target = self.record[SIGNAL]
        self.record = without_signal(self.record, state.mode)
        return self._arc_to(state, target)

    def _arc_to(self, state: PlannedState, target: object) -> PlannedArc:
        """Return the first arc to `target`, or one that does nothing where there is none."""
        network = [each for each in self.plan.states if each.network == state.network]
        names = [each.name for each in network]
        if not isinstance(target, str) or target not in names:
            raise UnknownTargetError(
                f"{SIGNAL} names {target!r}, which is no state of the network; "
                f"its states are {', '.join(names)}"
            )
        index = network[names.index(target)].index
        leading = (arc for arc in state.arcs if arc.next == index)
        jump = PlannedArc(f"{state.name}->{target} (signal)", index, None, (), Place())
        return next(leading, jump)


def answered(request: Request) -> Steps[Reply]:
    """Make one request, and give its reply: an error is the reply's, not raised in between."""
    return (yield request)


def arc_called(state: PlannedState, name: str) -> PlannedArc | None:
    """Return the arc of a state by its name."""
    return next((arc for arc in state.arcs if arc.name == name), None)


def without_signal(record: Record, mode: DataHandlingMode) -> Record:
    """Return the record without its signal: the same object where functions share it."""
    if mode is DataHandlingMode.COPY:
        return {key: value for key, value in record.items() if key != SIGNAL}
    del record[SIGNAL]
    return record
