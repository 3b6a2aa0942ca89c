"""The reference engine: one record, step by step. What it does is what every engine must do."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from statepipe.errors import RecordError
from statepipe.functions.moment import NO_PROMISE, Promise
from statepipe.functions.view import Context, StateView
from statepipe.plan.failure import Site, no_open_arc, record_error
from statepipe.plan.model import CHECKS, Plan, PlannedArc, PlannedState, Step
from statepipe.plan.refusals import TransitionLimitError, cancelled_within
from statepipe.plan.values import accepts, deep_copy, replace_in_place, require, settle
from statepipe.record import DataHandlingMode, Outcome, Record


@dataclass(frozen=True, slots=True)
class Call:
    """User code to be called now, with these arguments."""

    step: Step
    arguments: tuple[Any, ...]  # a view, a record and a context, or a record


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call gave, or the exception that it raised."""

    value: Any = None  # user code's value
    error: Exception | None = None


Steps = Generator[Call, Reply, Any]


def interpret(plan: Plan, record: Record, moment: Promise = NO_PROMISE) -> Outcome:
    """Run one record through a plan without async functions. `record` is the plan's own."""
    return finish(Walk(plan, record, moment=moment))


async def interpret_async(plan: Plan, record: Record, moment: Promise = NO_PROMISE) -> Outcome:
    """Run one record through a plan, awaiting what has to be awaited."""
    return await finish_async(Walk(plan, record, moment=moment))


def own(plan: Plan, record: Record) -> Record:
    """Return `record` as the plan may have it: a copy in COPY mode, else the caller's object."""
    return deep_copy(record) if plan.mode is DataHandlingMode.COPY else record


class Walk:
    """One record on its way: where it is, what it is, and the states it has been in.

    `steps()` hands out every call of user code and is sent its reply, so that the same walk
    serves blocking and async callers and a debugger.
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
    ) -> None:
        self.plan = plan
        self.record = record
        self.at = plan.start if at is None else at
        self.path = list(path)
        self.transitions = transitions
        self.moment = moment
        self.site = Site(plan.states[self.at].name, "arcs", place=plan.states[self.at].place)

    def steps(self) -> Generator[Call, Reply, Outcome]:
        error: RecordError | None = None
        try:
            yield from self._walk()
        except Exception as raised:
            # User code's, or our refusal on its account: the record's failure either way.
            error = record_error(self.site, cause_of(raised), tuple(self.path), self.record)
        state = self.plan.states[self.at].name
        return Outcome(self.record, tuple(self.path), state, error)

    def _walk(self) -> Steps:
        while True:
            state = self.plan.states[self.at]
            self.path.append(state.name)
            for step in state.entry:
                yield from self._run(step)
            if state.is_end:
                return
            arc = yield from self._choose(state)
            self._count(arc)
            for step in arc.transforms:
                yield from self._run(step, arc)
            self.at = arc.target

    def _choose(self, state: PlannedState) -> Generator[Call, Reply, PlannedArc]:
        """Give the first arc that accepts the record. Source: docs/semantics.md, "Arcs"."""
        for arc in state.arcs:
            if arc.condition is None:
                return arc
            value = yield from self._call(arc.condition, arc)
            if accepts(value):
                return arc
        self.site = Site(state.name, "arcs", place=state.place)
        raise no_open_arc(state)

    def _count(self, arc: PlannedArc) -> None:
        if self.transitions == self.plan.max_transitions:
            self.site = Site(self.path[-1], "transitions", arc.name, place=arc.place)
            raise TransitionLimitError(limit_message(self.plan, self.path, arc))
        self.transitions += 1

    def _run(self, step: Step, arc: PlannedArc | None = None) -> Steps:
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
    ) -> Generator[Call, Reply, Any]:
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
        context = Context(step.state, plan.network, plan.resources, self.moment, step.number)
        return (view.data, context, context) if named else (view.data, context)

    def _view(self, step: Step, given: Record) -> StateView:
        return StateView(given, step.state, self.plan.resources, self.moment, step.number)


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


def limit_message(plan: Plan, path: list[str], arc: PlannedArc) -> str:
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


def finish(walk: Walk) -> Outcome:
    """Make all calls of `walk` until its record has an outcome. Nothing may need awaiting."""
    steps = walk.steps()
    reply: Reply | None = None
    while True:
        try:
            call = next(steps) if reply is None else steps.send(reply)
        except StopIteration as done:
            outcome: Outcome = done.value
            return outcome
        try:
            reply = Reply(call.step.function.call(*call.arguments))
        except Exception as error:
            reply = Reply(error=error)


async def finish_async(walk: Walk) -> Outcome:
    """Make all calls of `walk`, awaiting those of async functions."""
    steps = walk.steps()
    reply: Reply | None = None
    while True:
        try:
            call = next(steps) if reply is None else steps.send(reply)
        except StopIteration as done:
            outcome: Outcome = done.value
            return outcome
        try:
            value = call.step.function.call(*call.arguments)
            reply = Reply(await value if call.step.function.is_async else value)
        except Exception as error:
            reply = Reply(error=error)
        except CancelledError as error:
            reply = Reply(error=cancelled_within(error).with_traceback(error.__traceback__))
