"""Tests of finding source, sink and format for a path."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from statepipe.connectors.filesystem import LocalFiles
from statepipe.connectors.formats import (
    FORMATS,
    FormatOptions,
    file_sink,
    file_source,
    format_name,
    same_file,
)
from statepipe.errors import SourceError, UsageError
from statepipe.ports.byte_source import ByteSource
from statepipe.record import Record

FILES = LocalFiles()


def records_of(source: ByteSource) -> list[Record]:
    reader = source.open()
    blocks = list(iter(reader.read, None))
    reader.close()
    return [record for block in blocks for record in source.decoder.decode(block.items)]


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.jsonl", "jsonl"),
        ("a.ndjson", "jsonl"),
        ("a.JSON", "json"),
        ("b.c/a.csv.gz", "csv"),
        ("a.tsv", "tsv"),
        ("a.txt", "text"),
        ("a.log.gz", "text"),
    ],
)
def test_a_suffix_says_the_format(name: str, format: str) -> None:  # noqa: A002 - the API's word
    assert format_name(name) == format


@pytest.mark.parametrize(("name", "said"), [("a.xml", "suffix '.xml'"), ("b.csv/a", "no suffix")])
def test_an_unknown_suffix_is_refused_with_the_known_ones(name: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        file_sink(name, files=FILES)

    assert str(caught.value) == (
        f"{name} has {said}; known are .jsonl, .ndjson, .json, .csv, .tsv, .txt, .log, "
        "each also with .gz. Rename it, or give a format: jsonl, json, csv, tsv, text"
    )
    assert file_sink(name, files=FILES, format="csv").name == name


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        file_sink("a.jsonl", files=FILES, format="xml")

    assert str(caught.value) == "unknown format 'xml'; known are auto, jsonl, json, csv, tsv, text"


def test_an_empty_path_and_a_folder_are_called_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the path of a file is empty"):
        format_name("")
    with pytest.raises(UsageError, match=f"{tmp_path.name} is a folder; name a file"):
        format_name(str(tmp_path))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("count", [0, 1, 10_000])
def test_every_format_reads_what_it_wrote(
    tmp_path: Path,
    format: str,  # noqa: A002 - the API's word
    suffix: str,
    count: int,
) -> None:
    path = str(tmp_path / f"a.{'txt' if format == 'text' else format}{suffix}")
    records = [{"text": f"line {n}"} for n in range(count)]
    sink = file_sink(path, files=FILES)
    writer = sink.open()
    for start in range(0, count, 300):
        writer.write(sink.encoder.encode(records[start : start + 300]))
    writer.commit()
    source = file_source(path, files=FILES)

    assert records_of(source) == records
    assert source.total_bytes == os.path.getsize(path)
    assert source.splittable == (format in ("jsonl", "text") and not suffix)


def test_options_reach_their_format(tmp_path: Path) -> None:
    path = tmp_path / "a.dat"
    path.write_bytes(b"1;2\n\n")
    csv = FormatOptions(csv_delimiter=";", csv_has_header=False, skip_empty_lines=False)
    text = FormatOptions(text_field_name="line")
    small = FormatOptions(max_record_bytes=2)
    source = file_source(str(path), files=FILES, format="csv", options=csv)
    [block] = iter(source.open().read, None)

    assert source.decoder.decode(block.items[:1]) == [{"column_1": "1", "column_2": "2"}]
    assert source.decoder.decode_each(block.items[1:]) != [None]
    named = file_source(str(path), files=FILES, format="text", options=text)
    assert named.decoder.decode([b"x"]) == [{"line": "x"}]
    for name in ("jsonl", "text"):
        limited = file_source(str(path), files=FILES, format=name, options=small).open().read()
        assert limited is not None
        assert "is over max_record_bytes (2)" in str(limited.items[0])


def test_a_tab_stands_between_fields_of_tsv_unless_another_is_given(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_bytes(b"a\tb;c\n1\t2;3\n")
    semicolon = FormatOptions(csv_delimiter=";")

    assert records_of(file_source(str(path), files=FILES)) == [{"a": "1", "b;c": "2;3"}]
    assert records_of(file_source(str(path), files=FILES, options=semicolon)) == [
        {"a\tb": "1\t2", "c": "3"}
    ]


def test_the_decoder_of_a_csv_file_knows_its_columns_before_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,2\n")

    assert file_source(str(path), files=FILES).decoder.decode([b"1,2"]) == [{"a": "1", "b": "2"}]


def test_a_missing_source_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "input.jsonl").touch()
    near, far, nowhere = tmp_path / "inputs.jsonl", tmp_path / "x.csv", tmp_path / "no" / "a.csv"
    messages = {
        near: f"there is no file {near}; did you mean {tmp_path / 'input.jsonl'}?",
        far: f"there is no file {far}",
        nowhere: f"there is no file {nowhere}; there is no folder {nowhere.parent} either",
    }
    for path, message in messages.items():
        with pytest.raises(SourceError) as caught:
            file_source(str(path), files=FILES)

        assert str(caught.value) == message


def test_a_folder_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        file_source(str(tmp_path), files=FILES, format="jsonl")

    assert str(caught.value) == f"cannot read {tmp_path}: it is a folder"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_source_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.touch(mode=0)
    with pytest.raises(SourceError, match="permission denied"):
        file_source(str(path), files=FILES)


def test_a_named_pipe_is_a_live_source_without_a_size(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    os.mkfifo(path)
    source = file_source(str(path), files=FILES)

    assert (source.live, source.total_bytes, source.splittable) == (True, None, False)


def test_one_file_is_recognised_under_all_its_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path, link, hard, other = (tmp_path / name for name in ("a", "link", "hard", "other"))
    path.touch()
    other.touch()
    link.symlink_to(path)
    hard.hardlink_to(path)

    assert all(same_file(str(path), name) for name in ("a", "./x/../a", str(link), str(hard)))
    assert not same_file(str(path), str(other))
    assert not same_file(str(path), str(tmp_path / "new"))
    assert same_file("new", str(tmp_path / "new"))


def test_a_gzip_suffix_means_gzip_under_a_given_format_too(tmp_path: Path) -> None:
    path = tmp_path / "a.data.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n'))

    assert records_of(file_source(str(path), files=FILES, format="jsonl")) == [{"a": 1}]
