"""Tests of taking records from an async iterator as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from statepipe.errors import SourceError
from statepipe.record import Record
from statepipe.run.bell import LoopBell
from statepipe.run.chunk import RecordChunk
from statepipe.run.flow import Flow
from statepipe.run.live_intake import LiveIntake
from statepipe.run.pressure import Sizes
from statepipe.run.pulling import PulledAsync
from statepipe.testing import AsyncMemorySource, ManualClock
from tests.run.sources import WAIT_S


class Tap:
    """An async iterator that gives what is put into it. `given` counts what was taken out."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.given = 0

    def put(self, *items: Any) -> None:
        for item in items:
            self.queue.put_nowait(item)

    def put_numbers(self, count: int) -> None:
        self.put(*({"n": number} for number in range(count)))

    def __aiter__(self) -> AsyncIterator[Record]:
        return self

    async def __anext__(self) -> Record:
        item = await self.queue.get()
        if isinstance(item, BaseException):
            raise item
        if item is None:
            raise StopAsyncIteration
        self.given += 1
        record: Record = item
        return record


class Live:
    """A started `LiveIntake` of chunks of 3, with all that it needs."""

    def __init__(self, source: Any = None, flow: Flow | None = None) -> None:
        self.tap = Tap()
        self.clock, self.bell = ManualClock(), LoopBell()
        self.flow = flow or Flow(100, 100)
        self.intake = LiveIntake(
            self.tap if source is None else source,
            chunk_size=3,
            max_wait_s=1.0,
            bell=self.bell,
            clock=self.clock,
        )
        self.intake.open()
        self.intake.start(self.flow)

    async def settle(self) -> None:
        """Let the task that pulls do all it can."""
        for _ in range(50):
            await asyncio.sleep(0)

    async def next(self) -> RecordChunk | None:
        while (chunk := self.intake.take()) is None and not self.intake.ended:
            assert await self.bell.wait(WAIT_S)
        return chunk

    async def rest(self) -> list[int]:
        """Return the sizes of all chunks up to the end."""
        sizes: list[int] = []
        while (chunk := await self.next()) is not None:
            sizes.append(len(chunk))
        return sizes


async def test_records_come_in_chunks_in_order() -> None:
    live = Live()
    live.tap.put_numbers(7)
    live.tap.put(None)
    records = []
    while (chunk := await live.next()) is not None:
        records.append([record["n"] for record in chunk.records])

    assert records == [[0, 1, 2], [3, 4, 5], [6]]
    assert live.intake.error is None
    assert live.intake.take() is None


async def test_a_part_of_a_chunk_is_given_when_its_first_record_has_waited() -> None:
    live = Live()
    live.tap.put_numbers(2)
    await live.settle()
    early = live.intake.take()
    live.clock.advance(0.75)
    wait_s = live.intake.wait_s()
    live.clock.advance(0.25)
    chunk = live.intake.take()

    assert (early, wait_s) == (None, 0.25)
    assert chunk is not None and len(chunk) == 2
    assert live.intake.wait_s() is None
    await live.intake.close()


async def test_what_is_left_of_a_full_load_waits_anew() -> None:
    live = Live()
    live.tap.put_numbers(4)
    await live.settle()
    live.clock.advance(5)
    first = live.intake.take()

    assert first is not None and len(first) == 3
    assert live.intake.wait_s() == 1.0
    assert live.intake.waiting == 1
    await live.intake.close()


async def test_pulling_pauses_at_the_limit_and_goes_on_at_half_of_it() -> None:
    live = Live(flow=Flow(6, 8))
    live.tap.put_numbers(20)
    await live.settle()
    assert (live.tap.given, live.intake.waiting) == (6, 6)
    live.clock.advance(2)

    live.flow.on_read(len(await live.next() or []))
    live.flow.on_read(len(await live.next() or []))
    await live.settle()
    assert live.intake.take() is None
    assert live.tap.given == 6  # both chunks are still under way

    live.flow.on_written(3)
    live.clock.advance(3)
    assert live.intake.take() is None  # looks, and lets it go on
    await live.settle()
    assert live.tap.given == 9
    assert live.intake.paused_s == 5
    await live.intake.close()


async def test_the_pause_threshold_holds_as_the_limit_does() -> None:
    live = Live(flow=Flow(100, 4))
    live.tap.put_numbers(20)
    await live.settle()

    assert live.tap.given == 4
    await live.intake.close()


async def test_a_limit_below_a_chunk_lets_a_whole_chunk_in() -> None:
    live = Live(flow=Flow(1, 1))
    live.tap.put_numbers(4)
    live.tap.put(None)

    assert await live.rest() == [3, 1]


async def test_while_memory_is_short_only_one_chunk_is_read() -> None:
    live = Live(flow=Flow(100, 100, tight=True))
    live.tap.put_numbers(20)
    await live.settle()

    assert live.tap.given == 3
    await live.intake.close()


async def test_what_the_iterator_raises_comes_behind_the_records_before_it() -> None:
    live, error = Live(), LookupError("lost")
    live.tap.put_numbers(4)
    live.tap.put(error)

    assert await live.rest() == [3, 1]
    assert live.intake.error is error
    assert live.intake.keeps is True


async def test_an_iterator_that_is_cancelled_from_within_has_not_ended_well() -> None:
    live = Live()
    live.tap.put({"n": 0}, asyncio.CancelledError())

    assert await live.rest() == [1]
    assert isinstance(live.intake.error, SourceError)
    assert str(live.intake.error) == "the source ended by being cancelled, not by its end"


async def test_closing_cancels_a_generator_that_waits_and_closes_it() -> None:
    closed: list[str] = []

    async def generator() -> AsyncIterator[Record]:
        try:
            yield {"n": 0}
            await asyncio.Event().wait()
        finally:
            closed.append("generator")

    live = Live(generator())
    await live.settle()
    await live.intake.close()

    assert closed == ["generator"]
    assert live.intake.ended
    assert live.intake.error is None


async def test_closing_while_paused_ends_the_task_and_closes_a_source_object() -> None:
    source = AsyncMemorySource({"n": number} for number in range(50))
    live = Live(PulledAsync(source, 3), Flow(3, 3))
    await live.settle()
    await live.intake.close()

    assert source.closed == 1
    assert len(asyncio.all_tasks()) == 1


async def test_closing_before_the_start_closes_the_source() -> None:
    source = AsyncMemorySource([])
    intake = LiveIntake(
        PulledAsync(source, 3),
        chunk_size=3,
        max_wait_s=1.0,
        bell=LoopBell(),
        clock=ManualClock(),
    )
    await intake.close()

    assert source.closed == 1


async def test_each_chunk_knows_the_number_of_its_first_record() -> None:
    live = Live()
    live.tap.put_numbers(7)
    live.tap.put(None)
    firsts = []
    while (chunk := await live.next()) is not None:
        firsts.append(chunk.first)

    assert firsts == [0, 3, 6]


async def test_large_records_make_smaller_chunks_and_hold_the_source_back() -> None:
    live = Live(flow=Flow(100, 100, limit_bytes=10_000))
    live.intake.resize(Sizes(chunk_size=3, chunk_bytes=3000, buffer_bytes=1 << 30))
    for _ in range(30):
        live.tap.put({"text": "x" * 1000})
    await live.settle()
    held = live.intake.waiting
    chunk = live.intake.take()

    assert held == 7  # of about 1300 bytes each
    assert chunk is not None and len(chunk) == 2
    assert 2000 < chunk.content < 3200
    assert 5000 < live.intake.waiting_bytes < 8000
    await live.intake.close()


async def test_while_memory_is_short_a_chunk_is_what_the_new_sizes_say() -> None:
    live = Live(flow=Flow(100, 100, tight=True))
    live.intake.resize(Sizes(chunk_size=1, chunk_bytes=1 << 20, buffer_bytes=1 << 20, tight=True))
    live.tap.put_numbers(5)
    await live.settle()

    assert live.intake.waiting == 1
    await live.intake.close()
