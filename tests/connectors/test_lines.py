"""Tests of cutting bytes into lines."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.connectors import lines
from statepipe.connectors.byte_stream import PlainStream
from statepipe.connectors.filesystem import LocalFiles
from statepipe.connectors.format_options import BLOCK_SIZE
from statepipe.connectors.lines import BEYOND_BYTES, LineReader, stream_start
from statepipe.ports.items import Block, Item, Range, Unreadable


class Pieces:
    """A stream that gives its content in pieces of a fixed size, as a slow pipe does."""

    def __init__(self, content: bytes, piece: int = 1 << 20, start: int = 0) -> None:
        self._content = content[start:]
        self._piece = piece

    def read(self, size: int) -> bytes:
        piece = min(size, self._piece)
        data, self._content = self._content[:piece], self._content[piece:]
        return data

    def used(self, content_bytes: int) -> int:
        return content_bytes

    def close(self) -> None:
        self._content = b""


def blocks_of(reader: LineReader) -> list[Block]:
    return list(iter(reader.read, None))


def located(blocks: list[Block]) -> list[tuple[int, Item]]:
    """Return every item with its offset, found as `Block` says."""
    found = []
    for block in blocks:
        offset = block.offset
        for item in block.items:
            found.append((offset, item))
            offset += len(item) + 1
    return found


def items_of(content: bytes, piece: int = 1 << 20, limit: int = 1 << 20) -> list[Item]:
    return [item for _, item in located(blocks_of(LineReader(Pieces(content, piece), limit)))]


def test_lines_are_cut_at_newlines_only() -> None:
    content = "a\r\n\nb\u2028c\x0b\x0c\x1cd\rx\n".encode()

    assert items_of(content) == [b"a\r", b"", "b\u2028c\x0b\x0c\x1cd\rx".encode()]


def test_an_empty_stream_has_no_lines() -> None:
    assert items_of(b"") == []


def test_a_last_line_needs_no_newline() -> None:
    assert items_of(b"a\nb") == [b"a", b"b"]


@pytest.mark.parametrize("piece", [1, 2, 3, 4, 100])
def test_a_byte_order_mark_is_no_part_of_the_first_line(piece: int) -> None:
    blocks = blocks_of(LineReader(Pieces(b"\xef\xbb\xbfa\nb\n", piece)))

    assert located(blocks) == [(3, b"a"), (5, b"b")]
    assert sum(block.size for block in blocks) == 7


@pytest.mark.parametrize("content", [b"\xef", b"\xef\xbb", b"\xef\xbbx", b"x\xef\xbb\xbf"])
def test_what_only_looks_like_a_byte_order_mark_stays(content: bytes) -> None:
    assert items_of(content, piece=1) == [content]


def test_a_stream_of_only_a_byte_order_mark_has_no_lines() -> None:
    assert items_of(b"\xef\xbb\xbf", piece=1) == []


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_a_line_over_the_limit_is_unreadable_and_the_next_is_read(piece: int) -> None:
    found = items_of(b"ab\n" + b"x" * 2000 + b"\n" + b"c" * 5 + b"\n", piece, limit=5)

    reason = "record of 2000 bytes is over max_record_bytes (5)"
    assert found == [b"ab", Unreadable(reason, b"x" * 1024, 2000), b"ccccc"]


def test_a_huge_line_is_never_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "BLOCK_SIZE", 1000)
    reader = LineReader(Pieces(b"x" * 1_000_000), max_record_bytes=3000)
    for _ in range(900):
        reader._take(reader._stream.read(1000))

    assert sum(map(len, reader._pending._pieces)) <= 1024
    assert reader._pending.size == 900_000


def test_the_ending_is_checked_only_where_the_newline_is_missing() -> None:
    def check(item: bytes) -> str | None:
        return f"bad end {item!r}"

    whole = blocks_of(LineReader(Pieces(b"a\nb\n"), check_ending=check))
    cut = blocks_of(LineReader(Pieces(b"a\nb"), check_ending=check))

    assert [item for _, item in located(whole)] == [b"a", b"b"]
    assert [item for _, item in located(cut)] == [b"a", Unreadable("bad end b'b'", b"b", 1)]


def test_blocks_count_lines_from_one() -> None:
    blocks = blocks_of(LineReader(Pieces(b"a\nb\nc\nd", 4)))

    assert [(block.line, block.items) for block in blocks] == [
        (1, [b"a", b"b"]),
        (3, [b"c"]),
        (4, [b"d"]),
    ]


contents = st.lists(st.sampled_from([b"\n", b"a", b"bc", b"\r\n", b"\xef\xbb\xbf"])).map(b"".join)


@given(contents, st.integers(1, 9), st.integers(0, 6))
def test_every_cut_into_pieces_gives_the_same_lines(content: bytes, piece: int, limit: int) -> None:
    whole = blocks_of(LineReader(Pieces(content), limit))
    pieces = blocks_of(LineReader(Pieces(content, piece), limit))

    assert located(pieces) == located(whole)
    assert sum(block.size for block in pieces) == sum(block.size for block in whole)


@given(contents, st.lists(st.integers(0, 40)), st.integers(1, 9))
def test_ranges_together_give_the_whole_read(content: bytes, cuts: list[int], piece: int) -> None:
    marks = sorted({0, len(content), *(cut for cut in cuts if cut < len(content))})
    spans = [Range(start, end) for start, end in pairwise(marks)]

    whole = blocks_of(LineReader(Pieces(content)))
    parts = [
        block
        for span in spans
        for block in blocks_of(
            LineReader(Pieces(content, piece, stream_start(span)), 1 << 20, span)
        )
    ]

    assert located(parts) == located(whole)
    if whole:
        assert sum(block.size for block in parts) == len(content)


def test_a_range_counts_lines_from_its_first_one() -> None:
    span = Range(2, 5)
    [block] = blocks_of(LineReader(Pieces(b"a\nb\nc\nd\n", start=1), 1 << 20, span))

    assert (block.items, block.offset, block.line) == ([b"b", b"c"], 2, 1)


class CountingPieces(Pieces):
    """Counts the bytes that were read, and how often."""

    taken = times = 0

    def read(self, size: int) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        self.times += 1
        return data


@pytest.mark.parametrize("start", [1, 500])
def test_a_range_reads_little_of_what_others_read(start: int) -> None:
    stream = CountingPieces(b"0123456789\n" * 100_000, start=start - 1)
    span = Range(start, 50_000)
    found = blocks_of(LineReader(stream, 1 << 20, span))

    assert sum(block.size for block in found) <= 50_000
    assert stream.taken <= 50_000 - start + 1 + BEYOND_BYTES


@pytest.mark.parametrize("start", [0, 5])
def test_a_line_that_goes_on_far_behind_its_range_is_read_in_large_pieces(start: int) -> None:
    stream = CountingPieces(b"0123\n" + b"x" * 600_000 + b"\nnext\n", start=max(0, start - 1))
    [*_, last] = blocks_of(LineReader(stream, 1 << 20, Range(start, 10)))

    assert last.items[-1] == b"x" * 600_000
    assert stream.times <= 2 + 600_000 // BLOCK_SIZE


def test_a_real_file_is_read_in_large_blocks(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_bytes(b"0123456789\n" * 100_000)
    blocks = blocks_of(LineReader(PlainStream(LocalFiles().open_read(str(path)), str(path))))

    assert sum(len(block.items) for block in blocks) == 100_000
    assert len(blocks) == 5
