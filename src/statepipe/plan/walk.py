"""Walk: one record on its way, step by step. What it does is what every engine must do."""

from __future__ import annotations

from collections.abc import Generator
from itertools import count
from typing import Any, TypeAlias

from statepipe.errors import RecordError
from statepipe.functions.moment import NO_PROMISE, Promise
from statepipe.functions.view import Caught, Context, StateView
from statepipe.plan.carried import CallFailedError, FailedError, cause_of
from statepipe.plan.drive import (
    Call,
    Pause,
    Reply,
    Request,
    Steps,
    Within,
)
from statepipe.plan.failure import Site, no_open_arc, record_error
from statepipe.plan.frames import Entered, Frame, called, raising
from statepipe.plan.loops import limit_message
from statepipe.plan.model import (
    CHECKS,
    HANDING_BACK,
    HANDING_IN,
    Plan,
    PlannedArc,
    PlannedCatch,
    PlannedPush,
    PlannedState,
    Recovery,
    Step,
)
from statepipe.plan.recover import (
    Kept,
    caught,
    delay_s,
    earlier,
    first_catch,
    may_recover,
    restored,
    retries,
)
from statepipe.plan.refusals import (
    RecordTimeoutError,
    StateTimeoutError,
    TransitionLimitError,
    state_timeout,
)
from statepipe.plan.subflow import check_nesting, hand_back, hand_in
from statepipe.plan.values import accepts, deep_copy, replace_in_place, require, settle
from statepipe.record import Outcome, Record

Way: TypeAlias = "PlannedArc | PlannedCatch"


class Walk:
    """One record on its way: where it is, what it is, and the states it has been in.

    `steps()` hands out every call of user code and is sent its reply, so that the same walk
    serves blocking and async callers and a debugger. `caught` is the last error that `catch`
    has dealt with. `frames` are the networks that it was pushed into and is in, outermost first.
    `tried` are the ways out of states that were tried, in order, and whether each was chosen:
    arcs, and of clauses of `catch` those that were.
    """

    def __init__(
        self,
        plan: Plan,
        record: Record,
        *,
        at: int | None = None,
        path: tuple[str, ...] = (),
        transitions: int = 0,
        moment: Promise = NO_PROMISE,
        caught: Caught | None = None,
        frames: tuple[Frame, ...] = (),
    ) -> None:
        self.plan = plan
        self.record = record
        self.at = plan.start if at is None else at
        self.path = list(path)
        self.transitions = transitions
        self.tried: list[tuple[Way, bool]] = []
        self.moment = moment
        self.caught = caught
        self.frames = frames
        self._entered = Entered(record, transitions, len(path) + 1, self.networks)
        self.site = Site(plan.states[self.at].name, "arcs", place=plan.states[self.at].place)

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that the record was pushed into and is in, outermost first."""
        return tuple(frame.push.network for frame in self.frames)

    def steps(self) -> Steps[Outcome]:
        """Take the record to its end, from the entry of the state where it is."""
        way = self._out_of(self.frames, self._walk())
        if self.plan.timeout_s is not None:
            way = self._limited(self.plan.timeout_s, RecordTimeoutError, way)
        return (yield from self._outcome(way))

    def steps_after(self, failed: RecordError, kept: Record | Kept | None) -> Steps[Outcome]:
        """As `steps`, from where another engine's first attempt at the state has failed.

        The path ends with that state, whose record on entry was `kept`. None: what failed is no
        part of the state any more, as when the record was handed back from it.
        """
        way: Steps[object] = raising(failed)
        if kept is not None:
            entered = Entered(kept, self.transitions, len(self.path), self.networks)
            way = self._on_from(self.plan.states[self.at], entered, raising(failed))
        return (yield from self._outcome(self._out_of(self.frames, way)))

    def _out_of(self, frames: tuple[Frame, ...], way: Steps[object]) -> Steps[None]:
        """Go `way` to the end of the innermost network, and then on through those around it."""
        for frame in reversed(frames):
            way = self._on_from(frame.state, frame.entered, self._returning(frame, way))
        yield from way

    def _outcome(self, way: Steps[None]) -> Steps[Outcome]:
        error: RecordError | None = None
        try:
            yield from way
        except Exception as raised:
            # User code's, or our refusal on its account: the record's failure either way.
            if not self.path:  # its time was over before it could enter its first state
                self.path.append(called(self.plan.states[self.at].name, self.networks))
            error = self._failure(raised)
        if error is not None and self.caught is not None:
            error.notes = (*error.notes, earlier(self.caught))
        return Outcome(self.record, tuple(self.path), self.path[-1], error)

    def _failure(self, raised: Exception) -> RecordError:
        if isinstance(raised, FailedError):
            return raised.error
        cause = cause_of(raised)
        error = record_error(self.site, cause, tuple(self.path), self.record, hide=self.plan.hide)
        if isinstance(cause, StateTimeoutError) and cause.networks < len(self.frames):
            frame = self.frames[cause.networks]
            name = called(frame.state.name, frame.entered.networks)
            error.notes = (*error.notes, f"the limit is that of state {name!r}")
        return error

    def _walk(self) -> Steps[None]:
        """Take the record to an end of the network that it is in."""
        while True:
            state = self.plan.states[self.at]
            self.path.append(called(state.name, self.networks))
            way = yield from self._through(state)
            if way is None:
                return
            self.at = way.next

    def _on_from(
        self, state: PlannedState, entered: Entered, first: Steps[PlannedArc | None]
    ) -> Steps[None]:
        """Go on from within a state, at which `first` is what is left of the first attempt."""
        way: Way | None
        if state.recovery is None:
            way = yield from first
        else:
            way = yield from self._recovering(state, state.recovery, entered, first)
        if way is not None:
            self.at = way.next
            yield from self._walk()

    def _through(self, state: PlannedState) -> Steps[Way | None]:
        """Take the record through a state; give the way that it leaves by, None at an end."""
        self.site = Site(state.name, "arcs", place=state.place)
        recovery = state.recovery
        kept = Kept(self.record) if recovery is not None and recovery.keeps else self.record
        entered = Entered(kept, self.transitions, len(self.path), self.networks)
        self._entered = entered
        if recovery is None:
            return (yield from self._attempt(state))
        return (yield from self._recovering(state, recovery, entered, self._attempt(state)))

    def _recovering(
        self,
        state: PlannedState,
        recovery: Recovery,
        entered: Entered,
        attempt: Steps[PlannedArc | None],
    ) -> Steps[Way | None]:
        """Try a state until it is passed, or caught; `attempt` is the first.

        Source: docs/semantics.md, "Retry" and "Catch".
        """
        for attempts in count(1):
            try:
                return (yield from attempt)
            except Exception as raised:
                failed = self._failure(raised)
            cause = failed.__cause__
            assert cause is not None
            hears = may_recover(cause, len(entered.networks))
            again = hears and retries(recovery.retry, attempts, cause)
            clause = first_catch(recovery, cause) if hears and not again else None
            if not again and clause is None:
                raise FailedError(failed)
            self.record, self.transitions = restored(entered.kept), entered.transitions
            self.frames, self.at = self.frames[: len(entered.networks)], state.index
            self._entered = entered
            if clause is not None:
                self.caught = caught(failed)
                self.tried.append((clause, True))
                self._count(clause, clause.target, self.networks)
                return clause
            del self.path[entered.behind :]
            yield from self._wait(recovery, attempts)
            attempt = self._attempt(state)
        raise AssertionError("a retry has an end")

    def _wait(self, recovery: Recovery, attempts: int) -> Steps[None]:
        assert recovery.retry is not None
        seconds = delay_s(recovery.retry, attempts)
        if seconds > 0:
            yield from self._asked(Pause(seconds, recovery.retry.jitter))

    def _attempt(self, state: PlannedState) -> Steps[PlannedArc | None]:
        steps = self._enter(state)
        if state.timeout_s is None:
            return (yield from steps)
        arc: PlannedArc | None
        error = state_timeout(len(self.networks))
        arc = yield from self._limited(state.timeout_s, error, steps)
        return arc

    def _limited(
        self, seconds: float, error: type[Exception], steps: Steps[Any]
    ) -> Steps[Any]:  # what the steps give
        return (yield from self._asked(Within(seconds, error, steps)))

    def _asked(self, request: Request) -> Steps[Any]:  # what comes of the request
        reply = yield request
        if reply.error is not None:
            raise reply.error
        return reply.value

    def _enter(self, state: PlannedState) -> Steps[PlannedArc | None]:
        """Do what a state does on entry, then choose an arc and take it."""
        for step in state.entry:
            yield from self._run(step)
        if state.is_end:
            return None
        arc = yield from self._choose(state)
        into = () if arc.push is None else (arc.push.network,)
        self._count(arc, arc.target, self.networks + into)
        for step in arc.transforms:
            yield from self._run(step, arc)
        if arc.push is not None:
            yield from self._pushed(state, arc, arc.push)
        return arc

    def _pushed(self, state: PlannedState, arc: PlannedArc, push: PlannedPush) -> Steps[None]:
        """Take the record through another network. Source: docs/semantics.md, "Subflows"."""
        self.site = Site(state.name, HANDING_IN, arc.name, place=arc.place)
        check_nesting(self.networks, push)
        frame = Frame(state, arc, push, self.record, self._entered)
        self.record = hand_in(push, self.record)
        self.frames = (*self.frames, frame)
        self.at = arc.target
        yield from self._returning(frame, self._walk())

    def _returning(self, frame: Frame, way: Steps[object]) -> Steps[PlannedArc]:
        """Go `way` to an end of the network, and back to where `frame` was left; give the arc."""
        yield from way
        arc = frame.arc
        self.site = Site(self.path[-1], HANDING_BACK, arc.name, place=arc.place)
        self._count(arc, arc.next, self.networks[:-1])
        self.record = hand_back(frame.push, frame.record, self.record)
        self.frames = self.frames[:-1]
        return arc

    def _choose(self, state: PlannedState) -> Steps[PlannedArc]:
        """Give the first arc that accepts the record. Source: docs/semantics.md, "Arcs"."""
        for arc in state.arcs:
            value: Any = True  # user code's value
            if arc.condition is not None:
                value = yield from self._call(arc.condition, arc)
            accepted = accepts(value)
            self.tried.append((arc, accepted))
            if accepted:
                return arc
        self.site = Site(state.name, "arcs", place=state.place)
        raise no_open_arc(state)

    def _count(self, way: Way, target: int, networks: tuple[str, ...]) -> None:
        """Count a transition to the state of index `target` within `networks`."""
        most = self.plan.max_transitions
        if self.transitions == most:
            self.site = Site(self.path[-1], "transitions", way.name, place=way.place)
            state = called(self.plan.states[target].name, networks)
            raise TransitionLimitError(limit_message(most, self.path, state))
        self.transitions += 1

    def transforms(self) -> Steps[RecordError | None]:
        """Run the transforms of the state, and nothing else of it; give how they failed."""
        state = self.plan.states[self.at]
        steps = self._transforms(state)
        if state.timeout_s is not None:
            steps = self._limited(state.timeout_s, StateTimeoutError, steps)
        try:
            yield from steps
        except Exception as raised:
            return self._failure(raised)
        return None

    def _transforms(self, state: PlannedState) -> Steps[None]:
        for step in state.entry:
            if step.role in ("resources", "transform"):
                yield from self._run(step)

    def _run(self, step: Step, arc: PlannedArc | None = None) -> Steps[None]:
        if step.role in CHECKS:
            require((yield from self._call(step, arc)))
            return
        self.site = Site(step.state, step.role, arc.name if arc else None, step)
        given = deep_copy(self.record) if step.copies_in else self.record
        view = self._view(step, given)
        value = yield from self._call(step, arc, view)
        result = settle(value, view if step.function.style == "view" else given)
        if step.copies_out:
            result = deep_copy(result)
        self.record = replace_in_place(self.record, result) if step.in_place else result

    def _call(
        self, step: Step, arc: PlannedArc | None, view: StateView | None = None
    ) -> Generator[Request, Reply, Any]:
        self.site = Site(step.state, step.role, arc.name if arc else None, step)
        if view is None:
            given = deep_copy(self.record) if step.copies_in else self.record
            view = self._view(step, given)
        reply = yield Call(step, self._arguments(step, view))
        if reply.error is not None:
            raise CallFailedError from reply.error
        return reply.value

    def _arguments(self, step: Step, view: StateView) -> tuple[Any, ...]:
        named = step.function.named
        if step.function.style == "view":
            return (view, view) if named else (view,)
        if step.function.style == "record":
            return (view.data,)
        bound = (self.moment, step.number, self.caught)
        context = Context(step.state, step.network, step.resources, *bound)
        return (view.data, context, context) if named else (view.data, context)

    def _view(self, step: Step, given: Record) -> StateView:
        bound = (self.moment, step.number, self.caught)
        return StateView(given, step.state, step.resources, *bound)
