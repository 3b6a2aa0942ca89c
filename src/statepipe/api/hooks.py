"""Hooks: functions of the caller's that hear of states being entered and left, and of errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from statepipe.api.asked import Asked, StepContext, answered, asked
from statepipe.errors import UsageError
from statepipe.plan.journal import Event
from statepipe.plan.recover import caught
from statepipe.record import Record

Hook = Callable[..., Any]
"""Called as a function of a config: with a state view, or with the data and a context. Its
record is a copy."""

NAMES = {"enter": "on_state_enter", "exit": "on_state_exit", "error": "on_error"}


@dataclass(frozen=True, slots=True, eq=False)
class HookCall:
    """A hook that is to be called, and with what."""

    name: str
    hook: Asked
    record: Record
    context: StepContext

    def make(self) -> None:
        """Call it. Raises UsageError where it gives something to await."""
        answered(self.hook(self.record, self.context), self.name)

    async def make_async(self) -> None:
        given = self.hook(self.record, self.context)
        if self.hook.is_async:
            await given
        else:
            answered(given, self.name)


@dataclass(frozen=True, slots=True)
class ExecutionHook:
    """What is called when a step has been made, once for each of these, in their order.

    `on_state_enter`: a record came to a state, before anything ran there. `on_state_exit`: it left
    a state, the arc's transforms included. `on_error`: an attempt at a state failed; `state.error`
    tells how. Each may be async for async callers. What a hook raises is raised to the caller.
    """

    on_state_enter: Hook | None = None
    on_state_exit: Hook | None = None
    on_error: Hook | None = None


class Hooks:
    """Hooks, ready to be called."""

    def __init__(self, hook: ExecutionHook | None) -> None:
        if hook is not None and not isinstance(hook, ExecutionHook):
            raise UsageError(f"hooks must be an ExecutionHook, not {type(hook).__name__}")
        self.given = hook
        self._asked: dict[str, Asked] = {}
        if hook is None:
            return
        targets = (hook.on_state_enter, hook.on_state_exit, hook.on_error)
        for kind, target in zip(NAMES, targets, strict=True):
            if target is not None:
                self._asked[kind] = asked(target, NAMES[kind])

    def check_blocking(self) -> None:
        """Raise UsageError where one of them has to be awaited."""
        for kind, each in self._asked.items():
            if each.is_async:
                raise UsageError(f"{NAMES[kind]} is async: use the async methods, as `step`")

    def calls(
        self, events: list[Event], network: str, variables: dict[str, Any]
    ) -> Iterator[HookCall]:
        """Yield the calls to be made for `events`, in their order."""
        for event in events:
            if event.kind in self._asked:
                error = caught(event.error) if event.error is not None else None
                context = StepContext(event.state, network, variables, error)
                yield HookCall(NAMES[event.kind], self._asked[event.kind], event.record, context)
