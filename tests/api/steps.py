"""What the tests of stepping share: a machine to step through, and both kinds of callers as one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from statepipe import AdvancedFSM, ExecutionContext, Record, StepResult

Given = TypeVar("Given")


def counting(limit: int = 3, **top: Any) -> dict[str, Any]:
    """Adds one at `add` until `n` is `limit`, then doubles it at `double`, and ends."""
    return {
        "name": "Counting",
        "states": [
            {
                "name": "add",
                "is_start": True,
                "transform": "lambda s: {**s.data, 'n': s['n'] + 1}",
                "metadata": {"owner": "sums"},
            },
            {"name": "double", "transform": "lambda s: {**s.data, 'n': s['n'] * 2}"},
            {"name": "done", "is_end": True},
        ],
        "arcs": [
            {
                "from": "add",
                "to": "double",
                "name": "enough",
                "priority": 1,
                "condition": f"lambda s: (s['n'] >= {limit}, 'counted')",
            },
            {"from": "add", "to": "add", "name": "again"},
            {"from": "double", "to": "done", "transform": "lambda s: {**s.data, 'ok': True}"},
        ],
        **top,
    }


class Blocking:
    """Steps made by a blocking caller."""

    def __init__(self, fsm: AdvancedFSM) -> None:
        self.fsm = fsm

    def step(self, context: ExecutionContext, arc: str | None = None) -> StepResult:
        return self.fsm.execute_step_sync(context, arc)

    def run(self, context: ExecutionContext, max_steps: int = 1000) -> StepResult | None:
        return self.fsm.run_until_breakpoint_sync(context, max_steps)

    def trace(self, data: Record, **given: Any) -> list[dict[str, Any]]:
        return self.fsm.trace_execution_sync(data, **given)

    def profile(self, data: Record, **given: Any) -> dict[str, Any]:
        return self.fsm.profile_execution_sync(data, **given)

    def end(self) -> None:
        """Close the machine. Twice is fine."""
        self.fsm.close()

    def close(self) -> None:
        self.end()


class InLoop:
    """The same in an event loop, which lasts for all of them."""

    def __init__(self, fsm: AdvancedFSM) -> None:
        self.fsm = fsm
        self._runner = asyncio.Runner()

    def step(self, context: ExecutionContext, arc: str | None = None) -> StepResult:
        return self._await(lambda: self.fsm.step(context, arc))

    def run(self, context: ExecutionContext, max_steps: int = 1000) -> StepResult | None:
        return self._await(lambda: self.fsm.run_until_breakpoint(context, max_steps))

    def trace(self, data: Record, **given: Any) -> list[dict[str, Any]]:
        return self._await(lambda: self.fsm.trace_execution(data, **given))

    def profile(self, data: Record, **given: Any) -> dict[str, Any]:
        return self._await(lambda: self.fsm.profile_execution(data, **given))

    def end(self) -> None:
        self._await(self.fsm.aclose)

    def close(self) -> None:
        self.end()
        self._runner.close()

    def _await(self, start: Callable[[], Awaitable[Given]]) -> Given:
        async def awaited() -> Given:
            return await start()

        return self._runner.run(awaited())


Caller = Blocking | InLoop


def to_the_end(caller: Caller, context: ExecutionContext) -> StepResult:
    while True:
        result = caller.step(context)
        if context.is_complete():
            return result
