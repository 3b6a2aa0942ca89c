"""Formats through the public API: each with each, plain and compressed, and their options."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from statepipe import UsageError
from tests.streaming.streams import (
    Stream,
    blocking_stream,
    check_sums,
    lines_of,
    on_workers,
    one_state,
    write_lines,
)

RECORDS = b'{"text":"a","n":"1"}\n{"text":"b c","n":"2"}\n'
INPUTS = {
    "in.jsonl": RECORDS,
    "in.ndjson": RECORDS,
    "in.json": b'[{"text": "a", "n": "1"},\n {"text": "b c", "n": "2"}]',
    "in.csv": b"text,n\r\na,1\r\nb c,2\r\n",
    "in.tsv": b"text\tn\na\t1\nb c\t2",
}
OUTPUTS = {
    "out.jsonl": RECORDS,
    "out.ndjson": RECORDS,
    "out.json": b'[\n{"text":"a","n":"1"},\n{"text":"b c","n":"2"}\n]\n',
    "out.csv": b"text,n\na,1\nb c,2\n",
    "out.tsv": b"text\tn\na\t1\nb c\t2\n",
    "out.txt": b"a\nb c\n",
    "out.log": b"a\nb c\n",
}


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("source", INPUTS)
@pytest.mark.parametrize("sink", OUTPUTS)
def test_every_format_becomes_every_other(
    source: str, sink: str, compressed: bool, stream: Stream, tmp_path: Path
) -> None:
    suffix = ".gz" if compressed else ""
    pack, unpack = (gzip.compress, gzip.decompress) if compressed else (bytes, bytes)
    (tmp_path / f"{source}{suffix}").write_bytes(pack(INPUTS[source]))

    result = stream(
        one_state(), tmp_path / f"{source}{suffix}", tmp_path / f"{sink}{suffix}", chunk_size=1
    )

    assert unpack((tmp_path / f"{sink}{suffix}").read_bytes()) == OUTPUTS[sink]
    check_sums(result, written=2, letters=0)


@pytest.mark.parametrize("name", ["in.txt", "in.log", "in.txt.gz"])
def test_text_lines_are_records_of_one_field(
    name: str, stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    data = "one\r\n\ntwo\u2028three\n".encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)

    kept = ["one", "two\u2028three"]
    for skip, expected in ((True, kept), (False, [kept[0], "", kept[1]])):
        seen: list[Any] = []
        stream(
            one_state(),
            tmp_path / name,
            seen.append,
            text_field_name="line",
            skip_empty_lines=skip,
            stream_config=on_workers(parallelism),
        )

        assert seen == [{"line": line} for line in expected]


def test_the_text_field_names_what_is_written(stream: Stream, tmp_path: Path) -> None:
    stream(one_state(), [{"line": "one"}], tmp_path / "out.txt", text_field_name="line")

    assert (tmp_path / "out.txt").read_bytes() == b"one\n"


def test_csv_options_hold_on_both_sides(stream: Stream, parallelism: int, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(b"a;b\n1;2\n")
    options: Any = {"csv_delimiter": ";", "stream_config": on_workers(parallelism)}

    stream(one_state(), tmp_path / "in.csv", tmp_path / "out.csv", **options)
    stream(one_state(), tmp_path / "in.csv", tmp_path / "bare.csv", csv_has_header=False, **options)

    assert (tmp_path / "out.csv").read_bytes() == b"a;b\n1;2\n"
    assert (tmp_path / "bare.csv").read_bytes() == b"a;b\n1;2\n"


def test_without_a_header_columns_are_numbered(stream: Stream, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(b"a,b\n")
    seen: list[Any] = []
    stream(one_state(), tmp_path / "in.csv", seen.append, csv_has_header=False)

    assert seen == [{"column_1": "a", "column_2": "b"}]


def test_empty_lines_that_are_not_skipped_are_dead_letters(
    stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    (tmp_path / "in.jsonl").write_bytes(b'{"a": 1}\n\n{"a": 2}\n')

    config = on_workers(parallelism)
    result = stream(
        one_state(), tmp_path / "in.jsonl", skip_empty_lines=False, stream_config=config
    )

    assert result.errors[0].message == "empty line"
    assert result.malformed == result.failed == 1
    assert result.total_records == 3


def test_a_given_format_comes_before_the_suffix(stream: Stream, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_bytes(RECORDS)
    stream(
        one_state(),
        tmp_path / "in.txt",
        tmp_path / "out.log",
        input_format="jsonl",
        output_format="json",
    )

    assert (tmp_path / "out.log").read_bytes() == OUTPUTS["out.json"]


@pytest.mark.parametrize("chunk_size", [1, 3, 100])
def test_positions_in_a_compressed_file_are_those_of_its_content(
    chunk_size: int, stream: Stream, tmp_path: Path
) -> None:
    lines = [b'{"text": "' + b"x" * 200 + b'"}'] * 10
    lines[4] = lines[8] = b"broken"
    (tmp_path / "in.jsonl.gz").write_bytes(gzip.compress(b"\n".join(lines)))

    stream(one_state(), tmp_path / "in.jsonl.gz", tmp_path / "out.jsonl", chunk_size=chunk_size)

    length = len(lines[0]) + 1
    assert [letter["position"] for letter in lines_of(tmp_path / "out.dead.jsonl")] == [
        {"record": 4, "line": 5, "offset": 4 * length},
        {"record": 8, "line": 9, "offset": 7 * length + 7},
    ]


@pytest.mark.parametrize(
    "option", [{"text_field_name": "x"}, {"csv_delimiter": ";"}, {"csv_has_header": False}]
)
def test_an_option_that_no_format_heeds_is_refused(tmp_path: Path, option: dict[str, Any]) -> None:
    source = write_lines(tmp_path / "in.jsonl", [{"id": 1}])

    with pytest.raises(UsageError, match=f"a format that heeds {next(iter(option))}"):
        blocking_stream(one_state(), source, tmp_path / "out.jsonl", **option)
    assert not (tmp_path / "out.jsonl").exists()
