"""`memory_limit_mb` holds for the whole process, whatever the input does.

Smaller than in `tests/soak`, and large enough to break every bound that is not kept.
"""

from __future__ import annotations

import filecmp
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statepipe import SimpleFSM, SourceError, StreamConfig
from tests.streaming.measured import check_counts, run_measured
from tests.streaming.streams import check_sums, lines_of, one_state

LIMIT_MB = 100
MIB = 1024 * 1024


def long_line(mib: int) -> Iterator[bytes]:
    yield b'{"a":"'
    for _ in range(mib):
        yield b"x" * MIB
    yield b'"}\n{"n":1}\n'


def test_a_line_of_256_mib_through_a_pipe_is_a_dead_letter(tmp_path: Path) -> None:
    sink = tmp_path / "out.jsonl"
    ran = run_measured("/dev/stdin", sink, feed=long_line(256), memory_limit_mb=LIMIT_MB)

    assert ran.peak_mb < LIMIT_MB
    assert (ran.said["total"], ran.said["malformed"]) == (2, 1)
    (letter,) = lines_of(tmp_path / "out.dead.jsonl")
    size = 256 * MIB + 8
    assert letter["message"] == (
        f"record of {size} bytes is over the {LIMIT_MB * MIB // 16} that memory_limit_mb=100 "
        "allows one record; raise it"
    )
    assert letter["original"] == '{"a":"' + "x" * 1018
    assert lines_of(sink) == [{"n": 1}]


def test_a_line_that_would_be_many_objects_is_a_dead_letter(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    with source.open("wb") as file:
        file.write(b'{"a":[' + b"[]," * (2 * MIB) + b'[]]}\n{"n":1}\n')
    ran = run_measured(source, tmp_path / "out.jsonl", memory_limit_mb=LIMIT_MB)

    assert ran.peak_mb < LIMIT_MB
    assert (ran.said["total"], ran.said["malformed"], ran.said["successful"]) == (2, 1, 1)
    assert "may take" in ran.said["messages"][0]
    assert "memory_limit_mb=100 allows one record" in ran.said["messages"][0]


@pytest.mark.parametrize("parallelism", [1, 2])
def test_a_chunk_of_large_records_is_cut_by_bytes(tmp_path: Path, parallelism: int) -> None:
    source = tmp_path / "in.jsonl"
    with source.open("wb") as file:
        for number in range(300):
            file.write(b'{"n":%d,"text":"%s"}\n' % (number, b"x" * MIB))
    limit_mb = 200 * parallelism
    ran = run_measured(
        source,
        tmp_path / "out.jsonl",
        memory_limit_mb=limit_mb,
        chunk_size=1000,
        parallelism=parallelism,
    )

    assert ran.peak_mb < limit_mb  # all in one chunk, it would be far above 300
    assert ran.said["successful"] == 300
    assert filecmp.cmp(tmp_path / "out.jsonl", source, shallow=False)


def test_large_records_of_an_iterator_are_cut_by_bytes(tmp_path: Path) -> None:
    source = "({'n': n, 'text': chr(97 + n % 26) * 1048576} for n in range(300))"
    ran = run_measured(
        source,
        tmp_path / "out.jsonl",
        expression=True,
        memory_limit_mb=200,
        chunk_size=1000,
    )

    assert ran.peak_mb < 200
    assert ran.said["successful"] == 300


def test_an_iterators_record_that_is_too_large_is_a_dead_letter(tmp_path: Path) -> None:
    source = "iter([{'n': 1}, {'all': [{'n': n} for n in range(100000)]}, {'n': 2}])"
    sink = tmp_path / "out.jsonl"
    ran = run_measured(source, sink, expression=True, memory_limit_mb=32)
    check_counts(ran.said)

    assert (ran.said["successful"], ran.said["malformed"]) == (2, 1)
    assert "memory_limit_mb=32 allows one record; raise it" in ran.said["messages"][0]
    (letter,) = lines_of(tmp_path / "out.dead.jsonl")
    assert letter["original"].startswith("{'all': [{'n': 0}, ")
    assert len(letter["original"]) < 1000


def test_chunks_shrink_near_the_limit_and_the_output_is_the_same(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    with source.open("wb") as file:
        for number in range(100_000):
            file.write(b'{"n":%d,"text":"%s"}\n' % (number, b"x" * 100))
    tight = run_measured(source, tmp_path / "tight.jsonl", chunk_size=512, memory_limit_mb=40)
    loose = run_measured(source, tmp_path / "loose.jsonl", chunk_size=512, memory_limit_mb=900)

    assert tight.said["chunk_size"] < 512  # the process alone takes more than 40 MB
    assert loose.said["chunk_size"] == 512
    assert (tmp_path / "tight.jsonl").read_bytes() == (tmp_path / "loose.jsonl").read_bytes()


def test_a_gzip_bomb_is_stopped(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl.gz"
    with gzip.open(source, "wb") as file:
        for _ in range(300):
            file.write(b"\0" * MIB)
    ran = run_measured(source, tmp_path / "out.jsonl", memory_limit_mb=LIMIT_MB)

    assert ran.peak_mb < LIMIT_MB
    assert "over max_compression_ratio (500); if the file is no bomb, raise that" in str(
        ran.said["error"]
    )
    assert not (tmp_path / "out.jsonl").exists()


def test_max_compression_ratio_lets_pass_what_it_allows(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl.gz"
    with gzip.open(source, "wb") as file:
        file.write(b'{"text":"' + b"x" * 70 * MIB + b'"}\n{"n":1}\n')
    fsm = SimpleFSM(one_state())
    result = fsm.process_stream(source, stream_config=StreamConfig(max_compression_ratio=1032))

    assert (result.total_records, result.malformed) == (2, 1)
    with pytest.raises(SourceError, match=r"max_compression_ratio \(500\)"):
        fsm.process_stream(source)


def test_gzip_within_gzip_is_lines_that_are_no_json(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl.gz"
    inner = gzip.compress(b'{"n":1}\n' * 1000, mtime=0)
    source.write_bytes(gzip.compress(inner))
    result = SimpleFSM(one_state()).process_stream(source, tmp_path / "out.jsonl")

    assert result.total_records == result.malformed == sum(map(bool, inner.split(b"\n")))
    check_sums(result, written=0, letters=len(lines_of(tmp_path / "out.dead.jsonl")))


def test_json_100_000_deep_counts_and_adds_up(tmp_path: Path) -> None:
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    source = tmp_path / "in.jsonl"
    source.write_bytes(deep + b"\n" + deep[:-1] + b'\n{"n":1}\n')
    ran = run_measured(source, tmp_path / "out.jsonl", memory_limit_mb=LIMIT_MB)
    check_counts(ran.said)

    assert ran.peak_mb < LIMIT_MB
    assert ran.said["total"] == 3
    assert (tmp_path / "out.jsonl").read_bytes().endswith(b'{"n":1}\n')


def test_nul_bytes_are_lines_like_others(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(b"\0" * 5_000_000 + b'\n{"n":1}\n\0\n' + b"\0\n" * 1000)
    result = SimpleFSM(one_state()).process_stream(source, tmp_path / "out.jsonl")

    assert (result.total_records, result.malformed) == (1003, 1002)
    check_sums(result, written=1, letters=len(lines_of(tmp_path / "out.dead.jsonl")))


FORMATS = ["jsonl", "json", "csv", "text"]
HOSTILE = st.one_of(
    st.binary(max_size=400),
    st.lists(
        st.sampled_from(
            [b'{"a":1}', b"\n", b"\r\n", b'"', b",", b"[", b"]", b"{", b"\0", b"\xff", b"x" * 90]
        ),
        max_size=60,
    ).map(b"".join),
)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=HOSTILE, chunk_size=st.integers(1, 5))
def test_whatever_the_bytes_are_the_counts_add_up(
    name: str, content: bytes, chunk_size: int, tmp_path: Path
) -> None:
    source, sink = tmp_path / "in.data", tmp_path / "out.jsonl"
    dead = tmp_path / "out.dead.jsonl"
    source.write_bytes(content)
    dead.unlink(missing_ok=True)
    options: dict[str, Any] = {"max_record_bytes": 80, "buffer_bytes": 64}
    config = StreamConfig(chunk_size=chunk_size, **options)
    fsm = SimpleFSM(one_state())
    try:
        result = fsm.process_stream(source, sink, input_format=name, stream_config=config)
    except SourceError:
        if name in {"json", "csv"}:  # no array, or a header that names no columns
            return
        raise

    check_sums(result, written=len(lines_of(sink)), letters=len(lines_of(dead)))
    if name == "jsonl":
        lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        assert result.total_records == sum(bool(line.strip(b" \t\r")) for line in lines)
