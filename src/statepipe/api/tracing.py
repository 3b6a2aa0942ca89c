"""Traces and profiles: what the steps of a record were, and where its time went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from statepipe.api.step_result import StepResult
from statepipe.plan.journal import snapshot
from statepipe.plan.stepping import Move
from statepipe.record import Record


def trace_entries(result: StepResult) -> list[dict[str, Any]]:
    """Return a step as entries of a trace; the last has `error` where the record failed for good.

    One entry, but where the record came to an end state whose failure was caught: then one more
    for each way on from there.
    """
    found = [entry for move in result.moves for entry in ways_of(move, result.timestamp)]
    return found if result.success else [*found[:-1], {**found[-1], "error": result.error}]


def ways_of(move: Move, timestamp: float) -> Iterator[dict[str, Any]]:
    """Yield the ways of a move, state by state."""
    came = [event for event in move.journal.events if event.kind == "enter"]
    at_once = came[1:-1] if move.number == 1 else came[:-1]  # the first step tells of its start too
    stood = move.before.state
    for event, way in zip(at_once, move.journal.ways, strict=False):  # the last way is the move's
        yield entry_of(stood, event.state, way, event.record, timestamp)
        stood = event.state
    yield entry_of(stood, move.to_state, move.way, move.after, timestamp)


def entry_of(stood: str, came: str, way: str | None, data: Record, at: float) -> dict[str, Any]:
    return {
        "from_state": stood,
        "to_state": came,
        "transition": way,
        "data": snapshot(data),
        "timestamp": at,
    }


class Profile:
    """Adds up the time of steps, state by state. Seconds throughout."""

    def __init__(self) -> None:
        self._spans: dict[str, list[float]] = {}
        self._transitions = 0

    def add(self, result: StepResult) -> None:
        for move in result.moves:
            into = int(move.way is not None)  # a state is not left by going into a network
            self._transitions += len(move.journal.ways) or into
            for state, seconds in move.spans:
                self._spans.setdefault(state, []).append(seconds)

    def report(self, state: str, data: Record, error: str | None) -> dict[str, Any]:
        """Return the profile of a record that is at `state` now.

        `error` is there where the record has failed for good.
        """
        total = sum(map(sum, self._spans.values()))
        report = {
            "total_time": total,
            "transitions": self._transitions,
            "states_visited": len(self._spans),
            "avg_transition_time": total / self._transitions if self._transitions else 0.0,
            "state_times": {name: times(spans) for name, spans in self._spans.items()},
            "final_state": state,
            "final_data": data,
        }
        return report if error is None else {**report, "error": error}


def times(spans: Iterable[float]) -> dict[str, float]:
    found = list(spans)
    return {
        "count": len(found),
        "total": sum(found),
        "avg": sum(found) / len(found),
        "min": min(found),
        "max": max(found),
    }
