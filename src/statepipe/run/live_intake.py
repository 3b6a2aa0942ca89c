"""LiveIntake: takes records from an async iterator as they come, in a task of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable

from statepipe.ports import Clock
from statepipe.record import Record
from statepipe.run.bell import Bell
from statepipe.run.chunk import RecordChunk


class LiveIntake:
    """Reads until `limit` records wait, then pauses until half of them are taken.

    A chunk is cut when `chunk_size` records are there, or when the first of them has waited for
    `max_wait_s`. `paused_s` adds up how long the iterator was held back.
    """

    keeps = True

    def __init__(
        self,
        source: AsyncIterable[Record],
        *,
        chunk_size: int,
        max_wait_s: float,
        limit: int,
        bell: Bell,
        clock: Clock,
    ) -> None:
        self.ended = False
        self.error: Exception | None = None
        self.paused_s = 0.0
        self._source = source
        self._chunk_size = chunk_size
        self._max_wait_s = max_wait_s
        self._limit = max(limit, chunk_size)
        self._bell = bell
        self._clock = clock
        self._records: list[Record] = []
        self._since = 0.0
        self._finished = False
        self._resumed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        return len(self._records)

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._pull())

    def take(self) -> RecordChunk | None:
        count = len(self._records)
        if count < self._chunk_size and not self._finished and self.wait_s() != 0.0:
            return None
        if not count:
            self.ended = self._finished
            return None
        part = self._records[: self._chunk_size]
        del self._records[: self._chunk_size]
        self._since = self._clock.monotonic_s()
        if len(self._records) <= self._limit // 2:
            self._resumed.set()
        return RecordChunk(part)

    def wait_s(self) -> float | None:
        if not self._records:
            return None
        return max(0.0, self._since + self._max_wait_s - self._clock.monotonic_s())

    async def close(self) -> None:
        self.ended = True
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
        if isinstance(self._source, AsyncGenerator):
            await self._source.aclose()

    async def _pull(self) -> None:
        records, chunk_size = self._records, self._chunk_size
        try:
            async for record in self._source:
                records.append(record)
                count = len(records)
                if count == 1:
                    self._since = self._clock.monotonic_s()
                    self._bell.ring()
                elif count == chunk_size:
                    self._bell.ring()
                if count >= self._limit:
                    await self._pause()
        except Exception as error:  # the user's iterator; the driver raises it at the end
            self.error = error
        finally:
            self._finished = True
            self._bell.ring()

    async def _pause(self) -> None:
        began = self._clock.monotonic_s()
        self._resumed.clear()
        self._bell.ring()
        await self._resumed.wait()
        self.paused_s += self._clock.monotonic_s() - began
