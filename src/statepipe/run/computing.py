"""Computing: where chunks are worked on. Here in the driver's own thread; see also `workers`."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from statepipe.run.chunk import Chunk, ChunkResult, RangeChunk
from statepipe.run.compute import ChunkRunner


@dataclass(frozen=True, slots=True)
class Done:
    """A chunk that has been computed: its number from 0, and its results, several for a range.

    `records` is what the chunk was counted as when it was read.
    """

    number: int
    records: int
    results: list[ChunkResult]


class Computing(Protocol):
    """Takes chunks in order, and gives them back computed, in any order."""

    @property
    def room(self) -> bool:
        """Whether another chunk may be submitted."""

    @property
    def busy(self) -> bool:
        """Whether chunks were submitted that have not been taken."""

    @property
    def pids(self) -> Sequence[int]:
        """The processes that compute, besides the driver's own."""

    def start(self) -> None: ...

    async def submit(self, chunk: Chunk) -> None: ...

    def take(self) -> Done | None:
        """Return a computed chunk, if one is ready. The bell rings when one is."""

    def close(self) -> None:
        """Stop at once. Safe to call more than once."""


class InlineComputing:
    """Computes each chunk when it is submitted."""

    pids = ()

    def __init__(self, runner: ChunkRunner) -> None:
        self._runner = runner
        self._done: deque[Done] = deque()
        self._count = 0

    @property
    def room(self) -> bool:
        return not self._done

    @property
    def busy(self) -> bool:
        return bool(self._done)

    def start(self) -> None:
        """Nothing to start."""

    async def submit(self, chunk: Chunk) -> None:
        assert not isinstance(chunk, RangeChunk)
        if self._runner.is_async:
            result = await self._runner.run_async(chunk)
        else:
            result = self._runner.run(chunk)
        self._done.append(Done(self._count, len(chunk), [result]))
        self._count += 1

    def take(self) -> Done | None:
        return self._done.popleft() if self._done else None

    def close(self) -> None:
        self._done.clear()
