"""SteppedMachine: contexts and their steps, blocking or not: what AdvancedFSM is built on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from types import TracebackType
from typing import Any, Self

from statepipe.api.assemble import Core, Functions, checked_record
from statepipe.api.breakpoints import Breakpoints, Condition
from statepipe.api.context import ExecutionContext
from statepipe.api.history import HistoryKeeping
from statepipe.api.hooks import ExecutionHook, HookCall, Hooks
from statepipe.api.inspecting import state_names
from statepipe.api.machine import ConfiguredMachine
from statepipe.api.modes import ExecutionMode, check_member
from statepipe.api.resources import in_use, in_use_here
from statepipe.api.session import Session
from statepipe.api.simple import SimpleFSM
from statepipe.api.single import moments_of
from statepipe.api.step_result import StepResult, joined, result_of, standing
from statepipe.config.load import Config
from statepipe.errors import UsageError
from statepipe.plan.interpret import own
from statepipe.plan.stepping import Holds, Move, Stepper, Stop
from statepipe.record import DataHandlingMode, Record

MAX_STEPS = 1000
"""How many steps one call makes where nothing holds."""


class SteppedMachine:
    """A machine whose records go from state to state, step by step, at the caller's pace."""

    def __init__(
        self,
        config_or_fsm: Config | ConfiguredMachine,
        execution_mode: ExecutionMode = ExecutionMode.STEP_BY_STEP,
        custom_functions: Functions | None = None,
        *,
        data_mode: DataHandlingMode = DataHandlingMode.COPY,
        resources: Mapping[str, Any] | None = None,
        trusted: bool | None = None,
    ) -> None:
        """Make a machine from a config, or take the one that an FSM has, with its resources.

        The other options are those of `SimpleFSM`, and hold for a config alone: an FSM has its own.
        """
        self.execution_mode = execution_mode
        self._owns = not isinstance(config_or_fsm, ConfiguredMachine)
        if isinstance(config_or_fsm, ConfiguredMachine):
            check_no_options(custom_functions, resources, trusted)
            self.fsm = config_or_fsm
        else:
            self.fsm = SimpleFSM(
                config_or_fsm, data_mode, resources, custom_functions, trusted=trusted
            )
        self._core: Core = self.fsm._core
        self._session = Session(self._core)
        self._breakpoints = Breakpoints(self._core.plan.network)
        self._hooks = Hooks(None)
        self._keys = count(1)
        self._histories = HistoryKeeping(self._core)

    # -- contexts --------------------------------------------------------------------------

    def create_context(
        self,
        data: Record,
        data_mode: DataHandlingMode | None = None,
        initial_state: str | None = None,
    ) -> ExecutionContext:
        """Return a context whose record stands before the start state, or `initial_state`.

        Nothing runs yet. `data_mode` None is that of the machine.
        """
        self._core.check_open()
        plan = self._session.plan_of(data_mode, initial_state)
        core = self._core
        record = own(plan, checked_record(data))
        moment = moments_of(core).promise(0)
        clock = core.clock.monotonic_s
        return self._context(Stepper(plan, record, clock=clock, moment=moment))

    def fork(self, context: ExecutionContext, data: Record | None = None) -> ExecutionContext:
        """Return another context, which goes on from what `context` shows, or with `data`.

        Its steps run anew; those behind it are not run again. A limit of time for the whole
        record begins anew, and ids and chance are those that `context` would get.
        """
        stop: Stop = context.stop()
        given = context.data if data is None and context.shown is not None else data
        if given is not None:
            checked_record(given)
        forked = self._context(context.stepper.forked(stop, given))
        forked.variables.update(context.variables)
        return forked

    @asynccontextmanager
    async def execution_context(
        self,
        data: Record,
        data_mode: DataHandlingMode | None = None,
        initial_state: str | None = None,
    ) -> AsyncIterator[ExecutionContext]:
        """Give a context; at the end, close what was opened and tear down what was set up."""
        async with in_use_here([self._core.resources]):
            context = self.create_context(data, data_mode, initial_state)
            try:
                yield context
            finally:
                await self._session.done_async(context.key)

    @contextmanager
    def execution_context_sync(
        self,
        data: Record,
        data_mode: DataHandlingMode | None = None,
        initial_state: str | None = None,
    ) -> Iterator[ExecutionContext]:
        """As `execution_context`, for blocking callers."""
        with in_use([self._core.resources]):
            context = self.create_context(data, data_mode, initial_state)
            try:
                yield context
            finally:
                self._session.done(context.key)

    def leave(self, context: ExecutionContext) -> None:
        """Tear down what was set up for a context that goes no further and for no other."""
        self._session.done(context.key)

    async def leave_async(self, context: ExecutionContext) -> None:
        """As `leave`, where the context's steps were made in a loop."""
        await self._session.done_async(context.key)

    def _context(self, stepper: Stepper) -> ExecutionContext:
        mode = self.execution_mode
        return ExecutionContext(
            stepper, next(self._keys), traces=mode.traces, profiles=mode.profiles
        )

    # -- steps -----------------------------------------------------------------------------

    def execute_step_sync(
        self, context: ExecutionContext, arc_name: str | None = None
    ) -> StepResult:
        """Make a step; `arc_name` is taken without asking its condition.

        A record that fails is a result with `success` False, not an exception. Of a record that
        is done, tells how it stands.
        """
        results: list[StepResult] = []
        while True:
            results.append(self._step(context, arc_name, self._holds(context)))
            if self._is_whole(context, results, arc_name):
                return joined(results)

    async def execute_step_async(
        self, context: ExecutionContext, arc_name: str | None = None
    ) -> StepResult:
        """As `execute_step_sync`, in a loop, which has its turn after each step.

        Functions that are not async run in a thread, unless the machine has async ones too.
        """
        results: list[StepResult] = []
        while True:
            results.append(await self._step_async(context, arc_name, self._holds(context)))
            if self._is_whole(context, results, arc_name):
                return joined(results)

    step = execute_step_async

    def _step(
        self, context: ExecutionContext, arc: str | None = None, holds: Holds | None = None
    ) -> StepResult:
        seen = self._seen(context, arc)
        if seen is not None:
            return seen
        self._hooks.check_blocking()
        steps = context.stepper.step(arc, holds)
        result = self._session.make(context.key, steps, self._noting(context))
        try:
            for call in self._calls(context, result):
                call.make()
        finally:
            if context.is_complete():
                self._session.done(context.key)
        return checked(result)

    async def _step_async(
        self, context: ExecutionContext, arc: str | None = None, holds: Holds | None = None
    ) -> StepResult:
        seen = self._seen(context, arc)
        if seen is not None:
            return seen
        steps = context.stepper.step(arc, holds)
        result = await self._session.make_async(context.key, steps, self._noting(context))
        try:
            for call in self._calls(context, result):
                await call.make_async()
            await asyncio.sleep(0)  # a loop of steps that never wait would let nobody else run
        finally:
            if context.is_complete():
                await self._session.done_async(context.key)
        return checked(result)

    # -- control ---------------------------------------------------------------------------

    @property
    def breakpoints(self) -> set[str]:
        """The states that have a breakpoint."""
        return self._breakpoints.states

    @property
    def breakpoint_conditions(self) -> dict[str, str | None]:
        """The breakpoints with their conditions as text, None where each record is to stand."""
        return self._breakpoints.conditions

    def add_breakpoint(self, state: str, condition: Condition | None = None) -> None:
        """Let records stand before `state`, or only those that `condition` accepts.

        `condition` is inline code as in a config, or a function. One more at the same state takes
        the place of the first.
        """
        self._breakpoints.add(state, condition, state_names(self._core.machine))

    def remove_breakpoint(self, state: str) -> None:
        self._breakpoints.remove(state)

    def clear_breakpoints(self) -> None:
        self._breakpoints.clear()

    @property
    def hooks(self) -> ExecutionHook | None:
        return self._hooks.given

    def set_hooks(self, hooks: ExecutionHook | None) -> None:
        """Call `hooks` from the next step on, in place of those before; None for none."""
        self._hooks = Hooks(hooks)

    def register_resource(self, name: str, resource: Any) -> None:  # whatever it offers
        """Show functions `resource` as `state.resources[name]`, before one of the config."""
        if not isinstance(name, str) or not name:
            raise UsageError(f"a resource's name must be a text, not {name!r}")
        self._core.resources.given[name] = resource

    @property
    def execution_mode(self) -> ExecutionMode:
        return self._mode

    @execution_mode.setter
    def execution_mode(self, mode: ExecutionMode) -> None:
        """Hold for steps from here on; whether a context keeps a trace is settled when it is made.

        Raises UsageError for what is no mode.
        """
        check_member("execution_mode", mode, ExecutionMode)
        self._mode = mode

    def close(self) -> None:
        """Tear down what was set up, and close the machine unless it is another FSM's.

        A step that is under way is waited for. Raises UsageError in a function of one.
        """
        self._begin_close()
        try:
            self._session.close()
        finally:
            if self._owns:
                self._core.close()

    async def aclose(self) -> None:
        """As `close`, also of what has to be closed in the event loop."""
        self._begin_close()
        try:
            await self._session.aclose()
        finally:
            if self._owns:
                await self._core.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    # -- within ----------------------------------------------------------------------------

    def _begin_close(self) -> None:
        """Let no further step begin."""
        self._session.check_not_within()
        if self._owns:
            self._core.refuse_work()

    def _seen(self, context: ExecutionContext, arc: str | None) -> StepResult | None:
        """Return what is to be shown in place of a step: one that was made, or the end."""
        if context.shown is not None:
            if arc is not None:
                raise UsageError("what was cannot go another way; fork it first")
            return context.forward()
        if context.is_complete():
            return standing(context.current_state, context.data, context.error)
        context.stepper.check_step(arc)
        return None

    def _holds(self, context: ExecutionContext) -> Holds:
        return lambda state, record: self._breakpoints.holds(state, record, context.variables)

    def _noting(self, context: ExecutionContext) -> Callable[[Move], StepResult]:
        def note(move: Move) -> StepResult:
            result = result_of(move, self._core.clock.now_s())
            context.note(result)
            self._histories.note(context.key, result)
            return result

        return note

    def _calls(self, context: ExecutionContext, result: StepResult) -> Iterator[HookCall]:
        events = result.moves[0].journal.events
        return self._hooks.calls(events, self._core.plan.network, context.variables)

    def _is_whole(
        self, context: ExecutionContext, results: list[StepResult], arc: str | None
    ) -> bool:
        """Tell whether a step of the caller's is over: in mode BREAKPOINT it may be several."""
        goes_on = self.execution_mode is ExecutionMode.BREAKPOINT and self.breakpoints
        if not goes_on or arc is not None or len(results) == MAX_STEPS:
            return True
        return results[-1].at_breakpoint or context.is_complete()


def checked(result: StepResult) -> StepResult:
    """Return a step; UsageError if a breakpoint's condition failed, where the record stands now."""
    fault = result.moves[0].fault
    if fault is not None:
        raise UsageError(
            f"the condition of the breakpoint at {result.to_state!r} failed: "
            f"{type(fault).__name__}: {fault}; the step was made"
        ) from fault
    return result


def check_no_options(*options: object) -> None:
    if any(option is not None for option in options):
        raise UsageError(
            "custom_functions, resources and trusted belong to a config; an FSM has its own"
        )
