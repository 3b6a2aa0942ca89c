"""Every option of a stream does what it says."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from statepipe import (
    AsyncSimpleFSM,
    CoreStreamConfig,
    SimpleFSM,
    StreamConfig,
    StreamTimeoutError,
    UsageError,
)
from statepipe.testing import CollectingSink
from tests.streaming.streams import Stream, divider, lines_of, on_workers, one_state, write_lines


def numbered(count: int) -> list[Any]:
    return [{"value": n} for n in range(1, count + 1)]


# -- validation ----------------------------------------------------------------------------


def test_both_names_are_one_class() -> None:
    assert CoreStreamConfig is StreamConfig


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        StreamConfig(chunk_size=0, buffer_size=-1, parallelism=1.5, ordered="no", max_wait_ms="x")  # type: ignore[arg-type]

    assert str(caught.value) == (
        "chunk_size must be a whole number of at least 1, not 0; "
        "buffer_size must be a whole number of at least 1, not -1; "
        "parallelism must be a whole number of at least 1, not 1.5; "
        "ordered must be True or False, not 'no'; "
        "max_wait_ms must be a number of at least 0, not 'x'"
    )


@pytest.mark.parametrize("name", [item.name for item in fields(StreamConfig)])
@pytest.mark.parametrize("value", [-1, "text", float("nan"), [1]])
def test_every_field_is_checked(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"^{name} must be "):
        StreamConfig(**{name: value})


def test_none_is_no_limit_only_where_there_need_be_none() -> None:
    StreamConfig(memory_limit_mb=None, timeout_seconds=None)

    with pytest.raises(UsageError, match="chunk_size must be a whole number"):
        StreamConfig(chunk_size=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"chunk_size": 0}, "chunk_size must be a whole number of at least 1, not 0"),
        ({"chunk_size": "9"}, "chunk_size must be a whole number of at least 1, not '9'"),
        ({"timeout": -1}, "timeout must be a number of seconds of at least 0, not -1"),
        ({"timeout": "5"}, "timeout must be a number of seconds of at least 0, not '5'"),
        ({"stream_config": {"chunk_size": 3}}, "stream_config must be a StreamConfig, not a dict"),
        ({"csv_delimiter": "ab"}, "csv_delimiter must be one ASCII character"),
    ],
)
def test_wrong_arguments_are_refused(
    options: Any, message: str, stream: Stream, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_bytes(b"a\n1\n")

    with pytest.raises(UsageError, match=message):
        stream(one_state(), tmp_path / "in.csv", **options)


# -- sizes ---------------------------------------------------------------------------------


def test_chunk_size_cuts_the_stream(stream: Stream, parallelism: int) -> None:
    sink = CollectingSink()
    config = on_workers(parallelism, chunk_size=4)
    result = stream(one_state(), numbered(10), sink, stream_config=config)

    assert [len(chunk) for chunk in sink.chunks] == [4, 4, 2]
    assert result.chunks == 3


def test_the_argument_chunk_size_comes_before_the_config(stream: Stream) -> None:
    config = StreamConfig(chunk_size=2)

    assert stream(one_state(), numbered(10), stream_config=config).chunks == 5
    assert stream(one_state(), numbered(10), chunk_size=5, stream_config=config).chunks == 2
    assert stream(one_state(), numbered(250)).chunks == 3


def test_a_machine_s_stream_config_holds_unless_the_stream_brings_one() -> None:
    fsm = SimpleFSM(one_state(), stream_config=StreamConfig(chunk_size=2))

    assert fsm.process_stream(numbered(10)).chunks == 5
    assert fsm.process_stream(numbered(10), stream_config=StreamConfig()).chunks == 1


class Ahead:
    """How far an endless async source is ahead of a sink that awaits."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.read = 0
        self.written = 0
        self.most = 0

    async def source(self) -> Any:
        for n in range(self.count):
            self.read += 1
            self.most = max(self.most, self.read - self.written)
            yield {"value": n}

    async def receive(self, record: Any) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        self.written += 1


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        ({"buffer_size": 20}, 20),
        ({"backpressure_threshold": 30}, 30),
        ({"buffer_size": 40, "backpressure_threshold": 15}, 15),
        ({"buffer_size": 3}, 10),  # a whole chunk is always let in
        ({"memory_limit_mb": 1}, 10),  # which is there before the first record: one at a time
    ],
)
def test_a_fast_source_is_held_back(limits: Any, most: int, stream: Stream) -> None:
    ahead = Ahead(300)
    config = StreamConfig(chunk_size=10, **limits)
    result = stream(one_state(), ahead.source(), ahead.receive, stream_config=config)

    assert ahead.most <= most + 1  # the record that the source is about to give
    assert ahead.most >= most // 2
    assert result.paused_s > 0
    assert result.emitted == 300


def test_a_source_within_its_limits_is_not_held_back(stream: Stream) -> None:
    ahead = Ahead(300)
    result = stream(one_state(), ahead.source(), ahead.receive, chunk_size=10)

    assert ahead.most > 100
    assert result.paused_s == 0


@pytest.mark.parametrize(
    ("limits", "most"),
    [({"buffer_size": 20}, 20), ({"backpressure_threshold": 11}, 20)],
)
def test_workers_get_no_more_than_the_limits_allow(limits: Any, most: int, stream: Stream) -> None:
    in_flight: list[int] = []
    config = on_workers(2, chunk_size=10, **limits)
    stream(
        one_state(),
        numbered(500),
        on_progress=lambda p: in_flight.append(p.in_flight),
        stream_config=config,
    )

    # `in_flight` is told after a chunk of 10 has been written.
    assert max(in_flight) <= most - 10
    assert len(in_flight) == 50


def test_at_the_memory_limit_workers_get_one_chunk_at_a_time(stream: Stream) -> None:
    told: list[tuple[int, int]] = []
    stream(
        one_state(),
        numbered(500),
        on_progress=lambda p: told.append((p.in_flight, p.chunk_size)),
        stream_config=on_workers(2, chunk_size=10, memory_limit_mb=1),
    )

    assert {in_flight for in_flight, _ in told} == {0}
    assert max(size for _, size in told) <= 5


def test_without_limits_workers_get_more(stream: Stream) -> None:
    in_flight: list[int] = []
    stream(
        one_state(),
        numbered(500),
        on_progress=lambda p: in_flight.append(p.in_flight),
        stream_config=on_workers(2, chunk_size=10),
    )

    assert max(in_flight) > 10


def test_max_record_bytes_bounds_a_record(stream: Stream, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "in.jsonl", [{"value": "x" * size} for size in (10, 100)])
    config = StreamConfig(max_record_bytes=60)
    result = stream(one_state(), path, stream_config=config)

    assert result.errors[0].message == "record of 113 bytes is over max_record_bytes (60)"
    assert stream(one_state(), path).failed == 0


# -- time ----------------------------------------------------------------------------------


async def test_a_slow_source_s_records_are_not_held_back_for_a_full_chunk() -> None:
    written = asyncio.Event()

    async def source() -> Any:
        for n in range(3):
            yield {"value": n}
            await asyncio.wait_for(written.wait(), 30)  # the source goes on only when it came out
            written.clear()

    fsm = AsyncSimpleFSM(one_state())
    config = StreamConfig(chunk_size=1000, max_wait_ms=1)
    result = await fsm.process_stream(source(), lambda _: written.set(), stream_config=config)

    assert result.chunks == 3


async def test_max_wait_ms_lets_a_chunk_fill() -> None:
    async def source() -> Any:
        for n in range(6):
            await asyncio.sleep(0)
            yield {"value": n}

    fsm = AsyncSimpleFSM(one_state())
    config = StreamConfig(chunk_size=3, max_wait_ms=60_000)
    result = await fsm.process_stream(source(), stream_config=config)

    assert result.chunks == 2


@pytest.mark.parametrize("where", ["argument", "stream_config"])
def test_a_timeout_ends_the_stream(where: str, stream: Stream, parallelism: int) -> None:
    def endless() -> Any:
        while True:
            yield {"value": 1}

    given: Any = {"timeout": 0.1} if where == "argument" else {}
    limit = {"timeout_seconds": 0.1} if where == "stream_config" else {"timeout_seconds": 3600}

    with pytest.raises(StreamTimeoutError, match=r"the stream took longer than 0.1 s"):
        stream(one_state(), endless(), stream_config=on_workers(parallelism, **limit), **given)


def test_a_timeout_ends_a_source_that_waits() -> None:
    async def source() -> Any:
        yield {"value": 1}
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError) as caught:
        SimpleFSM(one_state()).process_stream(source(), timeout=0.1)

    assert caught.value.result.total_records == 1  # type: ignore[attr-defined]


# -- retries -------------------------------------------------------------------------------


class Flaky:
    """Fails each record's first attempts, and changes it before it does."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.attempts: dict[int, int] = {}

    def __call__(self, state: Any) -> Any:
        key = state["value"]
        self.attempts[key] = self.attempts.get(key, 0) + 1
        state.data["changed"] = state.get("changed", 0) + 1
        if self.attempts[key] <= self.failures:
            raise ConnectionError("not yet")
        return state.data


@pytest.mark.parametrize(
    ("options", "attempts", "failed"),
    [
        ({"retry_on_error": True, "max_retries": 2}, 3, 0),
        ({"retry_on_error": True, "max_retries": 1}, 2, 3),
        ({"retry_on_error": True, "max_retries": 0}, 1, 3),
        ({"retry_on_error": True}, 3, 0),
        ({"retry_on_error": False}, 1, 3),
        ({"max_retries": 9}, 1, 3),
    ],
)
def test_failing_records_are_run_again_from_the_start(
    options: Any, attempts: int, failed: int, stream: Stream, tmp_path: Path
) -> None:
    flaky = Flaky(2)
    dead = tmp_path / "out.dead.jsonl"
    result = stream(
        one_state(flaky),
        numbered(3),
        tmp_path / "out.jsonl",
        stream_config=StreamConfig(**options),
    )

    assert set(flaky.attempts.values()) == {attempts}
    assert result.failed == failed
    assert [letter["attempts"] for letter in lines_of(dead)] == [attempts] * failed
    assert all(record["changed"] == 1 for record in lines_of(tmp_path / "out.jsonl"))


# -- concurrency ---------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 3])
def test_async_functions_work_on_as_many_records_as_concurrency_says(
    limit: int, stream: Stream
) -> None:
    now, most = 0, 0

    async def count(state: Any) -> Any:
        nonlocal now, most
        now += 1
        most = max(most, now)
        for _ in range(5):
            await asyncio.sleep(0)
        now -= 1
        return state.data

    seen: list[Any] = []
    config = StreamConfig(concurrency=limit)
    stream(one_state(count), numbered(20), seen.append, stream_config=config)

    assert most == limit
    assert seen == numbered(20)


def test_parallelism_works_in_other_processes(stream: Stream) -> None:
    import os  # noqa: PLC0415 - named by the function below

    def mark(state: Any) -> Any:
        return {"pid": os.getpid(), "thread": threading.current_thread().name}

    pids: dict[int, set[int]] = {}
    for count in (1, 2):
        seen: list[Any] = []
        config = on_workers(count, chunk_size=5)
        stream(one_state(mark), numbered(200), seen.append, stream_config=config)
        pids[count] = {record["pid"] for record in seen}

    assert pids[1] == {os.getpid()}
    assert len(pids[2]) == 2
    assert os.getpid() not in pids[2]


# -- progress ------------------------------------------------------------------------------


def test_progress_tells_where_the_stream_stands(
    stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    source = write_lines(tmp_path / "in.jsonl", [{"value": n % 5 - 1} for n in range(100)])
    size = source.stat().st_size
    told: list[Any] = []
    config = on_workers(parallelism, chunk_size=10)
    result = stream(divider(), source, on_progress=told.append, stream_config=config)

    last = told[-1]
    assert [p.chunks_processed for p in told] == list(range(1, len(told) + 1))
    assert [p.records_processed for p in told] == sorted(p.records_processed for p in told)
    assert all(p.records_processed == p.successful + p.failed for p in told)
    assert all(sum(p.by_state.values()) == p.successful for p in told)
    assert all(len(p.errors) == p.failed for p in told)
    assert all(p.total_bytes == size for p in told)
    assert (last.bytes_processed, last.eta_s, last.in_flight) == (size, 0.0, 0)
    assert (last.records_processed, last.failed) == (100, 20)
    assert last.by_state == result.by_state == {"negative": 20, "output": 60}
    assert last.elapsed_time > 0 and last.paused_s >= 0
    assert last.records_per_second == 100 / last.elapsed_time
    assert last.chunks_per_second == last.chunks_processed / last.elapsed_time


@pytest.mark.parametrize("name", ["in.csv", "in.json", "in.txt", "in.jsonl.gz"])
def test_all_bytes_are_counted_at_the_end(name: str, stream: Stream, tmp_path: Path) -> None:
    stream(one_state("lambda s: {'text': 'x'}"), numbered(50), tmp_path / name)
    told: list[Any] = []
    stream(one_state(), tmp_path / name, on_progress=told.append, chunk_size=7)

    assert told[-1].bytes_processed == told[-1].total_bytes == (tmp_path / name).stat().st_size


def test_progress_may_be_awaited(stream: Stream) -> None:
    told: list[int] = []

    async def tell(progress: Any) -> None:
        await asyncio.sleep(0)
        told.append(progress.records_processed)

    stream(one_state(), numbered(4), chunk_size=2, on_progress=tell)

    assert told == [2, 4]


def test_without_a_size_nothing_is_guessed(stream: Stream) -> None:
    told: list[Any] = []
    stream(one_state(), numbered(4), on_progress=told.append)

    assert (told[0].total_bytes, told[0].eta_s, told[0].bytes_processed) == (None, None, 0)


def test_without_streaming_a_whole_file_waits_in_memory(
    stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    source = write_lines(tmp_path / "in.jsonl", numbered(30))
    first: dict[bool, int] = {}
    for streaming in (True, False):
        told: list[Any] = []
        stream(
            one_state(),
            source,
            use_streaming=streaming,
            on_progress=told.append,
            stream_config=on_workers(parallelism, chunk_size=1),
        )
        first[streaming] = told[0].in_flight

    assert first[False] == 29
    assert first[True] < 29 or parallelism > 1


def test_results_are_attributes_and_a_mapping(stream: Stream) -> None:
    result = stream(divider(), [{"value": n} for n in (-1, 0, 1)])

    assert result["total_records"] == result.total_records == 3
    assert result["total_processed"] == result.total_processed == 3
    assert dict(result)["by_state"] == {"negative": 1, "output": 1}
    assert result.get("nothing", 7) == 7
    with pytest.raises(KeyError):
        result["nothing"]
    assert len(result) == len(list(result))
    assert result.duration > 0
    assert result.throughput == 3 / result.duration
    assert result.peak_memory_mb > 1


def test_a_result_keeps_a_hundred_errors_and_counts_all(stream: Stream) -> None:
    result = stream(divider(), [{"value": 0}] * 250)

    assert result.failed == 250
    assert len(result.errors) == 100
