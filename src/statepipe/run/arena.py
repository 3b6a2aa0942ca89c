"""Arena: memory that a worker shares with its parent, for results on their way back.

Bytes put here are copied twice, by the worker and by the parent. Through a pipe, pickled, they
are copied six times, in pieces of 64 KiB with a change of process each.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass

from statepipe.run.chunk import ChunkResult, Output

SLOT_BYTES = 8 * 1024 * 1024
"""Room for one chunk's results. Only what is used of it becomes resident."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Stands in a result for bytes that lie in the arena."""

    start: int
    end: int


class Arena:
    """`slots` pieces of shared memory, made before the worker is forked.

    A slot may be filled again when its results have been taken out.
    """

    def __init__(self, slots: int) -> None:
        self._memory = mmap.mmap(-1, slots * SLOT_BYTES)
        self._slots = slots
        self._at = self._limit = 0

    def begin(self, number: int) -> None:
        """Fill slot `number` from its beginning: what lay there has been taken out."""
        self._at = (number % self._slots) * SLOT_BYTES
        self._limit = self._at + SLOT_BYTES

    def place(self, results: list[ChunkResult]) -> None:
        """Move the encoded outputs of results into the slot, as far as there is room."""
        for result in results:
            for index, output in enumerate(result.outputs):
                end = self._at + len(output)
                if isinstance(output, bytes) and end <= self._limit:
                    self._memory[self._at : end] = output
                    result.outputs[index] = Placed(self._at, end)  # type: ignore[call-overload]  # only between worker and parent
                    self._at = end

    def take_out(self, results: list[ChunkResult]) -> None:
        """Copy what was placed back into the results."""
        for result in results:
            result.outputs = [self._fetched(output) for output in result.outputs]

    def close(self) -> None:
        self._memory.close()

    def _fetched(self, output: Output | Placed) -> Output:
        return self._memory[output.start : output.end] if isinstance(output, Placed) else output
