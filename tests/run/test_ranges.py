"""Tests of cutting a file for workers."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from statepipe.connectors.filesystem import LocalFiles
from statepipe.connectors.formats import file_source
from statepipe.ports.byte_source import ByteSource
from statepipe.run.options import StreamConfig
from statepipe.run.ranges import LARGEST_BYTES, range_chunks, records_in_range, typical_record_bytes


def source_of(path: Path, count: int) -> ByteSource:
    path.write_text("".join(json.dumps({"id": n, "pad": "x" * 80}) + "\n" for n in range(count)))
    return file_source(str(path), files=LocalFiles())


def test_ranges_follow_each_other_from_the_first_byte_to_the_last(tmp_path: Path) -> None:
    source = source_of(tmp_path / "in.jsonl", 20_000)
    chunks = list(range_chunks(source, StreamConfig(parallelism=3)))

    assert chunks[0].range.start == 0
    assert chunks[-1].range.end == source.total_bytes
    assert all(one.range.end == other.range.start for one, other in pairwise(chunks))
    assert all(chunk.range.end - chunk.range.start <= LARGEST_BYTES for chunk in chunks)


def test_every_worker_gets_a_range_of_a_small_file(tmp_path: Path) -> None:
    source = source_of(tmp_path / "in.jsonl", 10)

    assert len(list(range_chunks(source, StreamConfig(parallelism=4)))) == 4


def test_an_empty_file_has_no_range(tmp_path: Path) -> None:
    assert list(range_chunks(source_of(tmp_path / "in.jsonl", 0), StreamConfig())) == []


def test_records_are_measured_by_the_first_block(tmp_path: Path) -> None:
    source = source_of(tmp_path / "in.jsonl", 10)

    assert typical_record_bytes(source) == (source.total_bytes or 0) // 10


def test_a_range_is_a_little_less_than_full_chunks(tmp_path: Path) -> None:
    source = source_of(tmp_path / "in.jsonl", 20_000)
    config = StreamConfig(parallelism=2, chunk_size=300)
    first, *_ = range_chunks(source, config)

    assert records_in_range(config) == 900
    assert 0.9 * 900 < first.expected < 0.98 * 900


@given(st.integers(1, 8), st.integers(1, 20_000), st.integers(1, 20_000))
def test_two_ranges_for_each_worker_stay_below_the_limits(
    workers: int, buffer_size: int, threshold: int
) -> None:
    config = StreamConfig(
        parallelism=workers,
        buffer_size=buffer_size,
        backpressure_threshold=threshold,
        chunk_size=1,
    )
    records = records_in_range(config)

    assert records >= 1
    assert records == 1 or 2 * workers * records < min(buffer_size, threshold)
