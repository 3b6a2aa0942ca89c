"""The reference engine: one record, step by step. What it does is what every engine must do."""

from __future__ import annotations

from collections.abc import Generator
from itertools import count
from typing import Any, TypeAlias

from statepipe.errors import RecordError
from statepipe.functions.moment import NO_PROMISE, Promise
from statepipe.functions.view import Caught, Context, StateView
from statepipe.plan.drive import (
    Call,
    Pause,
    Reply,
    Request,
    Steps,
    Within,
    check_timing,
    drive,
    drive_async,
)
from statepipe.plan.failure import Site, no_open_arc, record_error
from statepipe.plan.model import (
    CHECKS,
    Plan,
    PlannedArc,
    PlannedCatch,
    PlannedState,
    Recovery,
    Step,
)
from statepipe.plan.recover import (
    Kept,
    caught,
    delay_s,
    first_catch,
    may_recover,
    restored,
    retries,
)
from statepipe.plan.refusals import RecordTimeoutError, StateTimeoutError, TransitionLimitError
from statepipe.plan.values import accepts, deep_copy, replace_in_place, require, settle
from statepipe.record import DataHandlingMode, Outcome, Record
from statepipe.timing import Timing

Way: TypeAlias = "PlannedArc | PlannedCatch"


def interpret(
    plan: Plan, record: Record, moment: Promise = NO_PROMISE, timing: Timing | None = None
) -> Outcome:
    """Run one record through a plan without async functions. `record` is the plan's own."""
    after = list(moment)
    outcome = finish(Walk(plan, record, moment=moment), timing)
    conclude(plan, outcome, after, timing)
    return outcome


async def interpret_async(
    plan: Plan, record: Record, moment: Promise = NO_PROMISE, timing: Timing | None = None
) -> Outcome:
    """Run one record through a plan, awaiting what has to be awaited."""
    after = list(moment)
    outcome = await finish_async(Walk(plan, record, moment=moment), timing)
    await conclude_async(plan, outcome, after, timing)
    return outcome


def own(plan: Plan, record: Record) -> Record:
    """Return `record` as the plan may have it: a copy in COPY mode, else the caller's object."""
    return deep_copy(record) if plan.mode is DataHandlingMode.COPY else record


class Walk:
    """One record on its way: where it is, what it is, and the states it has been in.

    `steps()` hands out every call of user code and is sent its reply, so that the same walk
    serves blocking and async callers and a debugger. `caught` is the last error that `catch`
    has dealt with. `tried` are the ways out of states that were tried, in order, and whether each
    was chosen: arcs, and of clauses of `catch` those that were.
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
    ) -> None:
        self.plan = plan
        self.record = record
        self.at = plan.start if at is None else at
        self.path = list(path)
        self.transitions = transitions
        self.tried: list[tuple[Way, bool]] = []
        self.moment = moment
        self.caught = caught
        self.site = Site(plan.states[self.at].name, "arcs", place=plan.states[self.at].place)

    def steps(self) -> Steps[Outcome]:
        """Take the record to its end, from the entry of the state where it is."""
        way = self._walk()
        if self.plan.timeout_s is not None:
            way = self._limited(self.plan.timeout_s, RecordTimeoutError, way)
        return (yield from self._outcome(way))

    def steps_after(self, failed: RecordError, kept: Record | Kept) -> Steps[Outcome]:
        """As `steps`, from where another engine's first attempt at the state has failed.

        The path ends with that state, whose record on entry was `kept`.
        """
        return (yield from self._outcome(self._walk_on(failed, kept)))

    def _outcome(self, way: Steps[None]) -> Steps[Outcome]:
        error: RecordError | None = None
        try:
            yield from way
        except _FailedError as failed:
            error = failed.error
        except Exception as raised:
            # User code's, or our refusal on its account: the record's failure either way.
            error = self._failure(raised)
        if error is not None and self.caught is not None:
            error.notes = (*error.notes, earlier(self.caught))
        state = self.plan.states[self.at].name
        return Outcome(self.record, tuple(self.path), state, error)

    def _failure(self, raised: Exception) -> RecordError:
        return record_error(
            self.site, cause_of(raised), tuple(self.path), self.record, hide=self.plan.hide
        )

    def _walk(self) -> Steps[None]:
        while True:
            state = self.plan.states[self.at]
            self.path.append(state.name)
            way = yield from self._through(state)
            if way is None:
                return
            self.at = way.target

    def _walk_on(self, failed: RecordError, kept: Record | Kept) -> Steps[None]:
        state = self.plan.states[self.at]
        assert state.recovery is not None
        way = yield from self._recovering(state, state.recovery, kept, failed)
        if way is not None:
            self.at = way.target
            yield from self._walk()

    def _through(self, state: PlannedState) -> Steps[Way | None]:
        """Take the record through a state; give the way that it leaves by, None at an end."""
        recovery = state.recovery
        if recovery is None:
            return (yield from self._attempt(state))
        self.site = Site(state.name, "arcs", place=state.place)
        kept = Kept(self.record) if recovery.keeps else self.record
        return (yield from self._recovering(state, recovery, kept, None))

    def _recovering(
        self,
        state: PlannedState,
        recovery: Recovery,
        kept: Record | Kept,
        failed: RecordError | None,
    ) -> Steps[Way | None]:
        """Try a state until it is passed, or caught; `failed` is how the first attempt ended.

        Source: docs/semantics.md, "Retry" and "Catch".
        """
        transitions = self.transitions
        for attempts in count(1):
            if failed is None:
                try:
                    return (yield from self._attempt(state))
                except Exception as raised:
                    failed = self._failure(raised)
            cause = failed.__cause__
            assert cause is not None
            again = may_recover(cause) and retries(recovery.retry, attempts, cause)
            clause = first_catch(recovery, cause) if may_recover(cause) and not again else None
            if not again and clause is None:
                raise _FailedError(failed)
            self.record, self.transitions = restored(kept), transitions
            if clause is not None:
                self.caught = caught(failed)
                self.tried.append((clause, True))
                self._count(clause)
                return clause
            yield from self._wait(recovery, attempts)
            failed = None
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
        arc = yield from self._limited(state.timeout_s, StateTimeoutError, steps)
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
        self._count(arc)
        for step in arc.transforms:
            yield from self._run(step, arc)
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

    def _count(self, arc: Way) -> None:
        if self.transitions == self.plan.max_transitions:
            self.site = Site(self.path[-1], "transitions", arc.name, place=arc.place)
            raise TransitionLimitError(limit_message(self.plan, self.path, arc))
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
            raise _CallFailedError from reply.error
        return reply.value

    def _arguments(self, step: Step, view: StateView) -> tuple[Any, ...]:
        named = step.function.named
        if step.function.style == "view":
            return (view, view) if named else (view,)
        if step.function.style == "record":
            return (view.data,)
        plan = self.plan
        bound = (self.moment, step.number, self.caught)
        context = Context(step.state, plan.network, step.resources, *bound)
        return (view.data, context, context) if named else (view.data, context)

    def _view(self, step: Step, given: Record) -> StateView:
        bound = (self.moment, step.number, self.caught)
        return StateView(given, step.state, step.resources, *bound)


class _FailedError(Exception):
    """Carries the error of a record that no retry and no catch has helped."""

    def __init__(self, error: RecordError) -> None:
        super().__init__()
        self.error = error


class _CallFailedError(Exception):
    """Carries what user code raised through generators, which a bare StopIteration cannot pass."""


def cause_of(raised: Exception) -> Exception:
    """Return what user code raised, given what came out of the generators. Source: PEP 479."""
    cause = raised.__cause__
    carried = isinstance(raised, _CallFailedError)
    if carried or (isinstance(raised, RuntimeError) and isinstance(cause, StopIteration)):
        assert isinstance(cause, Exception)
        return cause
    return raised


def earlier(caught: Caught) -> str:
    return f"caught before, at state {caught['state']!r}: {caught['message']}"


def limit_message(plan: Plan, path: list[str], arc: Way) -> str:
    """Return what to say of a record that takes one arc too many, and names the loop if any."""
    message = f"more than {plan.max_transitions} transitions"
    loop = last_loop([*path, plan.states[arc.target].name])
    return f"{message}, in the loop {' -> '.join(loop)}" if loop else message


def last_loop(path: list[str]) -> list[str]:
    """Return the end of `path` from the last earlier visit of its last state; [] if none."""
    last = path[-1]
    for index in range(len(path) - 2, -1, -1):
        if path[index] == last:
            return path[index:]
    return []


def finish(walk: Walk, timing: Timing | None = None) -> Outcome:
    """Do all that `walk` asks for until its record has an outcome. Nothing may need awaiting."""
    check_timing(walk.plan, timing)
    return drive(walk.steps(), timing)


async def finish_async(walk: Walk, timing: Timing | None = None) -> Outcome:
    """As `finish`, awaiting what async functions give."""
    check_timing(walk.plan, timing)
    return await drive_async(walk.steps(), timing)


def aftermath(plan: Plan, outcome: Outcome, moment: Promise) -> Steps[tuple[str, ...]]:
    """Run the transforms of the `run_on_failure` states for a record that has failed for good.

    What they give goes nowhere; what fails in them is told in notes.
    """
    notes: list[str] = []
    assert outcome.error is not None
    for index in plan.on_failure:
        walk = Walk(plan, outcome.data, at=index, moment=moment, caught=caught(outcome.error))
        failed = yield from walk.transforms()
        if failed is not None:
            at = f" ({failed.place})" if failed.place is not None else ""
            notes.append(f"on failure, state {failed.state!r} failed too: {failed.message}{at}")
    return tuple(notes)


def conclude(plan: Plan, outcome: Outcome, moment: Promise, timing: Timing | None) -> None:
    """Do what a network does for a record that has failed for good; note on its error how."""
    if outcome.error is not None and plan.on_failure:
        outcome.error.notes += drive(aftermath(plan, outcome, moment), timing)


async def conclude_async(
    plan: Plan, outcome: Outcome, moment: Promise, timing: Timing | None
) -> None:
    """As `conclude`, awaiting what async functions give."""
    if outcome.error is not None and plan.on_failure:
        outcome.error.notes += await drive_async(aftermath(plan, outcome, moment), timing)
