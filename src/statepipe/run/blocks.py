"""Blocks cut into chunks, and blocks joined."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from statepipe.ports.items import Block, Item, Unreadable
from statepipe.run.chunk import ByteChunk
from statepipe.saved import Point


def cut(block: Block, chunk_size: int) -> Iterator[ByteChunk]:
    """Yield all of `block` in chunks of `chunk_size` items, the last one shorter."""
    for at in range(0, len(block.items), chunk_size):
        yield cut_off(block, at, min(chunk_size, len(block.items) - at))


def whole(block: Block) -> ByteChunk:
    offsets, lines, content = block.offsets, block.lines, block.content
    end = block.end
    return ByteChunk(
        block.items, block.offset, block.line, block.size, offsets, lines, end, content
    )


def cut_off(block: Block, at: int, count: int) -> ByteChunk:
    """Return `count` items from `at` on, and make `block` tell of what is behind them.

    Its `offset`, `line`, `size` and `content` move on; its items stay, so that nothing is copied.
    """
    if at == 0 and count == len(block.items):
        return whole(block)
    part, behind = block.items[at : at + count], at + count
    if behind == len(block.items):
        # It takes what is left.
        length, size, end, content = 0, block.size, block.end, block.content
    else:
        if block.offsets is None:
            length = sum(map(len, part)) + count
        else:
            length = block.offsets[behind] - block.offset
        size = min(block.size, length)  # of compressed bytes there may be fewer
        content = min(block.content, length)  # of an oversized item only its head is here
        line = block.line + count if block.lines is None else block.lines[behind]
        end = Point(block.offset + length, line)
    offsets = None if block.offsets is None else block.offsets[at:behind]
    lines = None if block.lines is None else block.lines[at:behind]
    chunk = ByteChunk(part, block.offset, block.line, size, offsets, lines, end, content)
    block.offset += length
    block.line += count
    block.size -= size
    block.content -= content
    return chunk


def joined(first: Block, at: int, second: Block) -> Block:
    """Return what stands behind item `at` of `first`, and `second` behind it.

    `offset`, `line` and `size` of `first` tell of the rest already.
    """
    items = [*first.items[at:], *second.items]
    offsets = lines = None
    if first.offsets is not None and second.offsets is not None:
        offsets = [*first.offsets[at:], *second.offsets]
    if first.lines is not None and second.lines is not None:
        lines = [*first.lines[at:], *second.lines]
    size, content = first.size + second.size, first.content + second.content
    return Block(items, first.offset, first.line, size, offsets, lines, second.end, content)


def content_of(items: Sequence[Item]) -> int:
    """Return about how many bytes the items take in memory."""
    held = (len(item.head) if isinstance(item, Unreadable) else len(item) for item in items)
    return sum(held) + len(items)


def fitting(items: Sequence[Item], at: int, most: int, most_bytes: int) -> int:
    """Return how many items from `at` on fit: up to `most`, and `most_bytes`, but at least one."""
    ends = list(accumulate(map(len, items[at : at + most])))
    return max(1, bisect_right(ends, most_bytes))
