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

    def place(self, number: int, results: list[ChunkResult]) -> None:
        """Move the encoded outputs of results into slot `number`, as far as there is room."""
        at = (number % self._slots) * SLOT_BYTES
        limit = at + SLOT_BYTES
        for result in results:
            for index, output in enumerate(result.outputs):
                if isinstance(output, bytes) and at + len(output) <= limit:
                    self._memory[at : at + len(output)] = output
                    result.outputs[index] = Placed(at, at + len(output))  # type: ignore[call-overload]  # only between worker and parent
                    at += len(output)

    def take_out(self, results: list[ChunkResult]) -> None:
        """Copy what was placed back into the results."""
        for result in results:
            result.outputs = [self._fetched(output) for output in result.outputs]

    def close(self) -> None:
        self._memory.close()

    def _fetched(self, output: Output | Placed) -> Output:
        return self._memory[output.start : output.end] if isinstance(output, Placed) else output
