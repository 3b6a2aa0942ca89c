"""Counts: what a run has done so far or in all; the one thing that every view shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from statepipe.cli.words import printable
from statepipe.errors import RecordError
from statepipe.run.progress import FailureGroup, Progress, StreamResult


@dataclass(frozen=True, slots=True)
class Counts:
    """`total` = the sum of `by_state` + `failed`; `malformed` is part of `failed`."""

    total: int
    failed: int
    malformed: int
    by_state: Mapping[str, int]
    groups: Sequence[FailureGroup]
    duration_s: float
    per_second: float
    workers_replaced: int = 0


NOTHING = Counts(0, 0, 0, {}, (), 0.0, 0.0)


def counts_of(seen: Progress | StreamResult | None) -> Counts:
    """Return the counts of a finished run, of one under way, or of one that did not begin."""
    match seen:
        case StreamResult():
            total, duration_s = seen.total_records, seen.duration
            per_second = seen.throughput
        case Progress():
            total, duration_s = seen.records_processed, seen.elapsed_time
            per_second = seen.records_per_second
        case None:
            return NOTHING
    groups = seen.failure_groups
    malformed = sum(group.count for group in groups if group.first.role == "read")
    return Counts(
        total,
        seen.failed,
        malformed,
        seen.by_state,
        groups,
        duration_s,
        per_second,
        seen.workers_replaced,
    )


def cause_of(error: RecordError) -> str:
    """Return what failed and where in the network, on one line."""
    message = printable(error.message)
    if error.role == "read":
        return f"malformed: {message}"
    where = f"{error.state}: " if error.state else ""
    return f"{printable(where)}{message}"


def largest(counts: Counts) -> list[FailureGroup]:
    """Return the groups of failures, the largest first."""
    return sorted(counts.groups, key=lambda group: -group.count)
