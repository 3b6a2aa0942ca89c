"""Tests of worker processes: the same results, and no process left whatever happens."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

import psutil
import pytest

import statepipe.run.workers
import statepipe.run.working
from statepipe.connectors.filesystem import LocalFiles
from statepipe.connectors.formats import file_source
from statepipe.errors import StreamError
from statepipe.ports.byte_source import ByteSource
from statepipe.ports.items import Range
from statepipe.record import DataHandlingMode
from statepipe.run.bell import ThreadBell
from statepipe.run.blocking_driver import run_blocking
from statepipe.run.chunk import ByteChunk, Chunk, ChunkResult, RangeChunk, RecordChunk
from statepipe.run.compute import ChunkRunner
from statepipe.run.computing import Done
from statepipe.run.pool import MAX_ASSIGNED, MAX_IN_VAIN, Pool
from statepipe.run.steps_due import StepsDue
from statepipe.run.working import chunks_in_range
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
        self,
        runner: ChunkRunner,
        source: ByteSource | None = None,
        count: int = 2,
        **options: Any,
    ) -> None:
        self.bell = ThreadBell()
        self.pool = Pool(runner, source, chunk_size=3, count=count, bell=self.bell, **options)
        self.pool.start()
        self.processes = [psutil.Process(pid) for pid in self.pool.pids]

    def submit(self, *chunks: Chunk) -> None:
        for chunk in chunks:
            run_blocking(self.pool.submit(chunk, len(chunk)))

    def next(self) -> Done:
        while (done := self.pool.take()) is None:
            assert run_blocking(self.bell.wait(WAIT_S))
        return done

    def whole(self) -> Done:
        """Return the only chunk, with the results of all its parts."""
        parts = self.all()
        assert {part.number for part in parts} == {0}
        assert [part.last for part in parts] == [*[False] * (len(parts) - 1), True]
        return Done(0, parts[0].records, [result for part in parts for result in part.results])

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
        assert not any(map(runs, made.processes))


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
    monkeypatch.setattr(statepipe.run.working, "REPLY_S", 0.0)  # as if each part took that long
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


def test_a_worker_that_is_killed_once_is_replaced_and_nothing_is_lost() -> None:
    gate = Gate()
    with crew(registered(gate.wait), count=2) as workers:
        workers.submit(RecordChunk([{"n": 1}, {"n": 2}]), RecordChunk([{"n": 3}]))
        victim = workers.pool.pids[0]
        os.kill(victim, signal.SIGKILL)
        gate.open(5)
        done = workers.all()

    assert joined([r for one in done for r in one.results]) == b'{"n":1}\n{"n":2}\n{"n":3}\n'
    assert [result.failures for one in done for result in one.results] == [[], []]
    assert workers.pool.replaced == 1
    gate.close()


def test_an_idle_worker_that_is_killed_is_replaced_when_it_is_needed() -> None:
    with crew(RUNNER, count=1) as workers:
        os.kill(workers.pool.pids[0], signal.SIGKILL)
        workers.submit(byte_chunk(1), byte_chunk(2))
        done = workers.all()

    assert [result.total for one in done for result in one.results] == [1, 1]
    assert workers.pool.replaced == 1


def leave(state: Any) -> Any:
    os._exit(7)


def test_workers_that_end_without_a_record_in_hand_end_the_stream() -> None:
    class Deadly(Unopenable):
        def open_range(self, start: int, end: int) -> Any:
            os._exit(5)

    with crew(RUNNER, Deadly(), count=1) as workers:
        workers.submit(RangeChunk(Range(0, 9), 1))
        with pytest.raises(StreamError) as caught:
            workers.next()

    assert workers.pool.replaced == MAX_IN_VAIN - 1
    assert str(caught.value) == (
        "5 worker processes ended one after the other, and no record is to blame: the last one "
        "ended with exit code 5 (code of the flow ended it: os._exit, sys.exit, or an error that "
        "is no Exception); run with parallelism=1 to see more"
    )


def test_the_stream_ends_when_there_is_nobody_left_to_fork_workers() -> None:
    workers = Crew(registered(leave), count=2)
    nursery = psutil.Process(workers.pool.pids[0]).parent()
    assert nursery is not None
    nursery.kill()
    nursery.wait()
    workers.submit(RecordChunk([{}]))
    with pytest.raises(StreamError, match="the process that starts the workers has ended"):
        workers.next()
    workers.pool.close()

    until(lambda: not any(map(runs, workers.processes)))


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


# -- hangs -----------------------------------------------------------------------------------


def sleep_for_good() -> None:
    time.sleep(1e9)


def hanging(due: StepsDue, poison: set[int]) -> ChunkRunner:
    """Return a runner whose records of `poison` sleep in C for good, with a deadline of 0.05 s."""

    def hang(state: Any) -> Any:
        with due.within(0.05):
            if state["n"] in poison:
                time.sleep(1e9)
        return state.data

    return registered(hang)


@pytest.mark.parametrize("numbers", [[7], [1, 2, 7, 3], [7, 8, 1]])
def test_a_record_that_hangs_where_nothing_reaches_it_is_ended_from_outside(
    numbers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statepipe.run.workers, "GRACE_S", 0.0)
    due = StepsDue()
    with crew(hanging(due, {7, 8}), count=2, due=due, max_deliveries=2) as workers:
        first = set(workers.pool.pids)
        workers.submit(RecordChunk([{"n": number} for number in numbers]), byte_chunk(4))
        done = workers.all()
        left = first & set(workers.pool.pids)

    (result,) = done[0].results
    errors = [failure.error for failure in result.failures]
    hung = [number for number in numbers if number > 6]
    assert [error.error_type for error in errors] == ["StateTimeoutError"] * len(hung)
    assert errors[0].message == (
        "the worker process was killed: a state took longer than its timeout_s, and did not "
        "return, in each of 2 deliveries of this record"
    )
    assert (errors[0].state, result.failures[0].retries) == ("input", 1)
    assert joined([result]) == b"".join(b'{"n":%d}\n' % n for n in numbers if n < 7)
    assert len(left) == 1
    assert workers.pool.replaced == 2 * len(hung) + (len(numbers) > 1)


def test_an_async_record_that_blocks_its_loop_is_ended_from_outside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(statepipe.run.workers, "GRACE_S", 0.0)
    due = StepsDue()

    async def hang(state: Any) -> Any:
        with due.within(0.05):
            if state["n"] == 7:
                sleep_for_good()
        return state.data

    with crew(registered(hang), count=1, due=due, max_deliveries=1) as workers:
        workers.submit(byte_chunk(1, 7, 2))
        done = workers.whole()

    (failure,) = done.results[0].failures
    assert (failure.index, failure.error.error_type) == (1, "StateTimeoutError")
    assert done.results[0].outputs == [b'{"n":1}\n{"n":2}\n']


def test_a_step_that_is_done_in_time_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statepipe.run.workers, "LOOK_S", 0.001)
    due = StepsDue()

    def take_time(state: Any) -> Any:
        with due.within(1000):
            time.sleep(0.02)
        return state.data

    with crew(registered(take_time), count=1, due=due) as workers:
        workers.submit(byte_chunk(1, 2, 3))
        done = workers.whole()

    assert done.results[0].total == 3
    assert workers.pool.replaced == 0


# -- counts that outlive a run -----------------------------------------------------------------


class KeptLog:
    """A log as a checkpoint keeps it."""

    def __init__(self) -> None:
        self.kept: dict[int, int] = {}

    def suspects(self) -> dict[int, int]:
        return dict(self.kept)

    def note(self, position: int, count: int) -> None:
        self.kept[position] = count


def deadly(numbers: set[int]) -> ChunkRunner:
    def leave_or_stay(state: Any) -> Any:
        if state["n"] in numbers:
            os._exit(7)
        return state.data

    return registered(leave_or_stay)


def test_deliveries_are_counted_on_where_an_earlier_run_stopped() -> None:
    log, chunk = KeptLog(), byte_chunk(1, 2, 7, 3)
    with crew(deadly({7}), count=1, log=log, max_deliveries=4) as workers:
        workers.submit(chunk)
        while workers.pool.replaced < 3:  # as if the run were killed in the midst of it
            assert workers.pool.take() is None
            assert run_blocking(workers.bell.wait(WAIT_S))
    assert log.kept == {chunk.offset_of(2): 3}

    with crew(deadly({7}), count=1, log=log, max_deliveries=4) as workers:
        workers.submit(chunk)
        done = workers.whole()

    (failure,) = done.results[0].failures
    assert (failure.index, failure.retries + 1) == (2, 4)
    assert workers.pool.replaced == 1  # the fourth delivery, and known at once


def test_a_record_that_took_all_runs_down_is_not_delivered_again() -> None:
    log, chunk = KeptLog(), RecordChunk([{"n": 1}, {"n": 7}], 100)
    log.note(101, 3)
    with crew(deadly({7}), count=1, log=log) as workers:
        workers.submit(chunk)
        done = workers.whole()

    assert [failure.index for failure in done.results[0].failures] == [1]
    assert workers.pool.replaced == 0
    assert log.kept == {101: 3}


def test_a_suspect_that_is_innocent_is_acquitted() -> None:
    log = KeptLog()
    log.note(1, 2)
    with crew(deadly(set()), count=1, log=log) as workers:
        workers.submit(RecordChunk([{"n": 1}, {"n": 7}]))
        done = workers.whole()

    assert done.results[0].failures == []
    assert log.kept == {1: 0}


# -- the end, in the midst of a replacement ------------------------------------------------------


def test_closing_in_the_midst_of_a_replacement_leaves_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Interrupt the driver behind each of its steps, as Ctrl-C may."""
    for number in range(1, 60):
        with crew(deadly({7}), count=2) as workers:
            children = psutil.Process().children(recursive=True)
            workers.submit(byte_chunk(7), byte_chunk(1))
            until(partial(bool, workers.pool._events))
            sys.settrace(interrupt_after(number))
            try:
                while workers.pool.replaced == 0:
                    workers.pool.take()
            except KeyboardInterrupt:
                interrupted = True
            else:
                interrupted = False
            finally:
                sys.settrace(None)
            children += psutil.Process().children(recursive=True)
        assert not any(map(runs, children))
        if not interrupted:
            break

    assert number > 20


def interrupt_after(count: int) -> Any:
    """Return a trace function that raises KeyboardInterrupt at line `count` of the pool's code."""
    left = count

    def trace(frame: Any, event: str, _: Any) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.endswith(("pool.py", "workers.py", "nursery.py")):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    return trace
