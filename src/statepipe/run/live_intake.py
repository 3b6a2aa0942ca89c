"""LiveIntake: takes records from an async iterator as they come, in a task of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterable

from statepipe.errors import SourceError
from statepipe.ports.clock import Clock
from statepipe.record import Record
from statepipe.run.bell import Bell
from statepipe.run.chunk import RecordChunk
from statepipe.run.flow import Flow
from statepipe.run.intake import same_again, too_short
from statepipe.run.pressure import Sizes
from statepipe.run.pulling import PulledAsync
from statepipe.run.weighing import FARTHEST, weight


class LiveIntake:
    """Reads until the flow's limits are under way, then pauses until half of them is.

    A chunk is cut when `chunk_size` records are there, or when the first of them has waited for
    `max_wait_s`. `paused_s` adds up how long the iterator was held back. The first `skip` records
    were done by an earlier run, and are let go.
    """

    keeps = True
    heeds_flow = True

    def __init__(
        self,
        source: AsyncIterable[Record],
        *,
        chunk_size: int,
        max_wait_s: float,
        bell: Bell,
        clock: Clock,
        skip: int = 0,
    ) -> None:
        self.ended = False
        self.error: Exception | None = None
        self.paused_s = 0.0
        self._iterator = aiter(source)
        self._skip = skip
        self._chunk_size = chunk_size
        self._max_wait_s = max_wait_s
        self._bell = bell
        self._clock = clock
        self._records: list[Record] = []
        self._given = skip
        self._since = 0.0
        self._finished = False
        self._closing = False
        self._resumed = asyncio.Event()
        self._resumed.set()
        self._flow = Flow(0, 0)
        self._chunk_bytes = sys.maxsize
        self._typical = 0
        self._most = chunk_size
        self._weighed_at = 1
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        return len(self._records)

    @property
    def waiting_bytes(self) -> int:
        return self._typical * len(self._records)

    def resize(self, sizes: Sizes) -> None:
        self._chunk_size, self._chunk_bytes = sizes.chunk_size, sizes.chunk_bytes
        self._fit()

    def open(self) -> None:
        """The iterator is open already."""

    def start(self, flow: Flow) -> None:
        self._flow = flow
        self._fit()
        self._task = asyncio.get_running_loop().create_task(self._pull())

    def take(self) -> RecordChunk | None:
        if not self._resumed.is_set():
            self._resume()
        count, most = len(self._records), self._most
        if count < most and not self._finished and self.wait_s() != 0.0:
            return None
        if not count:
            self.ended = self._finished
            return None
        part = self._records[:most]
        if (error := same_again(self._iterator, part)) is not None:
            self.error, self.ended = error, True
            return None
        del self._records[:most]
        self._weigh_later()
        self._since = self._clock.monotonic_s()
        first, self._given = self._given, self._given + len(part)
        return RecordChunk(part, first, content=self._typical * len(part))

    def wait_s(self) -> float | None:
        if not self._records:
            return None
        return max(0.0, self._since + self._max_wait_s - self._clock.monotonic_s())

    async def close(self) -> None:
        self.ended = self._closing = True
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
        if isinstance(self._iterator, AsyncGenerator | PulledAsync):
            await self._iterator.aclose()

    async def _pull(self) -> None:
        records = self._records
        try:
            await self._skip_done()
            async for record in self._iterator:
                records.append(record)
                count = len(records)
                if count >= self._weighed_at:
                    self._weigh(record)
                if count == 1:
                    self._since = self._clock.monotonic_s()
                    self._bell.ring()
                elif count == self._most:
                    self._bell.ring()
                if self._is_full(count):
                    await self._pause()
        except asyncio.CancelledError:
            if self._closing:
                raise
            self.error = SourceError("the source ended by being cancelled, not by its end")
        except Exception as error:  # the user's iterator; the driver raises it at the end
            self.error = error
        finally:
            self._finished = True
            self._bell.ring()

    async def _skip_done(self) -> None:
        for skipped in range(self._skip):
            try:
                await anext(self._iterator)
            except StopAsyncIteration as end:
                raise too_short(skipped, self._skip) from end

    def _is_full(self, count: int) -> bool:
        """Tell whether so many that wait are enough; a whole chunk always may be under way."""
        flow = self._flow
        if not flow.in_flight and count < self._most:
            return False
        with_next = flow.weight_bytes + self._typical * (count + 1)
        return flow.in_flight + count >= self._limit() or with_next > flow.limit_bytes

    def _limit(self) -> int:
        """Return how many records may be under way."""
        return self._most if self._flow.tight else max(self._flow.most, self._most)

    def _fit(self) -> None:
        """Let a chunk hold as many records as its bytes allow."""
        typical = self._typical or 1
        self._most = max(1, min(self._chunk_size, self._chunk_bytes // typical))
        if len(self._records) >= self._most:
            self._bell.ring()

    def _weigh(self, record: Record) -> None:
        """Take a record for those up to the next that is weighed: soon, where they are large."""
        self._typical = weight(record)
        self._weigh_later()
        self._fit()

    def _weigh_later(self) -> None:
        gap = min(FARTHEST, self._chunk_bytes // (self._typical or 1))
        self._weighed_at = len(self._records) + max(1, gap)

    async def _pause(self) -> None:
        began = self._clock.monotonic_s()
        self._resumed.clear()
        self._bell.ring()
        await self._resumed.wait()
        self.paused_s += self._clock.monotonic_s() - began

    def _resume(self) -> None:
        flow, count = self._flow, len(self._records)
        starving = not flow.in_flight and count < self._most
        few = flow.in_flight + count <= self._limit() // 2
        light = flow.weight_bytes + self._typical * count <= flow.limit_bytes // 2
        if starving or (few and light):
            self._resumed.set()
