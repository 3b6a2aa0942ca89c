"""Worker processes: chunks go out as raw bytes or as ranges of a file, results come back as bytes.

Workers are forked, so that they share the compiled plan and whatever user code closes over.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkContext, ForkProcess

from statepipe.errors import StreamError, UsageError
from statepipe.ports import ByteSource
from statepipe.run.bell import Bell
from statepipe.run.blocks import cut
from statepipe.run.chunk import ByteChunk, Chunk, ChunkResult, RangeChunk, RecordChunk
from statepipe.run.compute import ChunkRunner
from statepipe.run.computing import Done
from statepipe.run.heap import settle_heap

MAX_ASSIGNED = 2
"""Chunks that a worker has at a time: one in work, one so that it need not wait for the next."""

STOP_S = 2.0
"""How long a worker may take to stop by itself."""


class Worker:
    """One worker process and the parent's end of its pipe."""

    def __init__(self, context: ForkContext, work: Callable[[Connection], None]) -> None:
        self.connection, self.far_end = context.Pipe()
        self.process: ForkProcess = context.Process(
            target=work, args=(self.far_end,), name="statepipe-worker", daemon=True
        )
        self.assigned: dict[int, int] = {}


class Pool:
    """A `Computing` that spreads chunks over `count` processes.

    A thread collects results, so that a worker never waits for the driver while the driver
    waits for it. Raises StreamError when a worker dies.
    """

    def __init__(
        self,
        runner: ChunkRunner,
        source: ByteSource | None,
        chunk_size: int,
        count: int,
        bell: Bell,
    ) -> None:
        self._task = Task(runner, source, chunk_size)
        self._count = count
        self._bell = bell
        self._workers: list[Worker] = []
        self._done: deque[Done | StreamError] = deque()
        self._submitted = 0
        self._taken = 0
        self._closing = False
        self._collector = threading.Thread(
            target=self._collect, name="statepipe-collect", daemon=True
        )

    @property
    def room(self) -> bool:
        return any(len(worker.assigned) < MAX_ASSIGNED for worker in self._workers)

    @property
    def busy(self) -> bool:
        return self._taken < self._submitted

    def start(self) -> None:
        """Fork the workers: before this stream's own threads begin."""
        if "fork" not in multiprocessing.get_all_start_methods():
            raise UsageError("parallelism above 1 needs a system that can fork processes")
        context = multiprocessing.get_context("fork")
        settle_heap()
        for _ in range(self._count):
            worker = Worker(context, self._work)
            self._workers.append(worker)
            worker.process.start()
            worker.far_end.close()
        self._collector.start()

    async def submit(self, chunk: Chunk) -> None:
        worker = min(self._workers, key=lambda worker: len(worker.assigned))
        number = self._submitted
        self._submitted += 1
        worker.assigned[number] = len(chunk)
        try:
            worker.connection.send((number, chunk))
        except OSError:
            pass  # the worker is dead: the collector finds that out, and `take` raises it

    def take(self) -> Done | None:
        if not self._done:
            return None
        done = self._done.popleft()
        if isinstance(done, StreamError):
            raise done
        self._taken += 1
        return done

    def close(self) -> None:
        self._closing = True
        for worker in self._workers:
            try:
                worker.connection.send(None)
            except OSError:
                pass  # it is dead already
        for worker in self._workers:
            if self.busy:
                worker.process.terminate()
            worker.process.join(STOP_S)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        if self._collector.is_alive():
            self._collector.join()
        for worker in self._workers:
            worker.connection.close()
        self._workers = []

    def _collect(self) -> None:
        open_ends = {worker.connection: worker for worker in self._workers}
        while open_ends:
            for connection in wait(list(open_ends)):
                assert isinstance(connection, Connection)
                worker = open_ends[connection]
                try:
                    number, results = connection.recv()
                except (EOFError, OSError):
                    del open_ends[connection]
                    self._on_end(worker)
                else:
                    done = Done(number, worker.assigned.pop(number), results)
                    self._done.append(done if isinstance(results, list) else results)
                self._bell.ring()

    def _on_end(self, worker: Worker) -> None:
        if self._closing:
            return
        worker.process.join(STOP_S)
        code = worker.process.exitcode
        why = (
            f"by signal {signal.Signals(-code).name}" if code and code < 0 else f"exit code {code}"
        )
        self._done.append(StreamError(f"a worker process ended unexpectedly ({why})"))

    def _work(self, connection: Connection) -> None:
        """Run in the worker: compute chunk after chunk until told to stop, or left alone."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides about Ctrl-C
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for worker in self._workers:
            worker.connection.close()  # else no worker would see the parent's death
        gc.freeze()
        try:
            serve(connection, self._task)
        except (EOFError, OSError):
            return  # the parent is gone


class Task:
    """What a worker does with a chunk."""

    def __init__(self, runner: ChunkRunner, source: ByteSource | None, chunk_size: int) -> None:
        self.runner = runner
        self.source = source
        self.chunk_size = chunk_size
        self.is_async = runner.is_async

    def run(self, chunk: Chunk) -> list[ChunkResult]:
        return [self.runner.run(part) for part in self._parts(chunk)]

    async def run_async(self, chunk: Chunk) -> list[ChunkResult]:
        return [await self.runner.run_async(part) for part in self._parts(chunk)]

    def _parts(self, chunk: Chunk) -> Iterator[ByteChunk | RecordChunk]:
        if isinstance(chunk, RangeChunk):
            assert self.source is not None
            yield from chunks_in_range(self.source, chunk, self.chunk_size)
        else:
            yield chunk


def serve(connection: Connection, task: Task) -> None:
    """Answer every chunk that comes with its results, until None comes."""
    with asyncio.Runner() as runner:
        while (message := connection.recv()) is not None:
            number, chunk = message
            try:
                results = runner.run(task.run_async(chunk)) if task.is_async else task.run(chunk)
            except Exception as error:
                connection.send((number, StreamError(f"{type(error).__name__}: {error}")))
            else:
                connection.send((number, results))


def chunks_in_range(source: ByteSource, chunk: RangeChunk, chunk_size: int) -> Iterator[ByteChunk]:
    """Yield the items that begin in the range, in chunks of at most `chunk_size`."""
    reader = source.open_range(chunk.range.start, chunk.range.end)
    try:
        while (block := reader.read()) is not None:
            yield from cut(block, chunk_size)
    finally:
        reader.close()
