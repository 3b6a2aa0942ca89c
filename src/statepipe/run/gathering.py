"""GatheringIntake: reads a whole source before it gives the first chunk."""

from __future__ import annotations

import sys
from collections import deque

from statepipe.run.chunk import Chunk
from statepipe.run.flow import Flow
from statepipe.run.intake import Intake
from statepipe.run.options import StreamConfig
from statepipe.run.pressure import Sizes, full_sizes


class GatheringIntake:
    """Wraps an intake for `use_streaming=False`: all of the source is in memory at first.

    Of a source that is larger, only the first `most_bytes` are.
    """

    heeds_flow = False
    paused_s = 0.0

    def __init__(self, inner: Intake, most_bytes: int = sys.maxsize) -> None:
        self.ended = False
        self.error: Exception | None = None
        self._inner = inner
        self._chunks: deque[Chunk] = deque()
        self._most_bytes = most_bytes
        self._gathered_bytes = 0

    @property
    def keeps(self) -> bool:
        return self._inner.keeps

    @property
    def waiting(self) -> int:
        return sum(map(len, self._chunks))

    @property
    def waiting_bytes(self) -> int:
        return self._gathered_bytes + self._inner.waiting_bytes

    def resize(self, sizes: Sizes) -> None:
        self._inner.resize(sizes)

    def open(self) -> None:
        self._inner.open()

    def start(self, flow: Flow) -> None:
        # The inner intake is not held back: that all is in memory is what was asked for.
        self._inner.start(Flow(sys.maxsize, sys.maxsize))

    def take(self) -> Chunk | None:
        while not self._inner.ended and self._gathered_bytes < self._most_bytes:
            chunk = self._inner.take()
            if chunk is None and not self._inner.ended:
                return None
            if chunk is not None:
                self._chunks.append(chunk)
                self._gathered_bytes += chunk.content
        if self._chunks:
            first = self._chunks.popleft()
            self._gathered_bytes -= first.content
            return first
        self.ended, self.error = True, self._inner.error
        return None

    def wait_s(self) -> float | None:
        return self._inner.wait_s()

    async def close(self) -> None:
        self.ended = True
        await self._inner.close()


def gathered(inner: Intake, config: StreamConfig) -> GatheringIntake:
    """Return `inner` gathered whole, or under a memory limit as far as chunks may fill it."""
    limited = config.memory_limit_mb is not None
    return GatheringIntake(inner, full_sizes(config).buffer_bytes if limited else sys.maxsize)
