"""Ranges: how a splittable source is cut for workers."""

from __future__ import annotations

from collections.abc import Iterator

from statepipe.ports.byte_source import ByteSource
from statepipe.ports.items import ranges
from statepipe.run.chunk import RangeChunk
from statepipe.run.options import StreamConfig

SMALLEST_BYTES = 32 * 1024
LARGEST_BYTES = 4 * 1024 * 1024

SPARE_PART = 32
"""Of a range, one part in so many is left out: where its records are a little shorter than those
measured, a chunk of one or two of them would follow the full ones, at nearly the price of one."""

GUESSED_RECORD_BYTES = 100
"""For a source without a single record to measure."""


def range_chunks(source: ByteSource, config: StreamConfig, start: int = 0) -> Iterator[RangeChunk]:
    """Yield the ranges of a source from byte `start` on.

    They are so large that every worker can have two under way.
    """
    total = source.total_bytes or 0
    if total <= start:
        return
    record_bytes = typical_record_bytes(source)
    size = records_in_range(config) * record_bytes
    size -= size // SPARE_PART
    size = min(max(size, SMALLEST_BYTES), LARGEST_BYTES)
    size = min(size, max(1, -(-(total - start) // config.parallelism)))
    expected = max(1, size // record_bytes)
    for piece in ranges(start, total, size):
        yield RangeChunk(piece, expected)


def records_in_range(config: StreamConfig) -> int:
    """Return how many records a range should hold, for the limits to let all workers work."""
    limit = min(config.buffer_size, config.backpressure_threshold)
    records = limit // (2 * config.parallelism + 1)
    return max(1, records // config.chunk_size) * config.chunk_size


def typical_record_bytes(source: ByteSource) -> int:
    """Return the mean size of the records in the source's first block."""
    reader = source.open()
    try:
        block = reader.read()
    finally:
        reader.close()
    if block is None or not block.items:
        return GUESSED_RECORD_BYTES
    return max(1, block.size // len(block.items))
