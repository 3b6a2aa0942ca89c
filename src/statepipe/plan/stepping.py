"""Stepper: one record through a plan, step by step; it stands still before each state.

The core of the debugger and of AdvancedFSM. No loop, no thread, no I/O: a step is a generator of
requests, as a walk is, and `plan.drive` makes it, blocking or not:

    stepper = Stepper(plan, own(plan, record), clock=time.monotonic)
    move = drive(stepper.step(), timing)                # or: await drive_async(...)

`move` tells all that happened: the functions that ran, the arcs that were tried, the record before
and after, what failed. `stepper.moves` keeps them, and `forked` makes a stepper that goes on from
where one of them began, with another record if that is wanted.

A step is all that happens at one state: what it does on entry, the choice of an arc and that
arc's transforms. Then the record stands before the next state. What an end state does on entry
belongs to the step that comes to it, unless `holds` says to stand there first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from statepipe.errors import RecordError, UsageError
from statepipe.functions.moment import NO_PROMISE, Promise, promised_again
from statepipe.functions.view import Caught
from statepipe.plan.drive import Arrival, Reply, Steps
from statepipe.plan.frames import Frame
from statepipe.plan.interpret import aftermath
from statepipe.plan.journal import Journal, snapshot
from statepipe.plan.model import Plan, PlannedState
from statepipe.plan.recover import Kept
from statepipe.plan.stepped import Ledger, SteppedWalk, arc_called
from statepipe.plan.values import replace_in_place
from statepipe.record import DataHandlingMode, Outcome, Record

MOVES_KEPT = 1000

Holds = Callable[[str, Record], bool]
"""Tells of a state, by the name that the path has for it, and of a record that comes there,
whether the record is to stand before it. The record is only read."""


@dataclass(frozen=True, slots=True, eq=False)
class Stop:
    """A record standing before a state: what another stepper needs to go on from there.

    `path` are the states before. `frames` are those of the networks that the record is within.
    """

    state: str
    record: Record
    path: tuple[str, ...]
    at: int
    transitions: int
    caught: Caught | None
    moment: Promise
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """A step that was made: from where the record stood to where it stands, and all in between.

    `number` counts from 1. `to_state` is the state that the record stands before, or is at for
    good: then `is_last`. `way` is the name of the arc or catch that led there, None if none did.
    `error` is why the record has failed for good, `failed` names the states that it failed at,
    be it for good or until it was caught. `held`: `holds` said so, or failed with `fault`.
    `seconds`: what it took; `spans` are the shares of the states that it ran, in their order.
    """

    number: int
    before: Stop
    to_state: str
    way: str | None
    after: Record
    journal: Journal
    failed: tuple[str, ...]
    error: RecordError | None
    is_last: bool
    held: bool
    seconds: float
    spans: tuple[tuple[str, float], ...]
    fault: Exception | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Stand:
    """Whether a step came to another state, and whether the record is held before it, or why."""

    arrived: bool = False
    held: bool = False
    fault: Exception | None = None


class Spans:
    """Measures how long a step is at each of the states that it runs."""

    def __init__(self, clock: Callable[[], float], state: str) -> None:
        self._clock = clock
        self._state = state
        self._since_s = clock()
        self._spans: list[tuple[str, float]] = []

    def cut(self, state: str) -> None:
        """Another state begins."""
        now_s = self._clock()
        self._spans.append((self._state, now_s - self._since_s))
        self._state, self._since_s = state, now_s

    def whole(self) -> tuple[tuple[str, float], ...]:
        self.cut(self._state)
        return tuple(self._spans)


class Stepper:
    """One record, standing before a state, or done: then `outcome` says what became of it.

    `record` is the plan's own. `moves` keeps the last `MOVES_KEPT` steps.
    """

    def __init__(
        self,
        plan: Plan,
        record: Record,
        *,
        clock: Callable[[], float],
        moment: Promise = NO_PROMISE,
        begin: Stop | None = None,
    ) -> None:
        self.plan = plan
        self.moves: deque[Move] = deque(maxlen=MOVES_KEPT)
        self.outcome: Outcome | None = None
        self.steps_made = 0
        self.began_at: Stop | None = None
        """Where the last step began, also one that was interrupted."""
        self._ledger = Ledger(clock)
        self._state_of_step = "ready"
        start: dict[str, Any] = {"moment": moment}
        if begin is not None:
            start = {
                "at": begin.at,
                "path": begin.path,
                "transitions": begin.transitions,
                "caught": begin.caught,
                "moment": moment,
                "frames": begin.frames,
            }
        self._walk = SteppedWalk(plan, record, self._ledger, **start)
        self._requests = self._to_the_end(list(moment[:2]))
        arrival = next(self._requests)
        assert isinstance(arrival, Arrival)  # nothing runs before the record has arrived

    @property
    def state(self) -> str:
        """The state that the record stands before, or has ended or failed at, as in the path."""
        return self.path[-1]

    @property
    def planned(self) -> PlannedState:
        return self._standing.plan.states[self._standing.at]

    @property
    def record(self) -> Record:
        """The record itself, not a copy: a caller may change it while it stands."""
        return self._standing.record if self.outcome is None else self.outcome.data

    @record.setter
    def record(self, record: Record) -> None:
        if self.outcome is not None:
            raise UsageError("the record is done; fork from an earlier step to change it")
        walk = self._standing
        in_place = self.planned.mode is DataHandlingMode.DIRECT
        walk.record = replace_in_place(walk.record, record) if in_place else record

    @property
    def path(self) -> tuple[str, ...]:
        """The states that the record has been in, the one that it stands before at last."""
        return tuple(self._standing.path) if self.outcome is None else self.outcome.path

    @property
    def caught(self) -> Caught | None:
        """The last error that was caught, as functions may read it."""
        return self._standing.caught

    @property
    def is_ready(self) -> bool:
        """Whether no step is under way, or was interrupted."""
        return self._state_of_step == "ready"

    @property
    def is_nested(self) -> bool:
        """Whether the record stands in a network that it was pushed into."""
        return bool(self._standing.networks)

    def stop(self) -> Stop:
        """Return where the record stands, as it is now."""
        walk = self._standing
        return Stop(
            state=self.state,
            record=snapshot(self.record),
            path=tuple(walk.path[:-1]),
            at=walk.at,
            transitions=walk.transitions,
            caught=walk.caught,
            moment=promised_again(walk.moment),
            frames=tuple(map(as_it_was, walk.frames)),
        )

    def step(self, arc: str | None = None, holds: Holds | None = None) -> Steps[Move]:
        """Make a step; `arc` is taken, unasked. To be driven to its end.

        Raises UsageError for an arc that is none of the state's, for a record that is done, and
        for one whose step was interrupted.
        """
        self.check_step(arc)
        self._state_of_step = "under way"
        self._ledger.forced = arc
        try:
            move = yield from self._made(holds)
        finally:
            if self._state_of_step == "under way":
                self._state_of_step = "interrupted"
        return move

    def check_step(self, arc: str | None = None) -> None:
        """Raise UsageError where `step` would. Nothing runs."""
        if self._state_of_step == "under way":
            raise UsageError(f"a step from {self.state!r} is still under way")
        if self._state_of_step == "interrupted":
            raise UsageError(
                f"a step from {self.state!r} was interrupted; fork from an earlier one to go on"
            )
        if self.outcome is not None:
            raise UsageError("the record is done; fork from an earlier step to go on")
        self._check_arc(arc)

    def forked(self, stop: Stop, record: Record | None = None) -> Stepper:
        """Return a stepper that goes on from `stop`, with `record` in place of the one there.

        What was bound to the run goes on as it did: the same ids and the same chance.
        """
        if stop.frames and self.plan.changes_in_place:
            raise UsageError(
                f"{stop.state!r} is within a network that the record was pushed into, and shares "
                "objects with what is outside of it; fork from a state before"
            )
        given = snapshot(stop.record if record is None else record)
        moment = promised_again(stop.moment)
        return Stepper(self.plan, given, clock=self._ledger.clock, moment=moment, begin=stop)

    # -- within ----------------------------------------------------------------------------

    @property
    def _standing(self) -> SteppedWalk:
        assert self._ledger.standing is not None  # the record has arrived somewhere
        return self._ledger.standing

    def _to_the_end(self, moment: Promise) -> Steps[Outcome]:
        outcome = yield from self._walk.steps()
        if outcome.error is not None and self.plan.on_failure:
            outcome.error.notes += yield from aftermath(self.plan, outcome, moment)
        return outcome

    def _made(self, holds: Holds | None) -> Steps[Move]:
        self.began_at = self.stop()
        spans, stand, reply = Spans(self._ledger.clock, self.state), Stand(), Reply()
        while True:
            try:
                request = self._requests.send(reply)
            except StopIteration as done:
                self.outcome = done.value
                break
            if isinstance(request, Arrival):
                stand = self._arrived(holds)
                if not self._passes(held=stand.held):
                    break
                spans.cut(self.state)
                reply = Reply()
            else:
                reply = yield request
        self._state_of_step = "ready"
        return self._noted(self.began_at, spans.whole(), stand)

    def _arrived(self, holds: Holds | None) -> Stand:
        if holds is None:
            return Stand(arrived=True)
        try:
            return Stand(arrived=True, held=holds(self.state, snapshot(self.record)))
        except Exception as fault:
            return Stand(arrived=True, held=True, fault=fault)

    def _passes(self, *, held: bool) -> bool:
        """Tell whether a record that has arrived goes on at once: into an end state."""
        state = self.planned
        ends = state.is_end and not self.is_nested
        return ends and not (held and state.entry)

    def _noted(self, before: Stop, spans: tuple[tuple[str, float], ...], stand: Stand) -> Move:
        self.steps_made += 1
        journal = self._ledger.journal.taken()
        error = self.outcome.error if self.outcome is not None else None
        move = Move(
            number=self.steps_made,
            before=before,
            to_state=self.state,
            way=way_taken(journal, stand),
            after=snapshot(self.record),
            journal=journal,
            failed=failed_at(journal, error),
            error=error,
            is_last=self.outcome is not None,
            held=stand.held,
            seconds=sum(seconds for _, seconds in spans),
            spans=spans,
            fault=stand.fault,
        )
        self.moves.append(move)
        return move

    def _check_arc(self, arc: str | None) -> None:
        state = self.planned
        if arc is None or arc_called(state, arc) is not None:
            return
        names = ", ".join(repr(each.name) for each in state.arcs)
        there_are = f"its arcs are {names}" if names else "it has none"
        raise UsageError(f"state {self.state!r} has no arc {arc!r}; {there_are}")


def as_it_was(frame: Frame) -> Frame:
    """Return a frame with its record as it is now, which may change before it is gone on from."""
    kept, entered = frame.entered.kept, frame.entered
    if not isinstance(kept, Kept):  # of which there are none where forks are possible
        entered = replace(entered, kept=snapshot(kept))
    return replace(frame, record=snapshot(frame.record), entered=entered)


def way_taken(journal: Journal, stand: Stand) -> str | None:
    """Return the name of the last way that was taken: by leaving a state, or into a network."""
    if journal.ways:
        return journal.ways[-1]
    into = (way.name for way in reversed(journal.tried) if way.chosen and stand.arrived)
    return next(into, None)


def failed_at(journal: Journal, error: RecordError | None) -> tuple[str, ...]:
    """Return the states that the record has failed at, each once; not those that it passed."""
    errors = [*journal.caught, *([error] if error is not None else [])]
    return tuple(dict.fromkeys(each.state for each in errors if each.state is not None))
