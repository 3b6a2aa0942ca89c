"""Computing: where chunks are worked on. Here in the driver's own thread; see also `workers`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from statepipe.errors import LifecycleError
from statepipe.functions.life import Life
from statepipe.run.bell import Bell
from statepipe.run.chunk import ByteChunk, Chunk, ChunkResult, RangeChunk, RecordChunk
from statepipe.run.compute import ChunkRunner


@dataclass(frozen=True, slots=True)
class Done:
    """A chunk that has been computed: its number from 0, and its results, several for a range.

    `records` is what the chunk was counted as when it was read. Without `last`, more results of
    the same chunk follow. Where results may have to wait for others they are `weighed`. `size`:
    the bytes that are to be written; `holds_records`: there are records, for a callable or a
    sink object, instead.
    """

    number: int
    records: int
    results: list[ChunkResult]
    last: bool = True
    size: int = 0
    holds_records: bool = False

    def weighed(self) -> Done:
        outputs = [output for result in self.results for output in result.outputs]
        size = sum(len(output) for output in outputs if isinstance(output, bytes))
        holds_records = any(output for output in outputs if not isinstance(output, bytes))
        return replace(self, size=size, holds_records=holds_records)


class Computing(Protocol):
    """Takes chunks in order, and gives them back computed."""

    @property
    def in_order(self) -> bool:
        """Whether they come back in the order in which they were submitted."""

    @property
    def room(self) -> bool:
        """Whether another chunk may be submitted."""

    @property
    def busy(self) -> bool:
        """Whether chunks were submitted that have not been taken."""

    @property
    def pids(self) -> Sequence[int]:
        """The processes that compute, besides the driver's own."""

    @property
    def replaced(self) -> int:
        """How many processes died and were replaced."""

    @property
    def lives(self) -> Sequence[Life]:
        """What is to be set up in the driver's own process, and torn down there."""

    @property
    def late_failure(self) -> LifecycleError | None:
        """What could not be torn down elsewhere, known once this is closed."""

    def start(self) -> None: ...

    async def submit(self, chunk: Chunk, records: int) -> Done | None:
        """Take a chunk that counts as `records`; return it, not weighed, if it is computed at once.

        That does only who computes `in_order`.
        """

    def take(self) -> Done | None:
        """Return a computed chunk, if one is ready. The bell rings when one is."""

    def close(self) -> None:
        """Stop at once. Safe to call more than once."""


class InlineComputing:
    """Computes each chunk when it is submitted."""

    in_order = True
    room = True
    busy = False
    pids = ()
    replaced = 0
    late_failure = None

    def __init__(self, runner: ChunkRunner, bell: Bell) -> None:
        self._runner = runner
        self._bell = bell
        self.lives = runner.lives
        self._count = 0

    def start(self) -> None:
        """Nothing to start."""

    async def submit(self, chunk: Chunk, records: int) -> Done:
        assert not isinstance(chunk, RangeChunk)
        if self._runner.is_async:
            result = await self._runner.run_async(chunk)
        elif self._runner.waits:
            result = await self._run_aside(chunk)
        else:
            result = self._runner.run(chunk)
        self._count += 1
        return Done(self._count - 1, records, [result])

    async def _run_aside(self, chunk: ByteChunk | RecordChunk) -> ChunkResult:
        """Compute a chunk whose functions may wait for the outside: off the loop, if any runs."""
        results: list[ChunkResult] = []
        await self._bell.aside(lambda: results.append(self._runner.run(chunk)))
        return results[0]

    def take(self) -> None:
        """Nothing is ever left to take."""

    def close(self) -> None:
        """Nothing to stop."""
