"""Sources: every kind, and what becomes of one that is none."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from statepipe import SourceError, UsageError
from statepipe.testing import (
    ABORT,
    END,
    PAUSE,
    AbortedError,
    AsyncMemorySource,
    CollectingSink,
    MemorySource,
)
from tests.streaming.streams import Stream, check_sums, on_workers, one_state, write_lines

RECORDS: list[Any] = [{"value": n} for n in range(7)]


async def async_records() -> Any:
    for record in RECORDS:
        await asyncio.sleep(0)
        yield record


class AsyncIterable:
    def __aiter__(self) -> Any:
        return async_records()


class Iterable:
    def __iter__(self) -> Iterator[Any]:
        return iter(RECORDS)


SOURCES: dict[str, Any] = {
    "list": lambda: RECORDS,
    "tuple": lambda: tuple(RECORDS),
    "generator": lambda: (record for record in RECORDS),
    "iterable": Iterable,
    "async generator": async_records,
    "async iterable": AsyncIterable,
    "source object": lambda: MemorySource(RECORDS),
    "async source object": lambda: AsyncMemorySource(RECORDS),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_s_records_come_out_in_order(kind: str, stream: Stream, parallelism: int) -> None:
    sink = CollectingSink()
    config = on_workers(parallelism, chunk_size=3, max_wait_ms=10_000)
    result = stream(one_state(), SOURCES[kind](), sink, stream_config=config)

    assert sink.records == RECORDS
    assert [len(chunk) for chunk in sink.chunks] == [3, 3, 1]
    check_sums(result, written=7, letters=0)


@pytest.mark.parametrize("spelling", [str, Path])
def test_a_path_is_a_source(spelling: Any, stream: Stream, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "in.ndjson", RECORDS)
    sink = CollectingSink()
    stream(one_state(), spelling(path), sink)

    assert sink.records == RECORDS


@pytest.mark.parametrize("source", [17, None, {"value": 1}, b"in.jsonl", object(), print])
def test_what_is_no_source_is_refused(source: Any, stream: Stream) -> None:
    with pytest.raises(UsageError, match="a source must be a path, an iterable, an async iter"):
        stream(one_state(), source)


def test_an_open_file_is_refused(stream: Stream) -> None:
    with pytest.raises(UsageError, match="the source is an open file; give its path instead"):
        stream(one_state(), io.BytesIO(b"{}"))


def test_an_object_that_reads_something_else_is_no_source(stream: Stream) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"{}\n")
        file.seek(0)
        with pytest.raises(SourceError, match="read must give a list of records, not a bytes"):
            stream(one_state(), file)


def test_a_read_that_has_to_be_awaited_says_so(stream: Stream) -> None:
    class Late(AsyncMemorySource):
        def read(self, limit: int) -> Any:
            return super().read(limit)

    with pytest.raises(SourceError, match="not a coroutine; to await, declare it `async def`"):
        stream(one_state(), Late(RECORDS))


@pytest.mark.parametrize("kind", [MemorySource, AsyncMemorySource])
def test_a_source_object_is_closed_once(kind: Any, stream: Stream, tmp_path: Path) -> None:
    whole, aborted, unread = kind(RECORDS), kind([RECORDS[0], ABORT]), kind(RECORDS)
    sink = CollectingSink()

    stream(one_state(), whole)
    with pytest.raises(AbortedError, match=r"after 1 record\b"):
        stream(one_state(), aborted, sink)
    with pytest.raises(Exception, match="there is no folder"):
        stream(one_state(), unread, tmp_path / "no" / "out.jsonl")

    assert [source.closed for source in (whole, aborted, unread)] == [1, 1, 1]
    assert sink.records == RECORDS[:1]
    assert unread.given == 0


def test_marks_end_and_pause_a_memory_source(stream: Stream) -> None:
    source = MemorySource([*RECORDS[:2], PAUSE, RECORDS[2], END, RECORDS[3]])
    first = [len(source.read(10)), len(source.read(10)), len(source.read(10))]
    sink = CollectingSink()
    stream(one_state(), MemorySource([*RECORDS[:2], END, RECORDS[3]]), sink)

    assert first == [2, 1, 0]
    assert sink.records == RECORDS[:2]


def test_a_missing_source_is_refused_with_the_one_that_was_meant(
    stream: Stream, tmp_path: Path
) -> None:
    write_lines(tmp_path / "orders.jsonl", RECORDS)

    with pytest.raises(SourceError, match=r"no file .*order.jsonl; did you mean .*orders.jsonl"):
        stream(one_state(), tmp_path / "order.jsonl")


def test_a_cancelled_source_is_an_error_and_no_end(stream: Stream) -> None:
    async def source() -> Any:
        yield {"value": 1}
        raise asyncio.CancelledError

    sink = CollectingSink()
    with pytest.raises(SourceError, match="ended by being cancelled, not by its end"):
        stream(one_state(), source(), sink)

    assert sink.records == [{"value": 1}]


@pytest.mark.parametrize("kind", ["generator", "async generator", "path"])
def test_without_streaming_all_is_read_before_the_first_record_is_processed(
    kind: str, stream: Stream, tmp_path: Path
) -> None:
    events: list[str] = []

    def noting(state: Any) -> Any:
        events.append("run")
        return state.data

    def records() -> Any:
        for record in RECORDS:
            events.append("read")
            yield record

    async def late_records() -> Any:
        for record in records():
            yield record

    sources: dict[str, Any] = {
        "generator": records,
        "async generator": late_records,
        "path": lambda: write_lines(tmp_path / "in.jsonl", RECORDS),
    }
    for use_streaming in (False, True):
        events.clear()
        result = stream(
            one_state(noting), sources[kind](), chunk_size=1, use_streaming=use_streaming
        )

        assert result.total_records == 7
        reads = [at for at, event in enumerate(events) if event == "read"]
        if kind != "path" and not use_streaming:
            assert max(reads) < events.index("run")
        if kind == "generator" and use_streaming:
            assert max(reads) > events.index("run")


def test_formats_are_refused_where_there_is_no_file(stream: Stream) -> None:
    with pytest.raises(UsageError, match="input_format='csv' is for a source that is a path"):
        stream(one_state(), RECORDS, input_format="csv")
    with pytest.raises(UsageError, match="output_format='csv' is for sinks that are paths"):
        stream(one_state(), RECORDS, print, output_format="csv")


def filling() -> Iterator[Any]:
    record: dict[str, Any] = {}
    for number in range(5):
        record["value"] = number
        yield record


async def filling_async() -> Any:
    for record in filling():
        yield record


@pytest.mark.parametrize("source", [filling, filling_async])
def test_a_generator_that_fills_one_dict_again_and_again_is_refused(
    source: Any, stream: Stream
) -> None:
    sink = CollectingSink()

    with pytest.raises(SourceError, match=r"the same object for several .* `yield dict\(record\)`"):
        stream(one_state(), source(), sink)
    assert sink.records == []


def test_one_dict_in_a_list_several_times_is_several_records(stream: Stream) -> None:
    sink = CollectingSink()
    stream(one_state("{**data, 'n': 1}"), [{"value": 1}] * 3, sink)

    assert sink.records == [{"value": 1, "n": 1}] * 3
