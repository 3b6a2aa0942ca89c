"""WitnessWalk: a walk that keeps what was tried at each state, and what came of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import Any

from statepipe.errors import RecordError
from statepipe.functions.function import Function
from statepipe.functions.moment import NO_PROMISE, Promise
from statepipe.functions.pieces import Watched
from statepipe.functions.view import Caught, StateView
from statepipe.plan.carried import cause_of
from statepipe.plan.drive import Reply, Request, Steps
from statepipe.plan.frames import called
from statepipe.plan.model import Plan, PlannedArc, PlannedCatch, PlannedState, Step
from statepipe.plan.refusals import InvalidRecordError
from statepipe.plan.seen import Eye, SeenPiece
from statepipe.plan.values import is_reasoned
from statepipe.plan.walk import Walk, Way
from statepipe.record import Record
from statepipe.short import Short

RECORD_ROOM = 200  # characters


@dataclass(slots=True, eq=False)
class Attended:
    """One call of a function. `value` None: it gave none, as it raised, or its time was up.

    `verdict` is that of a condition or a check, None where there is none. `given` is the record
    for what cannot be looked into, else None. `before` and `after` are what a transform made of
    the record. `done`: the walk went on after it.
    """

    step: Step
    arc: PlannedArc | None
    given: str | None = None
    value: str | None = None
    reason: str | None = None
    verdict: bool | None = None
    before: Record | None = None
    after: Record | None = None
    done: bool = False
    watched: Watched | None = None
    eye: Eye | None = None
    reasoned: bool = False

    def pieces(self) -> SeenPiece | None:
        """Return the pieces of inline code with their values."""
        if self.watched is None or self.eye is None:
            return None
        return self.eye.seen(self.watched.root, self.verdict, reasoned=self.reasoned)


@dataclass(slots=True, eq=False)
class Visit:
    """One attempt at a state. `number` counts the states of the path from 1, `attempt` tries.

    `tried` are the arcs that were tried, with the verdict; `way` what the record left by.
    `error` is how the attempt failed, `retried` whether another one followed, `caught_at` the state
    where the record went on after it.
    """

    state: PlannedState
    name: str
    number: int
    attempt: int
    before: Record
    after: Record
    calls: list[Attended] = field(default_factory=list)
    tried: list[tuple[Way, bool]] = field(default_factory=list)
    way: PlannedArc | None = None
    error: RecordError | None = None
    retried: bool = False
    caught_at: str | None = None


class Witness:
    """Keeps the visits of a walk: the first and the last ones, if there are more than `limit`."""

    def __init__(self, short: Short, limit: int | None = None) -> None:
        self.short = short
        self.seen = 0
        head = None if limit is None else (limit + 1) // 2
        self._head: list[Visit] = []
        self._room = head
        self._tail: deque[Visit] = deque(maxlen=None if limit is None else limit // 2)
        self._watched: dict[Function, Watched | None] = {}
        self._copy: Record = {}

    @property
    def visits(self) -> tuple[Visit, ...]:
        return (*self._head, *self._tail)

    @property
    def left_out(self) -> int:
        return self.seen - len(self.visits)

    def add(self, visit: Visit) -> None:
        self.seen += 1
        within = self._room is None or len(self._head) < self._room
        (self._head if within else self._tail).append(visit)

    def retry(self, visit: Visit) -> None:
        """Note that `visit` is tried again, and those of networks that it led through."""
        for each in reversed(self.visits):
            each.retried = True
            if each is visit:
                return

    def copied(self, record: Record) -> Record:
        """Return a copy of a record, the one before if nothing has changed since."""
        new = self.short.copied(record)
        if repr(new) != repr(self._copy):
            self._copy = new
        return self._copy

    def watched(self, function: Function) -> Watched | None:
        if function not in self._watched:
            self._watched[function] = function.watch()
        return self._watched[function]


class WitnessWalk(Walk):
    """Does what a walk does, with inline code that tells its pieces in the place of the same."""

    def __init__(
        self,
        plan: Plan,
        record: Record,
        witness: Witness,
        *,
        at: int | None = None,
        moment: Promise = NO_PROMISE,
        caught: Caught | None = None,
    ) -> None:
        super().__init__(plan, record, at=at, moment=moment, caught=caught)
        self._witness = witness
        self._visit: Visit | None = None
        self._ended_by: list[Visit] = []
        """Visits that one error has ended, innermost first: then those that pushed the record."""

    def choice(self) -> Steps[Visit]:
        """Choose an arc for the record as it is, and do nothing else of the state."""
        state = self.plan.states[self.at]
        self.path.append(state.name)
        visit = self._began(state)
        try:
            visit.way = yield from self._choose(state)
        except Exception as raised:
            self._ended_by.append(visit)
            self._failure(raised)
        self._ended(visit)
        return visit

    def _through(self, state: PlannedState) -> Steps[Way | None]:
        way = yield from super()._through(state)
        if isinstance(way, PlannedCatch) and self._visit is not None:
            self._visit.caught_at = called(self.plan.states[way.target].name, self.networks)
        return way

    def _attempt(self, state: PlannedState) -> Steps[PlannedArc | None]:
        visit = self._began(state)
        try:
            visit.way = yield from super()._attempt(state)
        except BaseException:
            self._ended_by.append(visit)
            raise
        finally:
            self._visit = visit
            self._ended(visit)
        return visit.way

    def _choose(self, state: PlannedState) -> Steps[PlannedArc]:
        visit, tried = self._visit, len(self.tried)
        assert visit is not None
        try:
            return (yield from super()._choose(state))
        finally:
            visit.tried = self.tried[tried:]

    def _began(self, state: PlannedState) -> Visit:
        last, number, attempt = self._visit, len(self.path), 1
        if last is not None and last.number == number:
            self._witness.retry(last)
            attempt = last.attempt + 1
        before = self._witness.copied(self.record)
        self._visit = Visit(state, self.path[-1], number, attempt, before, before)
        self._witness.add(self._visit)
        return self._visit

    def _ended(self, visit: Visit) -> None:
        visit.after = self._witness.copied(self.record)
        verdicts = {id(way): accepted for way, accepted in visit.tried}
        for call in visit.calls:
            if call.step.role == "condition":
                call.verdict = verdicts.get(id(call.arc))
                call.done = call.verdict is not None

    def _failure(self, raised: Exception) -> RecordError:
        error = super()._failure(raised)
        for visit in self._ended_by:
            visit.error = error
        if self._ended_by and isinstance(cause_of(raised), InvalidRecordError):
            self._ended_by[0].calls[-1].verdict = False
        self._ended_by.clear()
        return error

    def _run(self, step: Step, arc: PlannedArc | None = None) -> Steps[None]:
        yield from super()._run(step, arc)
        assert self._visit is not None
        call = self._visit.calls[-1]
        call.done = True
        if call.before is None:
            call.verdict = True
        else:
            call.after = self._witness.copied(self.record)

    def _call(
        self, step: Step, arc: PlannedArc | None, view: StateView | None = None
    ) -> Generator[Request, Reply, Any]:
        call = self._attended(step, arc, transforms=view is not None)
        if call.watched is not None and call.eye is not None:
            function = replace(step.function, call=call.watched.telling(call.eye))
            step = replace(step, function=function)
        value = yield from super()._call(step, arc, view)
        short = self._witness.short
        call.value, call.reasoned = short(value), is_reasoned(value)
        if call.reasoned:
            reason = value[1]
            call.reason = short.hide(reason) if type(reason) is str else short(reason)
        return value

    def _attended(self, step: Step, arc: PlannedArc | None, *, transforms: bool) -> Attended:
        witness = self._witness
        call = Attended(step, arc, watched=witness.watched(step.function))
        if call.watched is not None:
            call.eye = Eye(witness.short)
        else:
            call.given = witness.short(self.record, RECORD_ROOM)
        if transforms:
            call.before = witness.copied(self.record)
        assert self._visit is not None
        self._visit.calls.append(call)
        return call
