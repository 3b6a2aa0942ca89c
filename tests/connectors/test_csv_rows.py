"""Tests of finding where rows end."""

from __future__ import annotations

import csv

import pytest

from statepipe.connectors.csv_rows import RowReader, csv_rows, row_ends
from statepipe.connectors.lines import LineReader
from statepipe.ports.items import Block, Unreadable
from statepipe.saved import Point


class Pieces:
    """A stream that gives its content in pieces of a fixed size, and counts the reads."""

    def __init__(self, content: bytes, piece: int) -> None:
        self._content = content
        self._piece = piece
        self.reads = 0

    def read(self, size: int) -> bytes:
        self.reads += 1
        piece = min(size, self._piece)
        data, self._content = self._content[:piece], self._content[piece:]
        return data

    def used(self, content_bytes: int) -> int:
        return content_bytes

    def close(self) -> None:
        self._content = b""


def reader_of(stream: Pieces, limit: int = 1 << 24) -> RowReader:
    return RowReader(LineReader(stream, limit), ",", limit)


@pytest.mark.parametrize(
    ("lines", "ends"),
    [
        ([], [1]),
        (["a", "", "b"], [1, 2, 3, 4]),
        (["a", '"b', 'c"', "d"], [1, 3, 4, 5]),
        (['x"y', "a"], [1, 2, 3]),
        (['a,b"x', ',"y"z', '"'], [1, 2, 4]),
        (["a", '"b', "c"], [1, 4]),
        (["a\rb", "c"], [1, 2, 3]),
    ],
)
def test_rows_end_where_the_csv_module_ends_them(lines: list[str], ends: list[int]) -> None:
    assert list(row_ends(lines, ",")) == ends


def test_a_pipe_gives_a_row_as_soon_as_it_is_whole() -> None:
    stream = Pieces(b'"a\nb"\nc\nd\n', 6)
    reader = reader_of(stream)
    first = reader.read()

    assert first is not None
    assert (first.items, stream.reads) == ([b'"a\nb"'], 1)


def test_lines_without_quotes_are_passed_on_as_they_are() -> None:
    block = reader_of(Pieces(b"a,b\nc,d\n", 100)).read()

    assert block == Block([b"a,b", b"c,d"], 0, 1, 8, end=Point(8, 3))


def test_lines_with_quotes_around_fields_only_are_passed_on_as_they_are() -> None:
    block = reader_of(Pieces(b'a,"b"\r\n"c,""x",d\n""\n', 100)).read()

    assert block == Block([b'a,"b"\r', b'"c,""x",d', b'""'], 0, 1, 20, end=Point(20, 4))


def test_a_long_open_field_is_not_searched_for_every_block() -> None:
    content = b'"' + b"x\n" * 2_000_000
    stream = Pieces(content, 1 << 20)
    reader = reader_of(stream, limit=1 << 23)
    block = reader.read()

    assert block is not None
    assert block.items == [
        Unreadable(
            "a quoted field is still open at the end of the file", content[:1024], len(content) - 1
        )
    ]


def test_a_row_with_a_line_over_the_limit_inside_is_unreadable() -> None:
    content = b'1,"a\n' + b"x" * 50 + b'\nb"\n2,3\n'
    block = reader_of(Pieces(content, 1000), limit=20).read()

    assert block is not None
    assert block.items == [
        Unreadable("record of 58 bytes is over max_record_bytes (20)", b'1,"a\nb"', 58),
        b"2,3",
    ]


def test_what_was_given_back_is_read_again() -> None:
    reader = reader_of(Pieces(b"a\nb\n", 2))
    first, second = reader.read(), reader.read()
    assert first is not None
    assert second is not None
    reader.give_back([Block([], 0, 1, 7), first, second])

    assert [reader.read(), reader.read(), reader.read()] == [first, second, None]


def test_the_modules_limit_of_a_field_is_lifted() -> None:
    previous = csv.field_size_limit(10)
    try:
        assert list(csv_rows(["x" * 100], ",")) == [["x" * 100]]
    finally:
        csv.field_size_limit(previous)
