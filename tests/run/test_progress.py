"""Tests of the counters of a stream."""

from __future__ import annotations

from statepipe.errors import Place, RecordError
from statepipe.run.chunk import ChunkResult, Failure
from statepipe.run.progress import MAX_ERRORS, Counters, StreamResult


def failure(number: int, **facts: object) -> Failure:
    known: dict[str, object] = {"role": "transform", "error_type": "KeyError", "state": "price"}
    error = RecordError(f"failure {number}", **{**known, **facts})  # type: ignore[arg-type]  # as given
    return Failure(error, number)


def counted(*chunks: list[Failure]) -> Counters:
    counters = Counters()
    for failures in chunks:
        total = len(failures)
        counters.add(ChunkResult(total, ended={}, outputs=[], written=[], failures=failures))
    return counters


def test_failures_alike_are_counted_together_across_chunks() -> None:
    counters = counted(
        [failure(0), failure(1, state="other"), failure(2)], [failure(3), failure(4, state="other")]
    )

    groups = list(counters.groups.values())
    assert [(group.count, group.ordinal) for group in groups] == [(3, 0), (2, 1)]
    assert [group.first.message for group in groups] == ["failure 0", "failure 1"]
    assert sum(group.count for group in groups) == counters.failed == 5


def test_failures_differ_by_role_arc_kind_and_place() -> None:
    counters = counted(
        [
            failure(0),
            failure(1, role="condition"),
            failure(2, arc="a->b"),
            failure(3, error_type="TypeError"),
            failure(4, place=Place("states[0]")),
        ]
    )

    assert [group.count for group in counters.groups.values()] == [1, 1, 1, 1, 1]


def test_groups_count_failures_beyond_those_that_are_kept() -> None:
    counters = counted([failure(number) for number in range(MAX_ERRORS + 50)])

    progress = counters.progress(1.0)
    assert len(progress.errors) == MAX_ERRORS
    assert [group.count for group in progress.failure_groups] == [MAX_ERRORS + 50]


def test_a_printed_result_holds_the_counts_and_not_every_error() -> None:
    error = RecordError("broken", role="transform", error_type="KeyError")
    counts = {"total_records": 1, "successful": 0, "failed": 1, "malformed": 0, "emitted": 0}
    result = StreamResult(
        **counts,
        excluded_by_state={},
        by_state={},
        duration=1.0,
        throughput=1.0,
        errors=[error],
        peak_memory_mb=1.0,
        paused_s=0.0,
        chunks=1,
    )

    assert "failed=1" in repr(result)
    assert "broken" not in repr(result)
    assert result["errors"] == [error]
