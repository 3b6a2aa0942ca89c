"""Tests of reading a whole source before the first chunk."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from statepipe.record import Record
from statepipe.run.bell import LoopBell, ThreadBell
from statepipe.run.blocking_driver import run_blocking
from statepipe.run.flow import Flow
from statepipe.run.gathering import GatheringIntake, gathered
from statepipe.run.intake import ByteIntake, IterableIntake
from statepipe.run.live_intake import LiveIntake
from statepipe.run.options import StreamConfig
from statepipe.run.pulling import PulledAsync
from statepipe.testing import AsyncMemorySource, ManualClock
from tests.run.sources import WAIT_S, ScriptedSource, lines

FLOW = Flow(2, 2)


def sizes_of(intake: GatheringIntake) -> list[int]:
    """Return the sizes of the chunks that are there."""
    sizes: list[int] = []
    while (chunk := intake.take()) is not None:
        sizes.append(len(chunk))
    return sizes


def test_all_of_an_iterable_is_read_before_the_first_chunk() -> None:
    read: list[int] = []

    def numbers() -> Iterator[Record]:
        for number in range(7):
            read.append(number)
            yield {"n": number}

    intake = GatheringIntake(IterableIntake(numbers(), 3, 1.0, ManualClock()))
    intake.open()
    intake.start(FLOW)
    first = intake.take()

    assert len(read) == 7
    assert first is not None and len(first) == 3
    assert intake.waiting == 4
    assert sizes_of(intake) == [3, 1]
    assert intake.ended


def test_what_ended_the_source_is_told_after_all_chunks() -> None:
    def breaking() -> Iterator[Record]:
        yield {}
        raise LookupError("lost")

    intake = GatheringIntake(IterableIntake(breaking(), 3, 1.0, ManualClock()))

    assert intake.take() is not None
    assert (intake.ended, intake.error) == (False, None)
    assert intake.take() is None
    assert intake.ended and isinstance(intake.error, LookupError)
    assert intake.keeps is True


def test_while_a_byte_source_waits_there_is_no_chunk() -> None:
    gate, bell = threading.Event(), ThreadBell()
    source = ScriptedSource([lines(0, 5), gate, lines(5, 7)])
    intake = GatheringIntake(ByteIntake(source, 2, 1.0, bell, ManualClock()))
    intake.open()
    intake.start(FLOW)
    assert run_blocking(bell.wait(WAIT_S))

    assert intake.take() is None
    assert intake.keeps is False
    gate.set()
    while (first := intake.take()) is None:
        assert run_blocking(bell.wait(WAIT_S))
    assert [len(first), *sizes_of(intake)] == [2, 2, 2, 1]
    run_blocking(intake.close())
    assert source.closed >= 1


async def test_an_iterator_that_reads_ahead_is_not_held_back() -> None:
    bell = LoopBell()
    source = PulledAsync(AsyncMemorySource({"n": number} for number in range(20)), 3)
    inner = LiveIntake(source, chunk_size=3, max_wait_s=1.0, bell=bell, clock=ManualClock())
    intake = GatheringIntake(inner)
    intake.start(FLOW)
    while (first := intake.take()) is None:
        assert await bell.wait(WAIT_S)

    assert [len(first), *sizes_of(intake)] == [3] * 6 + [2]
    assert inner.paused_s == 0
    await intake.close()


def test_under_a_memory_limit_only_a_part_is_gathered() -> None:
    read: list[int] = []

    def numbers() -> Iterator[Record]:
        for number in range(50):
            read.append(number)
            yield {"text": "x" * 1000}

    inner = IterableIntake(numbers(), 3, 1.0, ManualClock())
    intake = GatheringIntake(inner, most_bytes=7000)
    first = intake.take()

    assert first is not None
    assert len(read) == 6
    assert 0 < intake.waiting_bytes < 7000
    assert sum(sizes_of(intake)) == 47
    assert intake.waiting_bytes == 0


def test_what_may_be_gathered_comes_from_the_options() -> None:
    inner = IterableIntake(iter([{"n": 1}] * 9), 1, 1.0, ManualClock())
    limited = gathered(inner, StreamConfig(memory_limit_mb=1, buffer_bytes=1, chunk_size=1))
    limited.take()
    whole = gathered(IterableIntake([{"n": 1}] * 9, 1, 1.0, ManualClock()), StreamConfig())
    whole.take()

    assert (limited.waiting, whole.waiting) == (0, 8)
