"""RunningMachine: a stepped machine that goes on by itself: to a breakpoint, for a trace."""

from __future__ import annotations

from typing import Any

from statepipe.api.context import ExecutionContext
from statepipe.api.modes import ExecutionMode
from statepipe.api.step_result import StepResult
from statepipe.api.stepping import MAX_STEPS, SteppedMachine
from statepipe.api.tracing import Profile, trace_entries
from statepipe.errors import UsageError
from statepipe.record import Record


class RunningMachine(SteppedMachine):
    """Makes many steps in one call, up to `max_steps`, and none that nobody asked for."""

    def run_until_breakpoint_sync(
        self, context: ExecutionContext, max_steps: int = MAX_STEPS
    ) -> StepResult | None:
        """Make steps until the record stands at a breakpoint, or is done; return the last.

        Called again, goes on from there. None where `max_steps` led to neither, and for a record
        that is done.
        """
        check_max_steps(max_steps)
        for _ in range(max_steps):
            if context.is_complete():
                return None
            result = self.execute_step_sync(context)
            if self._stands(result):
                return result
        return None

    async def run_until_breakpoint(
        self, context: ExecutionContext, max_steps: int = MAX_STEPS
    ) -> StepResult | None:
        """As `run_until_breakpoint_sync`, in a loop, which has its turn after each step."""
        check_max_steps(max_steps)
        for _ in range(max_steps):
            if context.is_complete():
                return None
            result = await self.execute_step_async(context)
            if self._stands(result):
                return result
        return None

    def trace_execution_sync(
        self, data: Record, initial_state: str | None = None, max_steps: int = MAX_STEPS
    ) -> list[dict[str, Any]]:
        """Run a record, past all breakpoints, for `max_steps` at most; return its ways.

        Each has `from_state`, `to_state`, `transition`, `data` and `timestamp`; the one that the
        record failed on has `error` too.
        """
        return trace_of(self._run_sync(data, initial_state, max_steps))

    async def trace_execution(
        self, data: Record, initial_state: str | None = None, max_steps: int = MAX_STEPS
    ) -> list[dict[str, Any]]:
        """As `trace_execution_sync`, in a loop."""
        return trace_of(await self._run(data, initial_state, max_steps))

    def profile_execution_sync(
        self, data: Record, initial_state: str | None = None, max_steps: int = MAX_STEPS
    ) -> dict[str, Any]:
        """Run a record as `trace_execution_sync` does; return where its time went, in seconds.

        `states_visited` is the number of states that ran; `state_times` tells of each.
        """
        return profile_of(self._run_sync(data, initial_state, max_steps))

    async def profile_execution(
        self, data: Record, initial_state: str | None = None, max_steps: int = MAX_STEPS
    ) -> dict[str, Any]:
        """As `profile_execution_sync`, in a loop."""
        return profile_of(await self._run(data, initial_state, max_steps))

    # -- within ----------------------------------------------------------------------------

    def _run_sync(self, data: Record, state: str | None, max_steps: int) -> list[StepResult]:
        check_max_steps(max_steps)
        steps: list[StepResult] = []
        with self.execution_context_sync(data, initial_state=state) as context:
            while len(steps) < max_steps and not context.is_complete():
                steps.append(self._step(context))
        return steps

    async def _run(self, data: Record, state: str | None, max_steps: int) -> list[StepResult]:
        check_max_steps(max_steps)
        steps: list[StepResult] = []
        async with self.execution_context(data, initial_state=state) as context:
            while len(steps) < max_steps and not context.is_complete():
                steps.append(await self._step_async(context))
        return steps

    def _stands(self, result: StepResult) -> bool:
        failed = self.execution_mode is ExecutionMode.DEBUG and bool(result.failed_states)
        return result.at_breakpoint or result.is_complete or failed


def trace_of(steps: list[StepResult]) -> list[dict[str, Any]]:
    return [entry for step in steps for entry in trace_entries(step)]


def profile_of(steps: list[StepResult]) -> dict[str, Any]:
    profile = Profile()
    for step in steps:
        profile.add(step)
    last = steps[-1]
    return profile.report(last.to_state, last.data_after, last.error)


def check_max_steps(max_steps: object) -> None:
    """Raise UsageError unless it is a number of steps."""
    if not isinstance(max_steps, int) or isinstance(max_steps, bool) or max_steps < 1:
        raise UsageError(f"max_steps must be a whole number of at least 1, not {max_steps!r}")
