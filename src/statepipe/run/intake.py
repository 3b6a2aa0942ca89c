"""Intakes: each turns one kind of source into chunks, and says when none is ready yet."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator, Sized
from functools import partial
from itertools import islice
from typing import Protocol

from statepipe.errors import SourceError
from statepipe.interruption import exposed
from statepipe.ports.byte_source import ByteReader, ByteSource, ResumableSource
from statepipe.ports.clock import Clock
from statepipe.ports.items import Block, Range
from statepipe.record import Record
from statepipe.run.bell import Bell
from statepipe.run.blocks import cut_off, fitting, joined
from statepipe.run.chunk import ByteChunk, Chunk, RangeChunk, RecordChunk
from statepipe.run.flow import Flow
from statepipe.run.pressure import Sizes
from statepipe.run.pulling import Pulled
from statepipe.run.reading import ReadAhead
from statepipe.run.weighing import Scales
from statepipe.saved import Point


def too_short(given: int, skip: int) -> SourceError:
    """Return the error of a source that gives fewer records than an earlier run has done."""
    return SourceError(
        f"the source gave only {given} records, and {skip} of it were done before; "
        "it must give the same records again"
    )


def same_again(source: object, records: list[Record]) -> SourceError | None:
    """Return the error of a generator that fills one dict again and again, if it does.

    Its records are there all at once, and of such a dict only the last content is left.
    """
    fills_again = len(records) > 1 and records[0] is records[-1]
    if not fills_again or not isinstance(source, Generator | AsyncGenerator):
        return None
    return SourceError(
        "the generator yielded one and the same object for several records, so that what it held "
        "before is gone; yield a new dict for each, as by `yield dict(record)`"
    )


class Intake(Protocol):
    """Chunks in order. After `ended`, `take` gives no more, and `error` is what ended it.

    `keeps`: what came before an error cannot be read again, and so is kept.
    """

    ended: bool
    error: Exception | None

    @property
    def keeps(self) -> bool: ...

    @property
    def heeds_flow(self) -> bool:
        """Whether it reads ahead by what `flow` counts, which then has to be of this moment."""

    paused_s: float
    """How long the source was held back by the intake itself."""

    @property
    def waiting(self) -> int:
        """Records that were read and are not yet taken, as far as they are counted."""

    @property
    def waiting_bytes(self) -> int:
        """The bytes that these take, about."""

    def resize(self, sizes: Sizes) -> None:
        """Cut chunks of these sizes from now on, and read no further ahead than they allow."""

    def open(self) -> None:
        """Open the source, before workers are forked: its header, if it has one, is theirs too.

        Raises SourceError where it cannot be opened.
        """

    def start(self, flow: Flow) -> None:
        """Begin to read. What reads ahead heeds `flow`."""

    def take(self) -> Chunk | None:
        """Return the next chunk, or None if it is not ready: the bell rings when it may be."""

    def wait_s(self) -> float | None:
        """Return after how long a waiting part of a chunk is to be taken; None if never."""

    async def close(self) -> None: ...


class ByteIntake:
    """Cuts what a thread reads ahead into chunks of `chunk_size` items, or of fewer large ones.

    A live source's items wait at most `max_wait_s` for their chunk to fill. `begin` is where an
    earlier run has come to.
    """

    keeps = False
    heeds_flow = False
    paused_s = 0.0
    waiting = 0  # lines that nobody has looked at yet; they count as bytes

    def __init__(
        self,
        source: ByteSource,
        chunk_size: int,
        max_wait_s: float,
        bell: Bell,
        clock: Clock,
        *,
        begin: Point | None = None,
    ) -> None:
        self.ended = False
        self.error: Exception | None = None
        self._chunk_size = chunk_size
        self._chunk_bytes = sys.maxsize
        self._max_wait_s = max_wait_s if source.live else None
        self._clock = clock
        self._reading = ReadAhead(opening(source, begin), bell)
        self._held: Block | None = None
        self._at = 0
        self._left = 0
        self._held_since = 0.0

    @property
    def waiting_bytes(self) -> int:
        held = self._held.content if self._held is not None and self._left else 0
        return held + self._reading.waiting_bytes

    def resize(self, sizes: Sizes) -> None:
        self._chunk_size, self._chunk_bytes = sizes.chunk_size, sizes.chunk_bytes
        self._reading.most_bytes = sizes.waiting_bytes

    def open(self) -> None:
        self._reading.open()

    def start(self, flow: Flow) -> None:
        self._reading.start()

    def take(self) -> ByteChunk | None:
        if self.ended:
            return None
        while self._left < self._chunk_size and not self._is_heavy():
            block = self._reading.take()
            if block is not None:
                self._hold(block)
            elif self._reading.ended or self._overdue():
                break
            else:
                return None
        if self._left == 0 or self._held is None:
            self._end()
            return None
        count = min(self._left, self._chunk_size)
        if self._held.content > self._chunk_bytes:
            count = fitting(self._held.items, self._at, count, self._chunk_bytes)
        chunk = cut_off(self._held, self._at, count)
        self._at += count
        self._left -= count
        return chunk

    def wait_s(self) -> float | None:
        if self._max_wait_s is None or not self._left:
            return None
        return max(0.0, self._held_since + self._max_wait_s - self._clock.monotonic_s())

    async def close(self) -> None:
        self.ended = True
        self._reading.close()

    def _is_heavy(self) -> bool:
        held = self._held
        return self._left > 0 and held is not None and held.content >= self._chunk_bytes

    def _overdue(self) -> bool:
        return self.wait_s() == 0.0

    def _end(self) -> None:
        if self._reading.ended:
            self.ended = True
            self.error = self._reading.error

    def _hold(self, block: Block) -> None:
        """Put `block` behind what is left of the one before."""
        if self._held is None or not self._left:
            self._held, self._at, self._left = block, 0, len(block.items)
            self._held_since = self._clock.monotonic_s()
            return
        self._held = joined(self._held, self._at, block)
        self._at, self._left = 0, len(self._held.items)


def opening(source: ByteSource, begin: Point | None) -> Callable[[], ByteReader]:
    """Return what opens a source where reading begins."""
    if begin is None or begin.offset == 0:
        return source.open
    assert isinstance(source, ResumableSource)
    return partial(source.open_at, begin)


class RangeIntake:
    """Cuts a splittable source into ranges that workers read themselves."""

    keeps = False
    heeds_flow = False
    paused_s = 0.0
    waiting = 0
    waiting_bytes = 0

    def __init__(self, ranges: Iterable[RangeChunk]) -> None:
        self.ended = False
        self.error: Exception | None = None
        self._ranges: Iterator[RangeChunk] = iter(ranges)
        self._rest: RangeChunk | None = None
        self._most_bytes = sys.maxsize

    def resize(self, sizes: Sizes) -> None:
        self._most_bytes = sizes.chunk_bytes

    def open(self) -> None:
        """Each worker opens the source for itself."""

    def start(self, flow: Flow) -> None:
        """Nothing is read here."""

    def take(self) -> RangeChunk | None:
        chunk, self._rest = self._rest or next(self._ranges, None), None
        if chunk is not None and chunk.content > self._most_bytes:
            chunk, self._rest = halves(chunk, self._most_bytes)
        self.ended = chunk is None
        return chunk

    def wait_s(self) -> float | None:
        return None

    async def close(self) -> None:
        self.ended = True


def halves(chunk: RangeChunk, size: int) -> tuple[RangeChunk, RangeChunk]:
    """Return the first `size` bytes of a range, and its rest."""
    start, end = chunk.range.start, chunk.range.end
    first = max(1, chunk.expected * size // chunk.content)
    rest = max(1, chunk.expected - first)
    at = start + size
    return RangeChunk(Range(start, at), first), RangeChunk(Range(at, end), rest)


class IterableIntake:
    """Pulls records from an iterable in the driver's own thread.

    A chunk is cut early when the iterable let more than `max_wait_s` pass before a record. The
    first `skip` records were done by an earlier run, and are let go.
    """

    keeps = True
    heeds_flow = False
    paused_s = 0.0
    waiting = 0
    waiting_bytes = 0

    def __init__(
        self,
        source: Iterable[Record],
        chunk_size: int,
        max_wait_s: float,
        clock: Clock,
        *,
        skip: int = 0,
    ) -> None:
        self.ended = False
        self.error: Exception | None = None
        self._records = iter(source)
        self._skip = self._given = skip
        self._chunk_size = chunk_size
        self._chunk_bytes = sys.maxsize
        self._max_wait_s = float("inf") if isinstance(source, Sized) else max_wait_s
        self._clock = clock

    def resize(self, sizes: Sizes) -> None:
        self._chunk_size, self._chunk_bytes = sizes.chunk_size, sizes.chunk_bytes

    def open(self) -> None:
        """The iterable is open already."""

    @exposed
    def start(self, flow: Flow) -> None:
        """Read nothing ahead, but what an earlier run has done; SourceError if it is not there."""
        skipped = sum(1 for _ in islice(self._records, self._skip))
        if skipped < self._skip:
            raise too_short(skipped, self._skip)

    @exposed
    def take(self) -> RecordChunk | None:
        records: list[Record] = []
        scales, probe = Scales(self._chunk_bytes), 1
        last = self._clock.monotonic_s()
        while len(records) < self._chunk_size and not self.ended:
            try:
                records.append(next(self._records))
            except StopIteration:
                self.ended = True
            except Exception as error:
                self.error, self.ended = error, True
            now = self._clock.monotonic_s()
            if now - last > self._max_wait_s:
                break
            last = now
            if len(records) == probe:
                probe = scales.show(records)
                if not probe:
                    break
        if (mixed := same_again(self._records, records)) is not None:
            self.error, self.ended = mixed, True
            return None
        first, self._given = self._given, self._given + len(records)
        return RecordChunk(records, first, content=scales.of(records)) if records else None

    def wait_s(self) -> float | None:
        return None

    @exposed
    async def close(self) -> None:
        self.ended = True
        if isinstance(self._records, Generator):
            self._records.close()
        elif isinstance(self._records, Pulled):
            await self._records.aclose()
