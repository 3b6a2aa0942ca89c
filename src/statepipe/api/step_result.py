"""StepResult: a step as users see it, and what traces and profiles are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from statepipe.errors import RecordError
from statepipe.functions.function import Function
from statepipe.plan.journal import Called, Tried, snapshot
from statepipe.plan.stepping import Move
from statepipe.record import Record


@dataclass(frozen=True, slots=True)
class StepResult:
    """A step that was made, or what there was to see instead.

    The record went from `from_state` to `to_state` by the arc `transition`; None if by none.
    `data_before` and `data_after` are copies. `duration` is in seconds, `timestamp` in seconds
    since the epoch. `success` is false where the record has failed for good: `error` is one line,
    `record_error` all that is known. `failed_states` are those that it failed at in this step, be
    it until it was caught. `is_complete`: nothing is left to do. `recorded`: it was made before,
    and is shown again. `tried` are the arcs that were tried, and `functions` those that ran.
    """

    from_state: str
    to_state: str
    transition: str | None
    data_before: Record
    data_after: Record
    duration: float
    success: bool
    error: str | None = None
    at_breakpoint: bool = False
    is_complete: bool = False
    failed_states: list[str] = field(default_factory=list)
    timestamp: float = 0.0
    recorded: bool = False
    record_error: RecordError | None = field(default=None, repr=False)
    moves: tuple[Move, ...] = field(default=(), repr=False, compare=False)

    @property
    def tried(self) -> list[dict[str, Any]]:
        """The arcs that were tried, in order: `name`, `target`, `accepted`, `reason`."""
        return [asked(tried) for move in self.moves for tried in move.journal.tried]

    @property
    def functions(self) -> list[dict[str, Any]]:
        """The functions that ran, in order: state, role, arc, duration, error."""
        return [told(called) for move in self.moves for called in move.journal.calls]


def result_of(move: Move, timestamp: float) -> StepResult:
    """Return a move as users see it, with a record of their own."""
    error = move.error
    return StepResult(
        from_state=move.before.state,
        to_state=move.to_state,
        transition=move.way,
        data_before=snapshot(move.before.record),
        data_after=snapshot(move.after),
        duration=move.seconds,
        success=error is None,
        error=error.message if error is not None else None,
        at_breakpoint=move.held,
        is_complete=move.is_last,
        failed_states=list(move.failed),
        timestamp=timestamp,
        record_error=error,
        moves=(move,),
    )


def standing(state: str, data: Record, error: RecordError | None) -> StepResult:
    """Return what there is to see of a record that is done: no step."""
    return StepResult(
        from_state=state,
        to_state=state,
        transition=None,
        data_before=data,
        data_after=data,
        duration=0.0,
        success=error is None,
        error=error.message if error is not None else None,
        is_complete=True,
        record_error=error,
    )


def joined(results: Sequence[StepResult]) -> StepResult:
    """Return several steps in a row as one: from where the first began to where the last ended."""
    first, last = results[0], results[-1]
    if len(results) == 1:
        return first
    failed = [state for result in results for state in result.failed_states]
    return replace(
        last,
        from_state=first.from_state,
        data_before=first.data_before,
        duration=sum(result.duration for result in results),
        failed_states=list(dict.fromkeys(failed)),
        moves=tuple(move for result in results for move in result.moves),
    )


def asked(tried: Tried) -> dict[str, Any]:
    return {
        "name": tried.name,
        "target": tried.target,
        "accepted": tried.chosen,
        "reason": tried.reason,
    }


def told(called: Called) -> dict[str, Any]:
    """Return what is known of a call of user code, in words and numbers."""
    return {
        "state": called.step.state,
        "role": called.step.role,
        "function": name_of(called.step.function),
        "arc": called.arc,
        "duration": called.seconds,
        "reason": called.reason,
        "error": None if called.error is None else type(called.error).__name__,
    }


def name_of(function: Function) -> str:
    """Return the author's own text where there is one, else what the function is called."""
    return function.label if function.code is None else function.code.source.text.strip()
