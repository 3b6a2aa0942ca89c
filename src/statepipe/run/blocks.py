"""Blocks cut into chunks, and blocks joined."""

from __future__ import annotations

from collections.abc import Iterator

from statepipe.ports import Block
from statepipe.run.chunk import ByteChunk
from statepipe.saved import Point


def cut(block: Block, chunk_size: int) -> Iterator[ByteChunk]:
    """Yield all of `block` in chunks of `chunk_size` items, the last one shorter."""
    for at in range(0, len(block.items), chunk_size):
        yield cut_off(block, at, min(chunk_size, len(block.items) - at))


def whole(block: Block) -> ByteChunk:
    offsets, lines = block.offsets, block.lines
    return ByteChunk(block.items, block.offset, block.line, block.size, offsets, lines, block.end)


def cut_off(block: Block, at: int, count: int) -> ByteChunk:
    """Return `count` items from `at` on, and make `block` tell of what is behind them.

    Its `offset`, `line` and `size` move on; its items stay, so that nothing is copied.
    """
    if at == 0 and count == len(block.items):
        return whole(block)
    part, behind = block.items[at : at + count], at + count
    if behind == len(block.items):
        length, size, end = 0, block.size, block.end  # it takes what is left
    else:
        if block.offsets is None:
            length = sum(map(len, part)) + count
        else:
            length = block.offsets[behind] - block.offset
        size = min(block.size, length)  # of compressed bytes there may be fewer
        line = block.line + count if block.lines is None else block.lines[behind]
        end = Point(block.offset + length, line)
    offsets = None if block.offsets is None else block.offsets[at:behind]
    lines = None if block.lines is None else block.lines[at:behind]
    chunk = ByteChunk(part, block.offset, block.line, size, offsets, lines, end)
    block.offset += length
    block.line += count
    block.size -= size
    return chunk


def rest_of(block: Block, at: int) -> Block:
    """Return what stands behind item `at`. `offset`, `line` and `size` tell of the rest already."""
    offsets = None if block.offsets is None else block.offsets[at:]
    lines = None if block.lines is None else block.lines[at:]
    return Block(block.items[at:], block.offset, block.line, block.size, offsets, lines, block.end)


def joined(first: Block, second: Block) -> Block:
    items = [*first.items, *second.items]
    offsets = chained(first.offsets, second.offsets)
    lines = chained(first.lines, second.lines)
    size = first.size + second.size
    return Block(items, first.offset, first.line, size, offsets, lines, second.end)


def chained(first: list[int] | None, second: list[int] | None) -> list[int] | None:
    return None if first is None or second is None else [*first, *second]
