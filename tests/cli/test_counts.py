"""Tests of the counts that all views show."""

from __future__ import annotations

from statepipe.cli.counts import NOTHING, cause_of, counts_of, largest
from statepipe.errors import RecordError
from statepipe.run.progress import FailureGroup, Progress


def error(role: str = "transform", state: str | None = "price") -> RecordError:
    return RecordError("it\nfailed", role=role, error_type="KeyError", state=state)


def progress(*groups: FailureGroup) -> Progress:
    return Progress(1, 10, 4, 6, {"done": 4}, (), 0, None, 2.0, 0, 0.0, groups)


def test_malformed_records_are_counted_from_their_groups() -> None:
    counts = counts_of(
        progress(
            FailureGroup(4, error("read", None), 0),
            FailureGroup(1, error(), 1),
            FailureGroup(1, error("read", None), 5),
        )
    )

    assert (counts.total, counts.failed, counts.malformed) == (10, 6, 5)
    assert (counts.duration_s, counts.per_second) == (2.0, 5.0)


def test_a_run_that_did_not_begin_has_counted_nothing() -> None:
    assert counts_of(None) == NOTHING


def test_a_cause_names_its_state_on_one_line() -> None:
    assert cause_of(error()) == r"price: it\nfailed"
    assert cause_of(error("write", None)) == r"it\nfailed"
    assert cause_of(error("read", None)) == r"malformed: it\nfailed"


def test_the_largest_groups_come_first_and_equal_ones_as_they_came_up() -> None:
    groups = [FailureGroup(count, error(), ordinal) for ordinal, count in enumerate([1, 3, 1, 2])]

    assert [group.ordinal for group in largest(counts_of(progress(*groups)))] == [1, 3, 0, 2]
