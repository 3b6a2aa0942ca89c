"""GatheringIntake: reads a whole source before it gives the first chunk."""

from __future__ import annotations

import sys
from collections import deque

from statepipe.run.chunk import Chunk
from statepipe.run.flow import Flow
from statepipe.run.intake import Intake


class GatheringIntake:
    """Wraps an intake for `use_streaming=False`: all of the source is in memory at first."""

    paused_s = 0.0

    def __init__(self, inner: Intake) -> None:
        self.ended = False
        self.error: Exception | None = None
        self._inner = inner
        self._chunks: deque[Chunk] = deque()

    @property
    def keeps(self) -> bool:
        return self._inner.keeps

    @property
    def waiting(self) -> int:
        return sum(map(len, self._chunks))

    def open(self) -> None:
        self._inner.open()

    def start(self, flow: Flow) -> None:
        # The inner intake is not held back: that all is in memory is what was asked for.
        self._inner.start(Flow(sys.maxsize, sys.maxsize))

    def take(self) -> Chunk | None:
        while not self._inner.ended:
            chunk = self._inner.take()
            if chunk is None and not self._inner.ended:
                return None
            if chunk is not None:
                self._chunks.append(chunk)
        if self._chunks:
            return self._chunks.popleft()
        self.ended, self.error = True, self._inner.error
        return None

    def wait_s(self) -> float | None:
        return self._inner.wait_s()

    async def close(self) -> None:
        self.ended = True
        await self._inner.close()
