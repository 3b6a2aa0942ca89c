"""Tests of intakes: byte sources, ranges and iterables as chunks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.errors import SourceError
from statepipe.ports.items import Range
from statepipe.record import Record
from statepipe.run.bell import ThreadBell
from statepipe.run.blocking_driver import run_blocking
from statepipe.run.chunk import ByteChunk, RangeChunk
from statepipe.run.flow import Flow
from statepipe.run.intake import ByteIntake, Intake, IterableIntake, RangeIntake
from statepipe.run.pressure import Sizes
from statepipe.run.pulling import Pulled
from statepipe.testing import ManualClock, MemorySource
from tests.run.sources import WAIT_S, Part, ScriptedSource, lines, until

FLOW = Flow(100, 100)


class Reading:
    """A started `ByteIntake` with its bell and clock."""

    def __init__(self, source: ScriptedSource, chunk_size: int, max_wait_s: float = 1.0) -> None:
        self.clock, self.bell = ManualClock(), ThreadBell()
        self.intake = ByteIntake(source, chunk_size, max_wait_s, self.bell, self.clock)
        self.intake.open()
        self.intake.start(FLOW)

    def next(self) -> ByteChunk | None:
        """Return the next chunk, or None at the end."""
        while (chunk := self.intake.take()) is None and not self.intake.ended:
            assert run_blocking(self.bell.wait(WAIT_S))
        return chunk

    def rest(self) -> list[ByteChunk]:
        return list(iter(self.next, None))


def close(intake: Intake) -> None:
    run_blocking(intake.close())


@given(st.lists(st.integers(0, 5), max_size=8), st.integers(1, 7))
def test_blocks_of_any_size_become_chunks_of_one_size(sizes: list[int], chunk_size: int) -> None:
    ends = [sum(sizes[: at + 1]) for at in range(len(sizes))]
    parts: list[Part] = [lines(end - size, end) for size, end in zip(sizes, ends, strict=True)]
    chunks = Reading(ScriptedSource(parts), chunk_size).rest()

    assert [item for chunk in chunks for item in chunk.items] == lines(0, sum(sizes))
    assert all(len(chunk) == chunk_size for chunk in chunks[:-1])
    found = [chunk.line_of(at) for chunk in chunks for at in range(len(chunk))]
    assert found == list(range(1, sum(sizes) + 1))
    assert sum(chunk.size for chunk in chunks) == sum(
        len(line) + 1 for line in lines(0, sum(sizes))
    )


def test_a_file_makes_its_reader_wait_for_a_full_chunk() -> None:
    gate = threading.Event()
    reading = Reading(ScriptedSource([lines(0, 2), gate, lines(2, 5)]), 4)
    assert run_blocking(reading.bell.wait(WAIT_S))
    reading.clock.advance(1000)

    assert reading.intake.take() is None
    assert reading.intake.wait_s() is None
    gate.set()
    assert [len(chunk) for chunk in reading.rest()] == [4, 1]


def test_a_live_sources_items_wait_only_so_long_for_their_chunk_to_fill() -> None:
    gate = threading.Event()
    reading = Reading(ScriptedSource([lines(0, 2), gate, lines(2, 5)], live=True), 4)
    assert reading.intake.wait_s() is None
    assert run_blocking(reading.bell.wait(WAIT_S))
    early = reading.intake.take()
    waits = [reading.intake.wait_s()]
    reading.clock.advance(0.75)
    waits.append(reading.intake.wait_s())
    still_early = reading.intake.take()
    reading.clock.advance(0.25)
    chunk = reading.intake.take()

    assert (early, still_early, waits) == (None, None, [1.0, 0.25])
    assert chunk is not None and list(chunk.items) == lines(0, 2)
    gate.set()
    assert [list(chunk.items) for chunk in reading.rest()] == [lines(2, 5)]


def test_an_error_of_the_source_ends_the_intake_behind_what_came_before() -> None:
    error = SourceError("the line is dead")
    reading = Reading(ScriptedSource([lines(0, 3), error]), 2)
    chunks = reading.rest()

    assert [len(chunk) for chunk in chunks] == [2, 1]
    assert reading.intake.error is error
    assert reading.intake.ended
    assert reading.intake.take() is None


def test_an_empty_source_ends_without_a_chunk() -> None:
    reading = Reading(ScriptedSource([]), 2)

    assert reading.rest() == []
    assert reading.intake.error is None


def test_closing_a_byte_intake_ends_it_and_closes_the_source() -> None:
    source = ScriptedSource([lines(0, 1)] * 50)
    reading = Reading(source, 1)
    assert reading.next() is not None
    close(reading.intake)

    assert reading.intake.ended
    assert reading.intake.take() is None
    until(lambda: source.closed == 2)  # once from here, once from the thread that reads


def test_a_byte_source_that_cannot_be_opened_says_so_when_it_is_opened() -> None:
    source = ScriptedSource([], open_error=SourceError("no such file"))
    intake = ByteIntake(source, 1, 1.0, ThreadBell(), ManualClock())

    with pytest.raises(SourceError, match="no such file"):
        intake.open()


def test_ranges_are_given_in_order() -> None:
    ranges = [RangeChunk(Range(0, 5), 1), RangeChunk(Range(5, 9), 1)]
    intake = RangeIntake(ranges)
    intake.open()
    intake.start(FLOW)
    taken = [intake.take() for _ in range(3)]

    assert taken == [*ranges, None]
    assert intake.ended
    assert intake.wait_s() is None


def sizes(chunk_size: int, chunk_bytes: int) -> Sizes:
    return Sizes(chunk_size, chunk_bytes, 1 << 30)


@pytest.mark.parametrize(
    ("chunk_size", "chunk_bytes", "expected"),
    [(100, 35, [3, 3, 3, 1]), (2, 35, [2] * 5), (100, 1, [1] * 10), (100, 1000, [10])],
)
def test_chunks_end_early_where_their_bytes_are_many(
    chunk_size: int, chunk_bytes: int, expected: list[int]
) -> None:
    items = [b"%010d" % number for number in range(10)]
    reading = Reading(ScriptedSource([items[:4], items[4:]]), 100)
    reading.intake.resize(sizes(chunk_size, chunk_bytes))
    chunks = reading.rest()

    assert [len(chunk) for chunk in chunks] == expected
    assert [item for chunk in chunks for item in chunk.items] == items
    assert sum(chunk.size for chunk in chunks) == 110
    assert reading.intake.waiting_bytes == 0


def test_bytes_that_wait_are_counted() -> None:
    reading = Reading(ScriptedSource([[b"x" * 9] * 3]), 1)
    first = reading.next()

    assert first is not None and first.content == 10
    assert reading.intake.waiting_bytes == 20


def test_ranges_are_split_where_they_are_too_large() -> None:
    intake = RangeIntake([RangeChunk(Range(0, 100), 10), RangeChunk(Range(100, 110), 1)])
    intake.resize(sizes(1, 40))
    taken = list(iter(intake.take, None))

    assert taken == [
        RangeChunk(Range(0, 40), 4),
        RangeChunk(Range(40, 80), 4),
        RangeChunk(Range(80, 100), 2),
        RangeChunk(Range(100, 110), 1),
    ]
    assert intake.ended


# -- iterables ---------------------------------------------------------------------------------


def records(count: int) -> list[Record]:
    return [{"n": number} for number in range(count)]


def iterable_intake(source: Any, chunk_size: int = 3, clock: ManualClock | None = None) -> Any:
    return IterableIntake(source, chunk_size, 1.0, clock or ManualClock())


def taken_sizes(intake: IterableIntake) -> list[int]:
    sizes: list[int] = []
    while not intake.ended:
        chunk = intake.take()
        sizes += [len(chunk)] if chunk is not None else []
    return sizes


def test_a_list_becomes_chunks() -> None:
    assert taken_sizes(iterable_intake(records(7))) == [3, 3, 1]
    assert taken_sizes(iterable_intake(records(6))) == [3, 3]
    assert taken_sizes(iterable_intake([])) == []


def test_each_chunk_of_an_iterable_knows_the_number_of_its_first_record() -> None:
    intake = iterable_intake(records(7))

    assert [intake.take().first for _ in range(3)] == [0, 3, 6]


def test_nothing_is_pulled_before_it_is_asked_for() -> None:
    source = iter(records(10))
    intake = iterable_intake(source)
    intake.open()
    intake.start(FLOW)
    intake.take()

    assert next(source) == {"n": 3}


def slow(clock: ManualClock, pauses: list[float]) -> Iterator[Record]:
    for number, pause in enumerate(pauses):
        clock.advance(pause)
        yield {"n": number}


def test_a_slow_iterable_gets_its_chunks_cut_early() -> None:
    clock = ManualClock()
    intake = iterable_intake(slow(clock, [0, 0, 1.5, 0.5, 0.5, 0.5]), clock=clock)

    assert taken_sizes(intake) == [3, 3]
    clock = ManualClock()
    intake = iterable_intake(slow(clock, [0, 1.5, 0, 0, 2, 0.5]), clock=clock)
    assert taken_sizes(intake) == [2, 3, 1]


def test_each_pause_counts_alone_and_not_their_sum() -> None:
    clock = ManualClock()

    assert taken_sizes(iterable_intake(slow(clock, [1.0] * 6), clock=clock)) == [3, 3]


def test_what_is_all_there_is_never_cut_early() -> None:
    class Slow(list[Record]):
        def __iter__(self) -> Iterator[Record]:
            return slow(clock, [9] * 6)

    clock = ManualClock()

    assert taken_sizes(iterable_intake(Slow(), clock=clock)) == [3, 3]


def test_what_an_iterable_raises_comes_behind_the_records_before_it() -> None:
    def breaking() -> Iterator[Record]:
        yield from records(4)
        raise LookupError("lost")

    intake = iterable_intake(breaking())

    assert taken_sizes(intake) == [3, 1]
    assert isinstance(intake.error, LookupError)
    assert intake.keeps is True
    assert intake.take() is None


def test_closing_closes_a_generator_and_a_source_object() -> None:
    closed: list[str] = []

    def generator() -> Iterator[Record]:
        try:
            yield from records(9)
        finally:
            closed.append("generator")

    source = MemorySource(records(9))
    for given_source in (generator(), Pulled(source, 3), records(9)):
        intake = iterable_intake(given_source)
        intake.take()
        close(intake)
        assert intake.ended

    assert closed == ["generator"]
    assert source.closed == 1


def test_an_iterables_chunk_ends_early_where_its_records_are_large() -> None:
    intake = iterable_intake([{"text": "x" * 1000} for _ in range(7)], chunk_size=100)
    intake.resize(sizes(100, 2500))
    chunks = list(iter(intake.take, None))

    assert [len(chunk) for chunk in chunks] == [2, 2, 2, 1]
    assert all(1000 < chunk.content / len(chunk) < 1600 for chunk in chunks)


def test_an_intake_takes_on_new_sizes() -> None:
    intake = iterable_intake(records(7), chunk_size=5)
    intake.resize(sizes(2, 1 << 30))

    assert taken_sizes(intake) == [2, 2, 2, 1]
