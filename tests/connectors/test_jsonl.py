"""Tests of JSON lines in real files: what goes in, what must come out, and at which position."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.connectors.files import FileSource
from statepipe.connectors.filesystem import LocalFiles
from statepipe.connectors.format_options import FormatOptions
from statepipe.connectors.formats import file_sink, file_source
from statepipe.connectors.jsonl import JsonLinesInput, JsonLinesOutput
from statepipe.ports.byte_source import ByteSource
from statepipe.ports.formats import Malformed
from statepipe.record import Record

FILES = LocalFiles()
Found = list[tuple[int, int, Record | Malformed | None]]


def read_all(source: ByteSource) -> Found:
    """Return line, byte offset and outcome of every item."""
    found: Found = []
    reader = source.open()
    while (block := reader.read()) is not None:
        offset = block.offset
        results = source.decoder.decode_each(block.items)
        for number, (item, result) in enumerate(zip(block.items, results, strict=True)):
            found.append((block.line + number, offset, result))
            offset += len(item) + 1
    reader.close()
    return found


@pytest.fixture(params=["", ".gz"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Return what writes bytes to a file, compressed or not, and reads that file."""

    def write_and_read(content: bytes, **options: Any) -> Found:
        path = tmp_path / f"in.jsonl{request.param}"
        path.write_bytes(gzip.compress(content) if request.param else content)
        return read_all(file_source(str(path), files=FILES, options=FormatOptions(**options)))

    return write_and_read


def test_what_is_malformed_keeps_its_place_and_the_rest_is_read(written: Any) -> None:
    content = b'{"a": 1}\n{"a": }\n[1]\n\n{"a": "\xff"}\n{"a": NaN}\n{"a": 2}\n'

    assert written(content) == [
        (1, 0, {"a": 1}),
        (2, 9, Malformed("invalid JSON at column 7: expecting value")),
        (3, 17, Malformed("not an object (got array)")),
        (4, 21, None),
        (5, 22, Malformed("invalid UTF-8 at byte 8")),
        (6, 33, Malformed("NaN at column 7 is not allowed")),
        (7, 44, {"a": 2}),
    ]


def test_a_last_line_that_is_cut_off_says_so(written: Any) -> None:
    reason = "truncated last line: invalid JSON at column 8: expecting ',' delimiter"

    assert written(b'{"a": 1}\n{"a": 2')[1] == (2, 9, Malformed(reason))
    assert written(b'{"a": 1}\n{"a": 2}')[1] == (2, 9, {"a": 2})


def test_a_line_over_the_limit_is_malformed_and_the_next_is_read(written: Any) -> None:
    large = b'{"a": "' + b"x" * 600_000 + b'"}'
    found = written(large + b'\n{"a": 2}\n', max_record_bytes=500_000)

    reason = f"record of {len(large)} bytes is over max_record_bytes (500000)"
    assert found == [(1, 0, Malformed(reason)), (2, len(large) + 1, {"a": 2})]


def test_a_large_line_under_the_limit_is_read(written: Any) -> None:
    text = "é" * 3_000_000
    content = json.dumps({"a": text}, ensure_ascii=False).encode() + b"\n{}\n"

    assert [result for _, _, result in written(content)] == [{"a": text}, {}]


def test_byte_order_mark_crlf_and_blank_lines_change_nothing(written: Any) -> None:
    found = written(b'\xef\xbb\xbf{"a": 1}\r\n\r\n  \n{"a": "\xe2\x80\xa8"}\r\n{"a": 3}\r')

    assert [result for _, _, result in found] == [{"a": 1}, None, None, {"a": "\u2028"}, {"a": 3}]
    assert [offset for _, offset, _ in found] == [3, 13, 15, 18, 32]


def test_blank_lines_are_malformed_where_they_are_not_skipped(written: Any) -> None:
    found = written(b"{}\n\n", skip_empty_lines=False)

    assert [result for _, _, result in found] == [{}, Malformed("empty line")]


def test_an_empty_file_has_no_records(written: Any) -> None:
    assert written(b"") == []
    assert written(b"\xef\xbb\xbf") == []


HARD_VALUES = [
    {"a": 10**3999, "b": -(2**63) - 1, "c": 2**64},
    {"a": "\ud800", "b": "\udc00x", "c": "\u2028\x00\x7f"},
    {"a": 1.0, "b": 1, "c": True, "d": None, "e": -0.0, "f": 1e308, "g": 5e-324},
    {"": {"": [[], {}, [[]]]}, "null": "null"},
]


def test_hard_values_are_written_back_without_a_change(written: Any, tmp_path: Path) -> None:
    content = "".join(json.dumps(value) + "\n" for value in HARD_VALUES)
    first = [result for _, _, result in written(content.encode())]
    path = str(tmp_path / "out.jsonl")
    sink = file_sink(path, files=FILES)
    writer = sink.open()
    writer.write(sink.encoder.encode(first))
    writer.commit()
    second = [result for _, _, result in read_all(file_source(path, files=FILES))]

    assert repr(second) == repr(HARD_VALUES)


def test_duplicate_keys_are_read_as_json_reads_them(written: Any) -> None:
    assert written(b'{"a": 1, "b": 2, "a": 3}\n')[0][2] == {"a": 3, "b": 2}


def test_every_line_is_written_with_its_newline() -> None:
    output = JsonLinesOutput()
    framing = output.framing

    assert output.new_encoder().encode_one({"a": 1}) == b'{"a":1}\n'
    assert framing.begin + framing.between + framing.end + framing.end_if_any == b""


@given(
    st.lists(st.sampled_from([b'{"a":1}', b"", b'{"b":"x"}\r', b"[", b'{"c":']), max_size=8),
    st.booleans(),
    st.integers(1, 12),
)
def test_ranges_of_a_file_give_together_what_the_whole_gives(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], newline: bool, size: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "ranges.jsonl"
    path.write_bytes(b"\n".join(parts) + (b"\n" if newline else b""))
    total = path.stat().st_size
    source = FileSource(str(path), JsonLinesInput(), FILES, False, total, splittable=True)
    found = []
    for start in range(0, total, size):
        reader = source.open_range(start, min(start + size, total))
        found += [item for block in iter(reader.read, None) for item in block.items]
        reader.close()
    reader = source.open()
    whole = [item for block in iter(reader.read, None) for item in block.items]
    reader.close()

    assert found == whole
