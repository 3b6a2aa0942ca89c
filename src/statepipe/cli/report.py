"""Report: a run's result as one JSON object, for programs."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from statepipe.cli.counts import counts_of
from statepipe.cli.ending import Ending
from statepipe.cli.request import Request
from statepipe.cli.words import in_options
from statepipe.errors import RecordError
from statepipe.run.progress import Progress, StreamResult

Json: TypeAlias = dict[str, Any]  # JSON


def json_report(request: Request, ending: Ending, exit_code: int) -> str:
    """Return the result on one line. The keys are those of a `StreamResult`, and some more."""
    report: Json = {
        "flow": request.options.flow,
        "source": request.source_name,
        "outputs": {end: request.output_of(end) for end in request.targets},
        "finished": ending.finished,
        "interrupted_by": ending.signal.name if ending.signal else None,
        "error": in_options(str(ending.error)) if ending.error else None,
        "placed": list(ending.placed),
        "exit_code": exit_code,
        **numbers(ending.seen),
        "failure_groups": [
            {"count": group.count, "ordinal": group.ordinal, "first": failure(group.first)}
            for group in ending.counts.groups
        ],
    }
    return json.dumps(report)


def numbers(seen: Progress | StreamResult | None) -> Json:
    """Return the counts; those that only a result has are missing before one is there."""
    counts = counts_of(seen)
    found: Json = {
        "total_records": counts.total,
        "successful": counts.total - counts.failed,
        "failed": counts.failed,
        "malformed": counts.malformed,
        "by_state": dict(counts.by_state),
        "duration": counts.duration_s,
        "throughput": counts.per_second,
        "errors": [failure(error) for error in seen.errors] if seen is not None else [],
    }
    if isinstance(seen, StreamResult):
        found |= {
            "emitted": seen.emitted,
            "excluded_by_state": dict(seen.excluded_by_state),
            "peak_memory_mb": seen.peak_memory_mb,
            "paused_s": seen.paused_s,
            "chunks": seen.chunks,
            "dead_letters": seen.dead_letters,
            "resumed_at": seen.resumed_at,
            "already_finished": seen.already_finished,
            "workers_replaced": seen.workers_replaced,
        }
    return found


def failure(error: RecordError) -> Json:
    """Return a failure as a dead letter tells it, without the record."""
    position = error.position
    return {
        "state": error.state,
        "arc": error.arc,
        "role": error.role,
        "error_type": error.error_type,
        "message": error.message,
        "hint": error.hint,
        "place": str(error.place) if error.place else None,
        "path": list(error.path),
        "position": {
            "record": position.index if position else None,
            "line": position.line if position else None,
            "offset": position.offset if position else None,
        },
    }
