"""Breakpoints: states before which a record is to stand, some only for records of a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from statepipe.api.asked import Asked, StepContext, answered, asked
from statepipe.errors import ConfigError, Place, UsageError
from statepipe.functions.reference import Reference, resolve
from statepipe.graph.names import named
from statepipe.plan.values import accepts
from statepipe.record import Record
from statepipe.source_text import SourceText

Condition = str | Callable[..., Any]
"""Inline code as in a config, or a function: it accepts the record, and the breakpoint holds."""


@dataclass(frozen=True, slots=True, eq=False)
class Breakpoint:
    """`text` is the condition as it was written, None without one."""

    state: str
    text: str | None = None
    condition: Asked | None = None


class Breakpoints:
    """Those of one machine, by the names that paths have for states."""

    def __init__(self, network: str) -> None:
        self._network = network
        self._by_state: dict[str, Breakpoint] = {}

    @property
    def states(self) -> set[str]:
        return set(self._by_state)

    @property
    def conditions(self) -> dict[str, str | None]:
        """Each state with its condition as text, None where every record is to stand."""
        return {name: each.text for name, each in self._by_state.items()}

    def add(self, state: str, condition: Condition | None, known: Iterable[str]) -> None:
        """Add one, or put it in the place of that of the same state. Raises UsageError."""
        check_state(state, known)
        self._by_state[state] = breakpoint_at(state, condition)

    def remove(self, state: str) -> None:
        """Raises UsageError where there is none."""
        if state not in self._by_state:
            there_are = ", ".join(self._by_state) or "none"
            raise UsageError(f"there is no breakpoint at {state!r}; there are: {there_are}")
        del self._by_state[state]

    def clear(self) -> None:
        self._by_state.clear()

    def holds(self, state: str, record: Record, variables: dict[str, Any]) -> bool:
        """Tell whether a record is to stand before `state`. A condition's error is passed on."""
        found = self._by_state.get(state)
        if found is None:
            return False
        if found.condition is None:
            return True
        context = StepContext(state, self._network, variables)
        verdict = answered(found.condition(record, context), f"the condition at {state!r}")
        return accepts(verdict)


def breakpoint_at(state: str, condition: Condition | None) -> Breakpoint:
    if condition is None:
        return Breakpoint(state)
    what = f"the condition of the breakpoint at {state!r}"
    if isinstance(condition, str):
        called, text = compiled(condition, what), condition
    else:
        called, text = asked(condition, what), str(named(condition))
    if called.is_async:
        raise UsageError(f"{what} is async; it has to answer at once")
    return Breakpoint(state, text, called)


def compiled(text: str, what: str) -> Asked:
    """Return inline code, ready to be called. UsageError shows what is wrong with it."""
    code = SourceText.of_keys(text, "condition")
    try:
        function = resolve(
            Reference("inline", Place("condition"), code=code), registered={}, trusted=True
        )
    except ConfigError as error:
        raise UsageError(f"{what}: {error}") from error
    if function.named:
        raise UsageError(f"{what} asks for what is bound to a record's run, and may not")
    return Asked(function.call, function.style, function.is_async)


def check_state(state: object, known: Iterable[str]) -> None:
    """Raise UsageError unless `state` is one of those that are `known`."""
    names = list(known)
    if state not in names:
        raise UsageError(f"there is no state {state!r}; the states are {', '.join(names)}")
