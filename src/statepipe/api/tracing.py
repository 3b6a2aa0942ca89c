"""Traces and profiles: what the steps of a record were, and where its time went."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from statepipe.api.step_result import StepResult
from statepipe.record import Record


def trace_entry(result: StepResult) -> dict[str, Any]:
    """Return a step as an entry of a trace; with `error` where the record has failed for good."""
    entry = {
        "from_state": result.from_state,
        "to_state": result.to_state,
        "transition": result.transition,
        "data": result.data_after,
        "timestamp": result.timestamp,
    }
    return entry if result.success else {**entry, "error": result.error}


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
