"""Tests of worker processes: the same results, and no process left whatever happens."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

import psutil
import pytest

import statepipe.run.workers
from statepipe.connectors.filesystem import LocalFiles
from statepipe.connectors.formats import file_source
from statepipe.errors import StreamError
from statepipe.ports import ByteSource, Range
from statepipe.record import DataHandlingMode
from statepipe.run.bell import ThreadBell
from statepipe.run.blocking_driver import run_blocking
from statepipe.run.chunk import ByteChunk, Chunk, ChunkResult, RangeChunk, RecordChunk
from statepipe.run.compute import ChunkRunner
from statepipe.run.computing import Done
from statepipe.run.workers import MAX_ASSIGNED, Pool, chunks_in_range
from tests.run.engines import divider, engine_of, one_state, runner_of
from tests.run.sources import WAIT_S, lines, until

RUNNER = runner_of(engine_of(divider()))


def registered(function: Any) -> ChunkRunner:
    config = one_state({"type": "registered", "name": "function"})
    engine = engine_of(config, DataHandlingMode.COPY, {"function": function})
    return runner_of(engine)


class Crew:
    """A started pool with its bell."""

    def __init__(
        self, runner: ChunkRunner, source: ByteSource | None = None, count: int = 2
    ) -> None:
        self.bell = ThreadBell()
        self.pool = Pool(runner, source, chunk_size=3, count=count, bell=self.bell)
        self.pool.start()
        self.processes = [psutil.Process(pid) for pid in self.pool.pids]

    def submit(self, *chunks: Chunk) -> None:
        for chunk in chunks:
            run_blocking(self.pool.submit(chunk, len(chunk)))

    def next(self) -> Done:
        while (done := self.pool.take()) is None:
            assert run_blocking(self.bell.wait(WAIT_S))
        return done

    def all(self) -> list[Done]:
        done = []
        while self.pool.busy:
            done.append(self.next())
        return sorted(done, key=lambda done: done.number)


@contextmanager
def crew(*arguments: Any, **options: Any) -> Iterator[Crew]:
    made = Crew(*arguments, **options)
    try:
        yield made
    finally:
        made.pool.close()
        assert not any(process.is_running() for process in made.processes)


def byte_chunk(*numbers: int) -> ByteChunk:
    items = [b'{"n":%d}' % number for number in numbers]
    return ByteChunk(items, 0, 1, sum(map(len, items)) + len(items))


def told(result: ChunkResult) -> Any:
    failures = [(f.index, f.line, f.offset, str(f.error)) for f in result.failures]
    return result.total, result.ended, result.outputs, result.written, failures


def test_workers_give_what_the_parent_would() -> None:
    chunks: list[Any] = [byte_chunk(1, 0, 3), RecordChunk([{"n": 2}, {"n": -1}]), byte_chunk(0)]
    with crew(RUNNER) as workers:
        workers.submit(*chunks)
        done = workers.all()

    assert [(one.number, one.records) for one in done] == [(0, 3), (1, 2), (2, 1)]
    expected = [told(RUNNER.run(chunk)) for chunk in chunks]
    assert [told(result) for one in done for result in one.results] == expected


def test_workers_read_their_ranges_themselves(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"\n".join(lines(1, 51)) + b"\n")
    source = file_source(str(path), files=LocalFiles())
    half = path.stat().st_size // 2
    ranges = [RangeChunk(Range(0, half), 25), RangeChunk(Range(half, half * 2 + 1), 25)]
    with crew(RUNNER, source) as workers:
        workers.submit(*ranges)
        done = workers.all()
    results = [result for one in done for result in one.results]

    assert sum(result.total for result in results) == 50
    assert {result.total for result in results} <= {1, 2, 3}
    inline = RUNNER.run(byte_chunk(*range(1, 51)))
    assert joined(results) == inline.outputs[0]
    assert sum(result.size for result in results) == path.stat().st_size


def joined(results: list[ChunkResult]) -> bytes:
    outputs = [result.outputs[0] for result in results]
    return b"".join(output for output in outputs if isinstance(output, bytes))


def test_of_a_range_that_takes_long_results_come_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statepipe.run.workers, "REPLY_S", 0.0)  # as if each part took that long
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"\n".join(lines(1, 11)) + b"\n")
    source = file_source(str(path), files=LocalFiles())
    with crew(RUNNER, source, count=1) as workers:
        workers.submit(RangeChunk(Range(0, path.stat().st_size), 10), byte_chunk(7))
        done = []
        while workers.pool.busy:
            done.append(workers.next())

    assert [(one.number, one.last) for one in done] == [
        *[(0, False)] * 4,
        (0, True),
        (1, False),
        (1, True),
    ]
    results = [result for one in done for result in one.results]
    assert joined(results) == RUNNER.run(byte_chunk(*range(1, 11), 7)).outputs[0]


def test_every_item_of_a_file_begins_in_exactly_one_range(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"\n".join(lines(0, 20)))
    source = file_source(str(path), files=LocalFiles())
    size = path.stat().st_size
    for cut in range(size + 1):
        pieces = [RangeChunk(Range(0, cut), 1), RangeChunk(Range(cut, size), 1)]
        chunks = [chunk for piece in pieces for chunk in chunks_in_range(source, piece, 3)]
        assert [item for chunk in chunks for item in chunk.items] == lines(0, 20)

    assert size > 100


def test_each_worker_has_two_chunks_at_most() -> None:
    gate = Gate()
    with crew(registered(gate.wait), count=2) as workers:
        room = []
        for _ in range(2 * MAX_ASSIGNED):
            room.append(workers.pool.room)
            workers.submit(RecordChunk([{}]))
        full = workers.pool.room
        gate.open(2 * MAX_ASSIGNED)
        done = workers.all()

    assert (room, full) == ([True] * 4, False)
    assert [one.number for one in done] == [0, 1, 2, 3]
    gate.close()


class Gate:
    """Holds workers back: each wait takes one byte from a pipe that processes share."""

    def __init__(self) -> None:
        self.far, self.near = os.pipe()

    def wait(self, state: Any) -> Any:
        os.read(self.far, 1)
        return state.data

    def open(self, times: int) -> None:
        os.write(self.near, b"x" * times)

    def close(self) -> None:
        os.close(self.far)
        os.close(self.near)


def test_closing_ends_workers_in_the_midst_of_work() -> None:
    gate = Gate()
    with crew(registered(gate.wait)) as workers:
        workers.submit(RecordChunk([{}]), RecordChunk([{}]))

    assert workers.pool.pids == []
    workers.pool.close()
    gate.close()


def test_a_worker_that_is_killed_ends_the_stream_with_an_error() -> None:
    gate = Gate()
    with crew(registered(gate.wait), count=2) as workers:
        workers.submit(RecordChunk([{}]))
        os.kill(workers.pool.pids[0], signal.SIGKILL)
        with pytest.raises(StreamError) as caught:
            workers.next()

    assert str(caught.value) == "a worker process ended unexpectedly: killed by SIGKILL"
    gate.close()


def leave(state: Any) -> Any:
    os._exit(7)


def test_a_worker_that_leaves_tells_its_exit_code() -> None:
    with crew(registered(leave), count=1) as workers:
        workers.submit(RecordChunk([{}]))
        with pytest.raises(StreamError, match="ended unexpectedly: exit code 7"):
            workers.next()


def test_chunks_for_a_dead_worker_do_not_break_the_parent() -> None:
    with crew(RUNNER, count=1) as workers:
        os.kill(workers.pool.pids[0], signal.SIGKILL)
        workers.submit(byte_chunk(1), byte_chunk(2))
        with pytest.raises(StreamError, match="killed by SIGKILL"):
            workers.next()


class Unopenable:
    """A source that workers cannot open."""

    live, splittable, name, total_bytes = False, True, "gone", 10

    @property
    def decoder(self) -> Any:
        raise NotImplementedError

    def open(self) -> Any:
        raise NotImplementedError

    def open_range(self, start: int, end: int) -> Any:
        raise StreamError(f"cannot open bytes {start} to {end}")


def test_an_error_inside_a_worker_comes_back() -> None:
    with crew(RUNNER, Unopenable()) as workers:
        workers.submit(RangeChunk(Range(3, 9), 1))
        with pytest.raises(StreamError, match="cannot open bytes 3 to 9"):
            workers.next()


def test_an_error_that_is_not_ours_comes_back_with_its_kind() -> None:
    class Broken(Unopenable):
        def open_range(self, start: int, end: int) -> Any:
            raise LookupError("lost")

    with crew(RUNNER, Broken()) as workers:
        workers.submit(RangeChunk(Range(0, 9), 1))
        with pytest.raises(StreamError, match="LookupError: lost"):
            workers.next()


async def later(state: Any) -> Any:
    await asyncio.sleep(0)
    return {**state.data, "later": True}


def test_async_plans_run_in_workers() -> None:
    with crew(registered(later)) as workers:
        workers.submit(byte_chunk(1, 2), byte_chunk(3))
        done = workers.all()

    assert [result.outputs for one in done for result in one.results] == [
        [b'{"n":1,"later":true}\n{"n":2,"later":true}\n'],
        [b'{"n":3,"later":true}\n'],
    ]


def test_large_results_come_back_whole() -> None:
    large = registered(lambda state: {"text": "x" * 5_000_000})
    with crew(large, count=1) as workers:
        workers.submit(byte_chunk(1, 2, 3), byte_chunk(4))
        outputs = [result.outputs[0] for one in workers.all() for result in one.results]

    line = b'{"text":"' + b"x" * 5_000_000 + b'"}\n'
    assert outputs == [line * 3, line]


@pytest.mark.parametrize("value", [lambda: None, (n for n in range(1))])
def test_records_that_cannot_cross_to_a_worker_are_told(value: Any) -> None:
    with crew(RUNNER) as workers, pytest.raises(StreamError) as caught:
        workers.submit(RecordChunk([{"n": value}]))

    assert str(caught.value).startswith("a record of the source cannot be sent to a worker: ")
    assert str(caught.value).endswith("; use parallelism=1")


def test_records_too_deep_to_cross_to_a_worker_are_told() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"deep": deep}
    refused = "cannot be sent to a worker: maximum recursion"
    with crew(RUNNER) as workers, pytest.raises(StreamError, match=refused):
        workers.submit(RecordChunk([deep]))


def test_workers_end_when_their_parent_is_killed() -> None:
    near, far = os.pipe()

    def parent() -> None:
        pool = Pool(RUNNER, None, chunk_size=3, count=2, bell=ThreadBell())
        pool.start()
        os.write(far, " ".join(map(str, pool.pids)).encode())
        signal.pause()

    process = ForkProcess(target=parent)
    process.start()
    workers = [psutil.Process(int(pid)) for pid in os.read(near, 100).split()]
    process.kill()
    process.join()

    assert len(workers) == 2
    until(lambda: not any(map(runs, workers)))
    os.close(near)
    os.close(far)


def runs(process: psutil.Process) -> bool:
    """Tell whether a process runs: one that nobody waited for does not."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
