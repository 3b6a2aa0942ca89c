"""Worker processes: chunks go out as raw bytes or as ranges of a file, results come back as bytes.

Workers are forked, so that they share the compiled plan and whatever user code closes over.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkContext, ForkProcess

from statepipe.errors import StreamError, UsageError
from statepipe.ports import ByteSource
from statepipe.run.arena import Arena
from statepipe.run.bell import Bell
from statepipe.run.blocks import cut
from statepipe.run.chunk import ByteChunk, Chunk, ChunkResult, RangeChunk, RecordChunk
from statepipe.run.compute import ChunkRunner
from statepipe.run.computing import Done

MAX_ASSIGNED = 2
"""Chunks that a worker has at a time: one in work, one so that it need not wait for the next."""

REPLY_S = 0.2
"""How often a worker tells what it has of a range that takes long."""

STOP_S = 2.0
"""How long a worker may take to stop by itself."""


UNPICKLABLE = (
    pickle.PickleError,
    TypeError,
    AttributeError,
    ImportError,
    ValueError,
    RecursionError,
)
"""What pickle raises for values that cannot cross to another process. Source: pickle's manual."""


class Worker:
    """One worker process, the parent's end of its pipe, and the memory they share.

    `assigned` holds the chunks that it has, by number, with the records that each counts for.
    """

    def __init__(self, context: ForkContext, work: Callable[[Worker], None]) -> None:
        self.connection, self.far_end = context.Pipe()
        self.arena = Arena(MAX_ASSIGNED)
        self.process: ForkProcess = context.Process(
            target=work, args=(self,), name="statepipe-worker", daemon=True
        )
        self.assigned: dict[int, int] = {}
        self.sent = 0

    def send(self, number: int, chunk: Chunk, records: int) -> None:
        """Give the worker a chunk. If it is dead, whoever waits for its results finds out."""
        self.assigned[number] = records
        self.sent += 1
        try:
            self.connection.send((number, self.sent, chunk))
        except OSError:
            pass
        except UNPICKLABLE as exc:
            raise StreamError(
                f"a record of the source cannot be sent to a worker: {exc}; use parallelism=1"
            ) from exc

    def receive(self) -> Done | StreamError:
        """Wait for results. EOFError or OSError: the worker is gone."""
        number, results, last = self.connection.recv()
        if isinstance(results, StreamError):
            return results
        self.arena.take_out(results)
        records = self.assigned.pop(number) if last else self.assigned[number]
        return Done(number, records, results, last)

    def stop(self, at_once: bool) -> None:
        """End the process: by telling it to, or with work still in hand by terminating it."""
        if at_once:
            self.process.terminate()
        else:
            try:
                self.connection.send(None)
            except OSError:
                pass  # it is gone already
        self.process.join(STOP_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


class Pool:
    """A `Computing` that spreads chunks over `count` processes.

    A thread for each worker collects its results, so that no worker ever waits for the driver
    while the driver waits for it. `take` raises StreamError when a worker has died.
    """

    def __init__(
        self,
        runner: ChunkRunner,
        source: ByteSource | None,
        *,
        chunk_size: int,
        count: int,
        bell: Bell,
    ) -> None:
        self._task = Task(runner, source, chunk_size)
        self._count = count
        self._bell = bell
        self._workers: list[Worker] = []
        self._threads: list[threading.Thread] = []
        self._done: deque[Done | StreamError] = deque()
        self._submitted = 0
        self._taken = 0
        self._closing = False

    @property
    def room(self) -> bool:
        return any(len(worker.assigned) < MAX_ASSIGNED for worker in self._workers)

    @property
    def busy(self) -> bool:
        return self._taken < self._submitted

    @property
    def pids(self) -> list[int]:
        return [worker.process.pid for worker in self._workers if worker.process.pid is not None]

    def start(self) -> None:
        """Fork the workers: before this stream's own threads begin."""
        if "fork" not in multiprocessing.get_all_start_methods():
            raise UsageError("parallelism above 1 needs a system that can fork processes")
        context = multiprocessing.get_context("fork")
        for _ in range(self._count):
            worker = Worker(context, self._work)
            self._workers.append(worker)
            worker.process.start()
            worker.far_end.close()
        for worker in self._workers:
            thread = threading.Thread(
                target=self._collect, args=(worker,), name="statepipe-collect", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    async def submit(self, chunk: Chunk, records: int) -> None:
        worker = min(self._workers, key=lambda worker: len(worker.assigned))
        worker.send(self._submitted, chunk, records)
        self._submitted += 1

    def take(self) -> Done | None:
        if not self._done:
            return None
        done = self._done.popleft()
        if isinstance(done, StreamError):
            raise done
        self._taken += done.last
        return done

    def close(self) -> None:
        self._closing = True
        for worker in self._workers:
            worker.stop(at_once=self.busy)
        for thread in self._threads:
            thread.join()
        for worker in self._workers:
            worker.connection.close()
            worker.arena.close()
        self._workers, self._threads = [], []

    def _collect(self, worker: Worker) -> None:
        while True:
            try:
                self._done.append(worker.receive())
            except (EOFError, OSError):
                break
            except UNPICKLABLE as error:
                self._done.append(StreamError(f"a worker's results cannot be read: {error}"))
                self._bell.ring()
                return
            self._bell.ring()
        if not self._closing:
            self._done.append(StreamError(f"a worker process ended unexpectedly: {ending(worker)}"))
            self._bell.ring()

    def _work(self, own: Worker) -> None:
        """Run in the worker: compute chunk after chunk until told to stop, or left alone."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides about Ctrl-C
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for worker in self._workers:
            worker.connection.close()  # else no worker would see the parent's death
        gc.freeze()
        try:
            serve(own, self._task)
        except (EOFError, OSError):
            return  # the parent is gone


def ending(worker: Worker) -> str:
    """Return how a process ended, in words."""
    worker.process.join(STOP_S)
    code = worker.process.exitcode
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


class Task:
    """What a worker does with a chunk."""

    def __init__(self, runner: ChunkRunner, source: ByteSource | None, chunk_size: int) -> None:
        self.runner = runner
        self.source = source
        self.chunk_size = chunk_size

    def parts(self, chunk: Chunk) -> Iterator[ByteChunk | RecordChunk]:
        """Yield the chunk, or the chunks that a range is cut into."""
        if isinstance(chunk, RangeChunk):
            assert self.source is not None
            yield from chunks_in_range(self.source, chunk, self.chunk_size)
        else:
            yield chunk


class Reply:
    """Sends a chunk's results to the parent: all at the end, or now and then if it takes long."""

    def __init__(self, worker: Worker, number: int, slot: int) -> None:
        self._worker = worker
        self._number = number
        self._results: list[ChunkResult] = []
        self._due_s = time.monotonic() + REPLY_S
        worker.arena.begin(slot)

    def add(self, result: ChunkResult) -> None:
        self._results.append(result)
        if time.monotonic() >= self._due_s:
            self._send(last=False)
            self._due_s = time.monotonic() + REPLY_S

    def finish(self) -> None:
        self._send(last=True)

    def _send(self, *, last: bool) -> None:
        self._worker.arena.place(self._results)
        self._worker.far_end.send((self._number, self._results, last))
        self._results = []


def serve(worker: Worker, task: Task) -> None:
    """Answer every chunk that comes with its results, until None comes."""
    connection = worker.far_end
    with asyncio.Runner() as loop:
        while (message := connection.recv()) is not None:
            number, slot, chunk = message
            reply = Reply(worker, number, slot)
            try:
                for part in task.parts(chunk):
                    if task.runner.is_async:
                        reply.add(loop.run(task.runner.run_async(part)))
                    else:
                        reply.add(task.runner.run(part))
                reply.finish()
            except ConnectionError:
                raise  # the parent is gone
            except Exception as error:
                connection.send((number, carried(error), True))


def carried(error: Exception) -> StreamError:
    """Return `error` as it can cross to the parent, which raises it."""
    return (
        error if isinstance(error, StreamError) else StreamError(f"{type(error).__name__}: {error}")
    )


def chunks_in_range(source: ByteSource, chunk: RangeChunk, chunk_size: int) -> Iterator[ByteChunk]:
    """Yield the items that begin in the range, in chunks of at most `chunk_size`."""
    reader = source.open_range(chunk.range.start, chunk.range.end)
    try:
        while (block := reader.read()) is not None:
            yield from cut(block, chunk_size)
    finally:
        reader.close()
