"""Conditions: breakpoints, some only for records of a kind, as inline code of a config."""

from __future__ import annotations

from dataclasses import dataclass

from statepipe.errors import ConfigError, UsageError
from statepipe.functions.function import Function
from statepipe.functions.reference import Reference, resolve
from statepipe.functions.view import Context, StateView
from statepipe.plan.values import accepts
from statepipe.record import Record
from statepipe.source_text import SourceText


@dataclass(frozen=True, slots=True, eq=False)
class Breakpoint:
    """A state before which records are to stand: all, or those that `condition` accepts."""

    state: str
    text: str | None = None
    condition: Function | None = None

    def __str__(self) -> str:
        return self.state if self.text is None else f"{self.state} if {self.text}"

    def holds(self, record: Record, network: str) -> bool:
        """Tell whether `record` is to stand. What the condition raises is passed on."""
        function = self.condition
        if function is None:
            return True
        if function.style == "record":
            return accepts(function.call(record))
        if function.style == "view":
            return accepts(function.call(StateView(record, self.state)))
        return accepts(function.call(record, Context(self.state, network)))


def breakpoint_at(state: str, text: str | None, *, trusted: bool) -> Breakpoint:
    """Return a breakpoint whose condition is inline code; UsageError tells what is wrong with it.

    It may do what the inline code of the flow may.
    """
    if text is None:
        return Breakpoint(state)
    source = SourceText.of_keys(text, "condition")
    reference = Reference("inline", source.place, code=source)
    try:
        function = resolve(reference, registered={}, trusted=trusted)
    except ConfigError as error:
        problem = error.problems[0]
        advice = f"; {problem.advice}" if problem.advice else ""
        raise UsageError(f"the condition {text!r}: {problem.message}{advice}") from error
    if function.is_async:
        raise UsageError(f"the condition {text!r} is async; it has to answer at once")
    if function.named:
        raise UsageError(f"the condition {text!r} asks for what belongs to a run, and may not")
    return Breakpoint(state, text, function)
