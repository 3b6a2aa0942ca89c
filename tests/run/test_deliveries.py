"""Tests of who is blamed for a worker's death, and when a record is given up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from statepipe.ports.items import Range
from statepipe.run.chunk import ByteChunk, Chunk, RangeChunk, RecordChunk
from statepipe.run.death import Death
from statepipe.run.deliveries import Deliveries, Delivery, MemoryLog
from statepipe.run.in_hand import Cause, Holding

DEATH = Death("ended with exit code 7", path=("input",))


class NotingLog:
    """A log that keeps all notes in order, and begins with what an earlier run noted."""

    def __init__(self, before: Mapping[int, int] | None = None) -> None:
        self.before = dict(before or {})
        self.notes: list[tuple[int, int]] = []

    def suspects(self) -> Mapping[int, int]:
        return self.before

    def note(self, position: int, count: int) -> None:
        self.notes.append((position, count))


def deliveries(most: int, log: Any = None) -> Deliveries:
    made = Deliveries(most, MemoryLog() if log is None else log)
    made.begin()
    return made


def delivery(chunk: Chunk | None = None) -> Delivery:
    chunk = RecordChunk([{}] * 10) if chunk is None else chunk
    return Delivery(0, chunk, len(chunk))


def held(record: int | None, part: int = 0) -> Holding:
    return Holding(0, part, record, 0, (), Cause.UNKNOWN)


def test_a_part_is_first_delivered_again_with_care() -> None:
    counts, chunk = deliveries(1), delivery()
    assert chunk.again is None

    assert counts.blame(chunk, held(None, part=4), DEATH)

    again = chunk.again
    assert again is not None
    assert (again.careful([4, 7]), again.careful([0, 3]), again.careful([5, 7])) == (
        True,
        False,
        False,
    )
    assert again.poison == {}


def test_a_part_that_care_told_nothing_of_leads_to_nothing_new() -> None:
    counts, chunk = deliveries(3), delivery()

    assert counts.blame(chunk, held(None), DEATH)
    assert not counts.blame(chunk, held(None), DEATH)


def test_a_record_is_given_up_after_so_many_deaths() -> None:
    counts, chunk = deliveries(3), delivery()
    for _ in range(2):
        counts.blame(chunk, held(4), DEATH)
        assert chunk.poison == {}

    counts.blame(chunk, held(4), DEATH)

    poison = chunk.poison[4]
    assert poison.deliveries == 3
    assert poison.error.role == "worker"
    assert poison.error.state == "input"


def test_deaths_of_different_records_are_not_added_up() -> None:
    counts, chunk = deliveries(2), delivery()

    for record in (4, 5, 6):
        counts.blame(chunk, held(record), DEATH)
    assert chunk.poison == {}
    counts.blame(chunk, held(5), DEATH)

    assert list(chunk.poison) == [5]


def test_a_delivery_of_a_suspect_is_noted_before_it_is_made() -> None:
    log = NotingLog()
    counts, chunk = deliveries(3, log), delivery()

    counts.blame(chunk, held(4), DEATH)
    assert log.notes == []
    counts.note(chunk)
    assert log.notes == [(4, 2)]
    counts.blame(chunk, held(4), DEATH)
    counts.note(chunk)
    assert log.notes == [(4, 2), (4, 3)]


def test_a_verdict_is_noted_and_stays_noted() -> None:
    log = NotingLog()
    counts, chunk = deliveries(1, log), delivery()

    counts.blame(chunk, held(4), DEATH)
    counts.note(chunk)
    counts.settle(chunk)

    assert log.notes == [(4, 1)]


def test_suspects_of_a_chunk_that_was_answered_are_acquitted() -> None:
    log = NotingLog()
    counts, chunk = deliveries(3, log), delivery()
    counts.blame(chunk, held(4), DEATH)
    counts.note(chunk)

    counts.settle(chunk)
    counts.blame(chunk, held(4), DEATH)

    assert log.notes == [(4, 2), (4, 0)]
    assert chunk.poison == {}


def test_a_suspect_of_an_earlier_run_is_run_with_care_and_its_delivery_noted() -> None:
    log = NotingLog({4: 1, 40: 2})
    counts, chunk = deliveries(3, log), delivery()

    counts.admit(chunk)

    assert chunk.care == {4}
    assert log.notes == [(4, 2)]


def test_a_record_that_took_whole_runs_down_is_given_up_before_it_is_delivered() -> None:
    counts, chunk = deliveries(3, NotingLog({4: 3})), delivery()

    counts.admit(chunk)

    assert chunk.poison[4].deliveries == 3
    assert chunk.poison[4].error.message == (
        "the worker process ended in an earlier run that stopped here, "
        "in each of 3 deliveries of this record"
    )


@pytest.mark.parametrize(
    ("chunk", "inside", "outside"),
    [
        (RecordChunk([{}] * 3, 5), [5, 7], [4, 8]),
        (ByteChunk([b"ab", b"c"], 10, 1, 5), [10, 13], [9, 14]),
        (ByteChunk([b"ab", b"c"], 10, 1, 5, [10, 20]), [10, 20], [9, 21]),
        (RangeChunk(Range(10, 20), 1), [10, 19], [9, 20]),
    ],
)
def test_a_chunk_knows_its_positions(chunk: Chunk, inside: list[int], outside: list[int]) -> None:
    made = delivery(chunk)

    assert [made.holds(position) for position in inside] == [True] * 2
    assert [made.holds(position) for position in outside] == [False] * 2
