"""Hostile input in its real size. Smaller variants stand in `tests/streaming/test_memory.py`."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.streaming.measured import check_counts, run_measured

pytestmark = pytest.mark.soak

LIMIT_MB = 100
MIB = 1024 * 1024
GIB = 1024 * MIB


def long_line(mib: int) -> Iterator[bytes]:
    yield b'{"a":"'
    for _ in range(mib):
        yield b"x" * MIB


def test_a_line_of_1_gib_without_an_end_through_a_pipe(tmp_path: Path) -> None:
    sink = tmp_path / "out.jsonl"
    ran = run_measured("/dev/stdin", sink, feed=long_line(1024), memory_limit_mb=LIMIT_MB)
    check_counts(ran.said)

    assert ran.peak_mb < LIMIT_MB
    assert (ran.said["total"], ran.said["malformed"]) == (1, 1)
    assert f"record of {GIB + 6} bytes is over" in ran.said["messages"][0]


def write_bomb(path: Path) -> None:
    """Write 10 MB that expand to 10 GB, in members of 64 MiB."""
    member = gzip.compress(b"\0" * 64 * MIB, compresslevel=6)
    with path.open("wb") as file:
        for _ in range(160):
            file.write(member)
    assert path.stat().st_size < 11 * MIB


def test_a_bomb_of_10_mb_that_holds_10_gb(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl.gz"
    write_bomb(source)
    ran = run_measured(source, tmp_path / "out.jsonl", memory_limit_mb=LIMIT_MB)

    assert ran.peak_mb < LIMIT_MB
    assert "over max_compression_ratio (500)" in ran.said["error"]
    assert not (tmp_path / "out.jsonl").exists()


def test_a_bomb_that_is_let_pass_takes_time_and_no_memory(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl.gz"
    write_bomb(source)
    options = {"memory_limit_mb": LIMIT_MB, "max_compression_ratio": 1032}
    ran = run_measured(source, tmp_path / "out.jsonl", **options)

    assert ran.peak_mb < LIMIT_MB
    assert (ran.said["total"], ran.said["malformed"]) == (1, 1)


def test_a_hundred_records_of_100_000_levels(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    with source.open("wb") as file:
        for _ in range(100):
            file.write(b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"\n")
    ran = run_measured(source, tmp_path / "out.jsonl", memory_limit_mb=200)
    check_counts(ran.said)

    assert ran.peak_mb < 200
    assert ran.said["total"] == 100


@pytest.mark.parametrize("parallelism", [1, 2])
def test_memory_is_the_same_for_ten_times_the_records(tmp_path: Path, parallelism: int) -> None:
    peaks = []
    for count in (200_000, 2_000_000):
        source = tmp_path / f"{count}.jsonl"
        with source.open("wb") as file:
            for number in range(count):
                file.write(b'{"n":%d,"text":"some words that make it longer"}\n' % number)
        ran = run_measured(source, tmp_path / "out.jsonl", chunk_size=1000, parallelism=parallelism)
        assert ran.said["successful"] == count
        peaks.append(ran.peak_mb)

    print(f"peaks for 200,000 and 2,000,000 records: {peaks}")
    assert abs(peaks[1] - peaks[0]) <= 0.1 * peaks[0]
