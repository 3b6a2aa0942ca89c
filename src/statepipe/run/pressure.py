"""Pressure: how large chunks and queues may be, from the memory in use. Decides; touches nothing.

Nothing here changes what is written: a stream gives the same bytes however it is cut.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from statepipe.run.options import StreamConfig, limit_bytes

SHRINK_AT = 0.8
GROW_AT = 0.6
"""Shares of the limit: above the one sizes are halved at each look, below the other doubled."""

SMALLEST_CHUNK_BYTES = 64 * 1024
SMALLEST_BUFFER_BYTES = 256 * 1024

BUFFER_SHARE = 8
"""Of a memory limit, one part in so many is for bytes under way: as objects they take more."""

CHUNK_SHARE = 4
"""Of the bytes under way, one part in so many for one chunk, and as much for reading ahead."""

BLOCKS_AHEAD = 8
"""Blocks that what is read ahead may be. A block may be twice as large as it is meant to be, by a
record that began before it: four wait, or three such; and one of them chunks are cut from."""

LARGEST_BLOCK_BYTES = 256 * 1024
SMALLEST_BLOCK_BYTES = 4 * 1024
"""Of what is read at once. More gains nothing, and less costs as much for each block."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much a chunk may hold, in records and in bytes, and how much all that is under way."""

    chunk_size: int
    chunk_bytes: int
    buffer_bytes: int
    tight: bool = False

    @property
    def read_ahead_bytes(self) -> int:
        return min(BLOCKS_AHEAD * LARGEST_BLOCK_BYTES, self.buffer_bytes // CHUNK_SHARE)

    @property
    def block_bytes(self) -> int:
        """How much of a file may be read at once."""
        return max(SMALLEST_BLOCK_BYTES, self.read_ahead_bytes // BLOCKS_AHEAD)

    @property
    def waiting_bytes(self) -> int:
        """What may wait for chunks to be cut from it."""
        return self.read_ahead_bytes // 2

    @property
    def flow_bytes(self) -> int:
        """What is left for computing and writing beside what is read ahead."""
        return self.buffer_bytes - self.read_ahead_bytes

    def before_growth(self, times: float) -> Sizes:
        """Return these sizes for chunks that will weigh so many times what is read of them."""
        return replace(self, chunk_bytes=max(1, int(self.chunk_bytes / times)))


def full_sizes(config: StreamConfig) -> Sizes:
    """Return the sizes that a stream begins with."""
    memory = limit_bytes(config)
    buffer = config.buffer_bytes
    if memory is not None:
        buffer = min(buffer, max(SMALLEST_BUFFER_BYTES, memory // BUFFER_SHARE))
    return Sizes(config.chunk_size, max(1, buffer // CHUNK_SHARE), buffer)


class Pressure:
    """Halves the sizes while memory is near its limit, and doubles them again while it is not.

    At the limit it also says `tight`: one chunk at a time.
    """

    def __init__(self, config: StreamConfig) -> None:
        self._full = full_sizes(config)
        self._limit_mb = config.memory_limit_mb
        self._level = 0
        chunk, buffer = self._full.chunk_size, self._full.buffer_bytes // SMALLEST_BUFFER_BYTES
        self._lowest = max(chunk, buffer, 1).bit_length()
        self.sizes = self._full

    def is_near(self, now_mb: float) -> bool:
        """Tell whether so much is in use that sizes have to shrink."""
        return self._limit_mb is not None and now_mb >= self._limit_mb * SHRINK_AT

    def on_sample(self, now_mb: float) -> bool:
        """Take note of the memory in use; return whether `sizes` have changed."""
        if self._limit_mb is None:
            return False
        if self.is_near(now_mb):
            self._level = min(self._level + 1, self._lowest)
        elif now_mb < self._limit_mb * GROW_AT:
            self._level = max(self._level - 1, 0)
        before, self.sizes = self.sizes, self._sized(tight=now_mb >= self._limit_mb)
        return self.sizes != before

    def _sized(self, *, tight: bool) -> Sizes:
        full, level = self._full, self._level
        return Sizes(
            max(1, full.chunk_size >> level),
            lowered(full.chunk_bytes, level, SMALLEST_CHUNK_BYTES),
            lowered(full.buffer_bytes, level, SMALLEST_BUFFER_BYTES),
            tight,
        )


def lowered(full: int, level: int, least: int) -> int:
    """Return `full` halved `level` times, but not below `least` if it was not there before."""
    return max(min(full, least), full >> level)
