"""Tests of where the items of a chunk stand in their source."""

from __future__ import annotations

from statepipe.ports.items import Item, Range, Unreadable
from statepipe.run.chunk import ByteChunk, RangeChunk, RecordChunk

ITEMS: list[Item] = [b"one", Unreadable("too long", b"head", 1000), b"", b"four"]


def test_items_stand_one_behind_the_other_with_a_newline_each() -> None:
    chunk = ByteChunk(ITEMS, offset=50, line=3, size=1012)

    assert [chunk.offset_of(at) for at in range(4)] == [50, 54, 1055, 1056]
    assert [chunk.line_of(at) for at in range(4)] == [3, 4, 5, 6]


def test_offsets_and_lines_that_are_given_are_heeded() -> None:
    chunk = ByteChunk(ITEMS, 50, 3, 1012, offsets=[50, 60, 70, 80], lines=[3, 3, 9, 12])

    assert [chunk.offset_of(at) for at in range(4)] == [50, 60, 70, 80]
    assert [chunk.line_of(at) for at in range(4)] == [3, 3, 9, 12]


def test_every_chunk_knows_how_many_records_it_counts_as() -> None:
    assert len(ByteChunk(ITEMS, 0, 1, 1)) == 4
    assert len(RecordChunk([{}, {}])) == 2
    assert len(RangeChunk(Range(0, 1000), expected=7)) == 7


def test_the_positions_of_items_are_their_offsets_and_those_of_records_their_numbers() -> None:
    chunk = ByteChunk(ITEMS, offset=50, line=3, size=1012)
    listed = ByteChunk(ITEMS, 50, 3, 1012, offsets=[50, 60, 70, 80], lines=[3, 3, 9, 12])

    assert list(chunk.positions()) == [chunk.offset_of(at) for at in range(4)]
    assert list(listed.positions()) == [50, 60, 70, 80]
    assert list(ByteChunk([], 50, 3, 0).positions()) == []
    assert list(RecordChunk([{}, {}], first=7).positions()) == [7, 8]
