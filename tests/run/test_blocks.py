"""Tests of cutting blocks into chunks and joining them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from statepipe.ports.items import Block, Item
from statepipe.run.blocks import cut, cut_off, joined

ITEMS = st.lists(st.binary(max_size=5), min_size=1, max_size=20)


def block_of(items: list[bytes], *, size: int | None = None, spread: bool = False) -> Block:
    """Return a block at byte 100, line 7; `spread` gives each item its own offset and line."""
    kept: list[Item] = list(items)
    starts = [100 + sum(len(item) + 1 for item in items[:at]) for at in range(len(items))]
    length = sum(map(len, items)) + len(items)
    block = Block(kept, 100, 7, length if size is None else size)
    if spread:
        block.offsets, block.lines = starts, [7 + 2 * at for at in range(len(items))]
    return block


@given(ITEMS, st.integers(1, 7), st.booleans(), st.integers(0, 200))
def test_chunks_hold_all_items_bytes_and_positions(
    items: list[bytes], chunk_size: int, spread: bool, size: int
) -> None:
    whole = block_of(items, spread=spread)
    chunks = list(cut(block_of(items, size=size, spread=spread), chunk_size))

    assert [item for chunk in chunks for item in chunk.items] == items
    assert sum(chunk.size for chunk in chunks) == size
    assert {len(chunk) for chunk in chunks[:-1]} <= {chunk_size}
    offsets = [chunk.offset_of(at) for chunk in chunks for at in range(len(chunk))]
    starts = [100 + sum(len(item) + 1 for item in items[:at]) for at in range(len(items))]
    assert offsets == starts
    lines = [chunk.line_of(at) for chunk in chunks for at in range(len(chunk))]
    assert lines == (whole.lines or list(range(7, 7 + len(items))))


@given(ITEMS, ITEMS, st.data(), st.booleans())
def test_what_is_left_can_be_joined_with_the_next_block(
    first: list[bytes], second: list[bytes], data: st.DataObject, spread: bool
) -> None:
    count = data.draw(st.integers(1, len(first)))
    begun = block_of(first, spread=spread)
    part = cut_off(begun, 0, count) if count < len(first) else None
    rest = joined(begun, count if part else 0, block_of(second, spread=spread))

    left = first[count:] if part else first
    assert rest.items == [*left, *second]
    assert (part.size if part else 0) + rest.size == len(b"".join(first + second)) + len(
        first + second
    )
    assert rest.offsets is None or len(rest.offsets) == len(rest.items)
