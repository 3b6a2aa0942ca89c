"""Tests of CSV: what Python's csv module reads, and what stays whole when written."""

from __future__ import annotations

import csv
import io
import math
import pickle
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from statepipe.connectors.csv_format import CsvInput, CsvOutput
from statepipe.errors import SourceError, UsageError
from statepipe.ports.formats import Malformed, UnwritableError
from statepipe.ports.items import Block, Item


class Pieces:
    """A stream that gives its content in pieces of a fixed size, as a slow pipe does."""

    def __init__(self, content: bytes, piece: int = 1 << 20) -> None:
        self._content = content
        self._piece = piece

    def read(self, size: int) -> bytes:
        piece = min(size, self._piece)
        data, self._content = self._content[:piece], self._content[piece:]
        return data

    def used(self, content_bytes: int) -> int:
        return content_bytes

    def close(self) -> None:
        self._content = b""


def read_blocks(content: bytes, reading: CsvInput, piece: int = 1 << 20) -> list[Block]:
    return list(iter(reading.reader(Pieces(content, piece), "a.csv").read, None))


def read_csv(content: bytes, piece: int = 1 << 20, **options: Any) -> list[Any]:
    reading = CsvInput(**options)
    blocks = read_blocks(content, reading, piece)
    return [row for block in blocks for row in reading.decoder.decode_each(block.items)]


def located(blocks: list[Block]) -> list[tuple[Item, int, int]]:
    found: list[tuple[Item, int, int]] = []
    for block in blocks:
        offset = block.offset
        for index, item in enumerate(block.items):
            line = block.line + index if block.lines is None else block.lines[index]
            found.append((item, offset if block.offsets is None else block.offsets[index], line))
            offset += len(item) + 1
    return found


@pytest.mark.parametrize("piece", [1, 5, 100])
def test_the_header_names_the_columns_and_numbers_stay_text(piece: int) -> None:
    content = b'\xef\xbb\xbf\n"id",na me\r\n1,\xc3\xa9\r\n\r\n"2","a\n""b"", c\r\n"\n3,"x"\n'

    assert read_csv(content, piece) == [
        {"id": "1", "na me": "é"},
        None,
        {"id": "2", "na me": 'a\n"b", c\r\n'},
        {"id": "3", "na me": "x"},
    ]


@pytest.mark.parametrize("piece", [1, 5, 100])
def test_rows_know_their_offset_and_line(piece: int) -> None:
    content = b'a,b\n1,2\n"x\ny",3\n4,5'

    assert located(read_blocks(content, CsvInput(), piece)) == [
        (b"1,2", 4, 2),
        (b'"x\ny",3', 8, 3),
        (b"4,5", 16, 5),
    ]


def test_sizes_of_blocks_add_up_to_the_content() -> None:
    content = b'a,b\n1,2\n"x\ny",3\n4,5'
    for piece in (1, 3, 100):
        blocks = read_blocks(content, CsvInput(), piece)

        assert sum(block.size for block in blocks) == len(content)


def test_without_a_header_columns_are_numbered() -> None:
    assert read_csv(b"\n1,2\n3,4\n", has_header=False, skip_empty_lines=False) == [
        Malformed("expected 2 columns, found 0"),
        {"column_1": "1", "column_2": "2"},
        {"column_1": "3", "column_2": "4"},
    ]


def test_an_empty_file_has_no_rows() -> None:
    assert read_csv(b"") == []
    assert read_csv(b"\n\n") == []
    assert read_csv(b"a,b\n") == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"1", "expected 2 columns, found 1"),
        (b"1,2,3", "expected 2 columns, found 3"),
        (b"1,\xff", "invalid UTF-8 at byte 3"),
        (b"1,a\rb", "invalid CSV: new-line character seen in unquoted field"),
    ],
)
def test_a_broken_row_says_why_and_the_next_is_read(row: bytes, reason: str) -> None:
    content = b"a,b\n" + row + b'\n3,"4"\n'

    assert read_csv(content) == [Malformed(reason), {"a": "3", "b": "4"}]


def test_a_broken_row_stops_the_fast_decoding_of_its_batch() -> None:
    decoder = CsvInput().decoder
    decoder.columns = ("a", "b")

    assert decoder.decode([b"1,2", b'"x\ny",3']) == [{"a": "1", "b": "2"}, {"a": "x\ny", "b": "3"}]
    for broken in (b"", b"1", b"1,2,3", b"1,\xff", b"1,a\rb", b'1,"'):
        with pytest.raises(ValueError, match=r"."):
            decoder.decode([broken, b"1,2"])


@pytest.mark.parametrize("piece", [1, 100])
def test_a_field_that_stays_open_is_one_malformed_row(piece: int) -> None:
    rows = read_csv(b'a,b\n1,2\n3,"x\n4,5\n', piece)

    reason = "a quoted field is still open at the end of the file"
    assert rows == [{"a": "1", "b": "2"}, Malformed(reason)]


def test_a_field_that_stays_open_too_long_is_given_up_and_reading_goes_on() -> None:
    content = b'a,b\n3,"x\n' + b"y,y\n" * 100 + b'z"\n5,6\n'
    rows = read_csv(content, 40, max_record_bytes=200)

    assert rows[0].reason.endswith("is over max_record_bytes (200)")
    assert {"a": "5", "b": "6"} in rows or len(rows) > 1


def test_a_line_over_the_limit_is_malformed_and_the_next_row_is_read() -> None:
    rows = read_csv(b"a,b\n1," + b"x" * 500 + b'\n"3",4\n', max_record_bytes=100)

    assert rows == [
        Malformed("record of 502 bytes is over max_record_bytes (100)"),
        {"a": "3", "b": "4"},
    ]


def test_a_field_may_be_larger_than_the_csv_modules_own_limit() -> None:
    large = "x" * 300_000

    assert read_csv(f'a\n"{large}"\n'.encode()) == [{"a": large}]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            b"a,b,a",
            "a.csv: the header names 'a' more than once; rename a column, or say that the first "
            "row is no header (csv_has_header=False)",
        ),
        (
            b"a,,c, ",
            "a.csv: the header has no name for column 2, 4; give it one, or say that the first "
            "row is no header (csv_has_header=False)",
        ),
        (b"a,\xff", "a.csv: the header cannot be read: invalid UTF-8 at byte 3"),
    ],
)
def test_a_header_that_cannot_name_columns_is_refused(header: bytes, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        read_csv(header + b"\n1,2,3\n")

    assert str(caught.value) == message


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n", "é"])
def test_a_delimiter_that_cannot_delimit_is_refused(delimiter: str) -> None:
    for make in (CsvInput, CsvOutput):
        with pytest.raises(UsageError) as caught:
            make(delimiter)

        assert str(caught.value) == f"csv_delimiter must be one ASCII character, not {delimiter!r}"


def test_the_decoder_goes_to_workers_with_its_columns() -> None:
    reading = CsvInput(";")
    read_blocks(b"a;b\n", reading)

    assert pickle.loads(pickle.dumps(reading.decoder)).decode([b"1;2"]) == [{"a": "1", "b": "2"}]


@given(
    st.text('a",\n é', max_size=60),
    st.integers(1, 9),
)
@example('a,b"x\n,"y"z\n"', 1)
def test_rows_are_those_of_the_csv_module(text: str, piece: int) -> None:
    expected = list(csv.reader(io.StringIO(text, newline="")))
    reading = CsvInput(has_header=False)
    blocks = read_blocks(text.encode(), reading, piece)
    found = [item for block in blocks for item in block.items]
    if found and not isinstance(found[-1], bytes):  # an open field: refused, not closed silently
        found, expected = found[:-1], expected[:-1]

    assert [next(csv.reader([item.decode()]), []) for item in found if item is not None] == expected


cells = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    st.lists(cells.filter(str.strip), min_size=1, max_size=4, unique=True).flatmap(
        lambda columns: st.lists(st.fixed_dictionaries({name: cells for name in columns}))
    ),
    st.sampled_from([",", "\t", ";"]),
    st.integers(1, 50),
)
def test_text_is_read_back_as_it_was_written(
    records: list[dict[str, str]], delimiter: str, piece: int
) -> None:
    written = CsvOutput(delimiter).new_encoder().encode(records)

    assert read_csv(b"\xef\xbb\xbf" + written, piece, delimiter=delimiter) == records


def test_the_first_record_names_the_columns_once() -> None:
    encoder = CsvOutput().new_encoder()
    written = encoder.encode([]) + encoder.encode([{"a": 1, "b": "x,y"}, {"b": None}])
    written += encoder.encode_one({"b": 'say "hi"', "a": [1, {"c": 2.5}]})

    assert written.decode() == 'a,b\n1,"x,y"\n,\n"[1,{""c"":2.5}]","say ""hi"""\n'


def test_without_a_header_only_rows_are_written() -> None:
    assert CsvOutput(has_header=False).new_encoder().encode_one({"a": True}) == b"true\n"


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"a": 1, "c": 2}, "field 'c': not among the columns of this CSV (a, b)"),
        ({"a": {1}}, "field 'a': JSON cannot hold a set; use sorted(...) or list(...)"),
        ({"a": {"x": [math.nan]}}, "field 'a.x[0]': nan is no JSON value; use None or a string"),
        ({"a": "\ud800"}, "a lone surrogate is no UTF-8 text"),
    ],
)
def test_a_record_that_fits_no_row_is_refused(record: dict[str, Any], message: str) -> None:
    encoder = CsvOutput().new_encoder()
    encoder.encode([{"a": 1, "b": 2}])

    with pytest.raises(UnwritableError) as caught:
        encoder.encode_one(record)

    assert str(caught.value) == message


def test_a_refused_first_record_names_no_columns() -> None:
    encoder = CsvOutput().new_encoder()
    for refused in ({}, {"x": {1}}, {1: 2}):
        with pytest.raises(UnwritableError, match=r"."):
            encoder.encode([refused])

    assert encoder.encode_one({"a": 1}) == b"a\n1\n"
