"""Cancelling a stream: in time, with nothing left behind, and the loop free while it runs."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from statepipe import AsyncSimpleFSM, Progress
from statepipe.connectors.filesystem import LocalFiles
from statepipe.connectors.formats import file_sink
from statepipe.testing import AsyncMemorySource, CollectingSink
from tests.streaming.streams import divider, on_workers, one_state, write_lines


class Endless:
    """An endless async generator that tells whether it was closed."""

    def __init__(self) -> None:
        self.closed = False

    async def records(self) -> Any:
        try:
            while True:
                yield {"value": 1}
                await asyncio.sleep(0)
        finally:
            self.closed = True


async def settle(threads: set[threading.Thread]) -> None:
    """Wait until no thread is left but `threads`; a daemon needs a moment to end."""
    for _ in range(200):
        if set(threading.enumerate()) <= threads:
            return
        await asyncio.sleep(0.01)


async def cancelled_midway(fsm: AsyncSimpleFSM, source: Any, sink: Any, **options: Any) -> None:
    """Start a stream and cancel it after its third chunk."""
    midway = asyncio.Event()

    def tell(progress: Progress) -> None:
        if progress.chunks_processed == 3:
            midway.set()

    task = asyncio.create_task(fsm.process_stream(source, sink, on_progress=tell, **options))
    await asyncio.wait_for(midway.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 30)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("kind", ["file", "generator", "async generator"])
async def test_a_cancelled_stream_leaves_nothing_behind(
    kind: str, workers: int, tmp_path: Path
) -> None:
    endless = Endless()
    ended: list[bool] = []

    def blocking() -> Any:
        try:
            while True:
                yield {"value": 1}
        finally:
            ended.append(True)

    path = write_lines(tmp_path / "in.jsonl", [{"value": n} for n in range(1, 200_000)])
    (tmp_path / "out.jsonl").write_bytes(b"old\n")
    sources: dict[str, Any] = {
        "file": lambda: path,
        "generator": blocking,
        "async generator": endless.records,
    }
    threads, children = set(threading.enumerate()), psutil.Process().children()

    config = on_workers(workers, chunk_size=10)
    await cancelled_midway(
        AsyncSimpleFSM(divider()), sources[kind](), tmp_path / "out.jsonl", stream_config=config
    )
    await settle(threads)

    assert set(threading.enumerate()) <= threads
    assert psutil.Process().children() == children
    assert sorted(os.listdir(tmp_path)) == ["in.jsonl", "out.jsonl"]
    assert (tmp_path / "out.jsonl").read_bytes() == b"old\n"
    assert (endless.closed, ended) == (kind == "async generator", [True] * (kind == "generator"))


async def test_a_cancelled_stream_aborts_and_closes_the_users_objects() -> None:
    source = AsyncMemorySource({"value": 1} for _ in range(10**9))
    sink = CollectingSink()

    await cancelled_midway(AsyncSimpleFSM(divider()), source, sink, chunk_size=5)

    assert (source.closed, sink.aborts, sink.commits) == (1, 1, 0)


async def test_cancelling_ends_an_async_function_that_waits(tmp_path: Path) -> None:
    started = asyncio.Event()

    async def wait(state: Any) -> Any:
        started.set()
        await asyncio.Event().wait()

    fsm = AsyncSimpleFSM(one_state(wait))
    task = asyncio.create_task(fsm.process_stream([{}], tmp_path / "out.jsonl"))
    await asyncio.wait_for(started.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 30)

    assert os.listdir(tmp_path) == []


async def test_cancelling_ends_a_wait_for_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "in.jsonl"
    os.mkfifo(pipe)
    holder = os.open(pipe, os.O_RDWR)  # so that opening it for reading does not wait
    os.write(holder, b'{"value": 1}\n')
    threads = set(threading.enumerate())
    seen = asyncio.Event()
    fsm = AsyncSimpleFSM(one_state())

    task = asyncio.create_task(fsm.process_stream(pipe, lambda record: seen.set()))
    await asyncio.wait_for(seen.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 30)
    await settle(threads)
    left = set(threading.enumerate()) - threads
    os.close(holder)  # which ends whatever still reads

    assert left == set()


@pytest.mark.parametrize("workers", [1, 2])
async def test_the_loop_turns_while_a_big_file_streams(workers: int, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "in.jsonl", [{"value": n} for n in range(1, 100_000)])
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    fsm = AsyncSimpleFSM(divider())
    result = await fsm.process_stream(
        path, tmp_path / "out.jsonl", stream_config=on_workers(workers)
    )
    counting.cancel()

    assert result.successful == 99_999
    assert turns > 1000 * result.duration / 25  # a turn at least every 25 ms, on busy cores


async def test_several_streams_share_one_machine_and_one_loop(tmp_path: Path) -> None:
    fsm = AsyncSimpleFSM(divider())
    source = [{"value": n} for n in range(1, 50)]
    results = await asyncio.gather(
        *(fsm.process_stream(source, tmp_path / f"{n}.jsonl", chunk_size=3) for n in range(5))
    )

    assert [result.emitted for result in results] == [49] * 5
    assert len({(tmp_path / f"{n}.jsonl").read_bytes() for n in range(5)}) == 1


class SlowDisk(LocalFiles):
    """A disk that syncs a file only when the event loop has had a turn meanwhile."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.turned: list[bool] = []

    def replace(self, source: str, target: str) -> None:
        turn = threading.Event()
        self.loop.call_soon_threadsafe(turn.set)
        self.turned.append(turn.wait(10))
        super().replace(source, target)


async def test_the_loop_turns_while_a_file_is_made_durable(tmp_path: Path) -> None:
    disk = SlowDisk()
    sink = file_sink(str(tmp_path / "out.jsonl"), files=disk)
    await AsyncSimpleFSM(divider()).process_stream([{"value": 1}], sink)

    assert disk.turned == [True]
