"""Working: what runs in a worker process. Chunks come in, results go back, until told to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

from statepipe.errors import LifecycleError, StreamError
from statepipe.interruption import exposed
from statepipe.ports.byte_source import ByteSource
from statepipe.ports.providers import Holder
from statepipe.run.arena import Arena
from statepipe.run.blocks import cut
from statepipe.run.bounds import bound_growth
from statepipe.run.care import Care
from statepipe.run.chunk import ByteChunk, Chunk, ChunkResult, RangeChunk, RecordChunk
from statepipe.run.compute import ChunkRunner
from statepipe.run.deliveries import Again
from statepipe.run.in_hand import Cause, InHand
from statepipe.run.leaving import Leaving, end_all
from statepipe.run.lives import alive_async

REPLY_S = 0.2
"""How often a worker tells what it has of a range that takes long."""

Part = ByteChunk | RecordChunk


@dataclass(frozen=True, slots=True)
class Place:
    """The memory that a worker shares with its parent. Its successor gets the same."""

    arena: Arena
    in_hand: InHand

    def close(self) -> None:
        self.arena.close()
        self.in_hand.close()


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker does with chunks. `growth_mb`: the memory that it may take for it."""

    runner: ChunkRunner
    source: ByteSource | None
    chunk_size: int
    growth_mb: float | None = None

    def parts(self, chunk: Chunk) -> Iterator[Part]:
        """Yield the chunk, or the chunks that a range is cut into: the same ones every time."""
        if isinstance(chunk, RangeChunk):
            assert self.source is not None
            yield from chunks_in_range(self.source, chunk, self.chunk_size)
        else:
            yield chunk


LAST_WORDS = -1
"""In place of a chunk's number: what is told belongs to none."""


@dataclass(frozen=True, slots=True)
class Message:
    """A chunk for a worker: its number, the arena's slot for its results, and how to run it."""

    number: int
    slot: int
    chunk: Chunk
    again: Again | None = None


class Reply:
    """Sends a chunk's results to the parent: all at the end, or now and then if it takes long."""

    def __init__(self, connection: Connection, arena: Arena, message: Message) -> None:
        self._connection = connection
        self._arena = arena
        self._number = message.number
        self._results: list[ChunkResult] = []
        self._due_s = time.monotonic() + REPLY_S
        arena.begin(message.slot)

    def add(self, result: ChunkResult) -> None:
        self._results.append(result)
        if time.monotonic() >= self._due_s:
            self.flush()

    def flush(self) -> None:
        """Send what there is: what has been answered is not run again if the worker dies."""
        if self._results:
            self._send(last=False)
        self._due_s = time.monotonic() + REPLY_S

    def finish(self) -> None:
        self._send(last=True)

    def _send(self, *, last: bool) -> None:
        self._arena.place(self._results)
        self._connection.send((self._number, self._results, last))
        self._results = []


class Working:
    """One worker, from its first chunk to its last."""

    def __init__(self, task: Task, place: Place, connection: Connection) -> None:
        self._task = task
        self._in_hand = place.in_hand
        self._arena = place.arena
        self._connection = connection
        self._alive: AbstractAsyncContextManager[None] | None = None
        self._leaving = Leaving()

    def serve(self) -> None:
        """Answer every chunk that comes with its results, until None comes or nobody is left."""
        if self._task.growth_mb is not None:
            bound_growth(self._task.growth_mb)
        runner = self._task.runner
        if runner.lives or runner.holders:
            self._leaving.listen()
        with asyncio.Runner() as loop, released(loop, runner.holders):
            try:
                while (message := self._next()) is not None:
                    self._answer(message, loop)
            except (EOFError, ConnectionError):
                return  # the parent is gone
            except MemoryError:
                # Whose doing it is shows when the chunk is run record by record in a new process,
                # where nothing of this one takes up room.
                self._in_hand.tell(Cause.MEMORY)
                raise SystemExit(1) from None
            finally:
                self._leaving.begin_end()
                end_all(loop)
                self._tear_down(loop)

    @exposed
    def _next(self) -> Message | None:
        self._leaving.heed()
        message: Message | None = self._connection.recv()
        return message

    def _set_up(self, loop: asyncio.Runner) -> None:
        """Set up the functions before the first chunk, whose answer tells if that fails."""
        if self._alive is None and self._task.runner.lives:
            alive = alive_async(self._task.runner.lives)
            loop.run(alive.__aenter__())
            self._alive = alive

    def _tear_down(self, loop: asyncio.Runner) -> None:
        """Tear them down; a failure is the last that the parent hears of this worker."""
        if self._alive is None:
            return
        try:
            loop.run(self._alive.__aexit__(None, None, None))
        except LifecycleError as error:
            with suppress(OSError):  # nobody is left to be told
                self._connection.send((LAST_WORDS, error, True))

    def _answer(self, message: Message, loop: asyncio.Runner) -> None:
        try:
            self._set_up(loop)
            reply = Reply(self._connection, self._arena, message)
            self._work_on(message, reply, loop)
            reply.finish()
        except (ConnectionError, MemoryError):
            raise
        except Exception as error:
            self._connection.send((message.number, carried(error), True))

    def _work_on(self, message: Message, reply: Reply, loop: asyncio.Runner) -> None:
        again, passed = message.again, 0
        for part in self._task.parts(message.chunk):
            self._leaving.heed()
            passed += len(part)
            if again is not None and passed <= again.answered:
                continue
            if again is None or not again.careful(part.positions()):
                reply.add(self._run(message, part, loop))
                continue
            reply.flush()
            reply.add(self._run_carefully(message, part, again, loop))
            reply.flush()

    def _run(self, message: Message, part: Part, loop: asyncio.Runner) -> ChunkResult:
        first, runner = first_of(part), self._task.runner
        self._in_hand.begin(message.number, first)
        if len(part) == 1:
            self._in_hand.hold(first, 0, ())
        if runner.is_async:
            result = self._leaving.run(loop, runner.run_async(part))
        else:
            result = runner.run(part)
        if any(failure.error.error_type == "MemoryError" for failure in result.failures):
            raise MemoryError  # others may have failed for it, as what failed was still held
        self._in_hand.end()
        return result

    def _run_carefully(
        self, message: Message, part: Part, again: Again, loop: asyncio.Runner
    ) -> ChunkResult:
        runner = self._task.runner
        care = Care(self._in_hand, part.positions(), again.poison)
        self._in_hand.begin(message.number, first_of(part))
        if runner.is_async:
            result = self._leaving.run(loop, runner.run_carefully_async(part, care))
        else:
            result = runner.run_carefully(part, care)
        self._in_hand.end()
        return result


@contextmanager
def released(loop: asyncio.Runner, holders: Sequence[Holder]) -> Iterator[None]:
    """Close what this process opens, however it ends but by force."""
    with ExitStack() as stack:
        for holder in holders:
            stack.callback(close_in, loop, holder)
        yield


def close_in(loop: asyncio.Runner, holder: Holder) -> None:
    loop.run(holder.aclose())


def first_of(part: Part) -> int:
    """Return the position of a part's first item."""
    if isinstance(part, RecordChunk):
        return part.first
    return part.offset if part.offsets is None else part.offsets[0]


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
