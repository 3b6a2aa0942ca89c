"""The protocols between the runtime and the outside: files, formats, sources, sinks, time, chance.

`run` and `connectors` never import each other: they meet here. Byte sources go through three
steps: a `ByteReader` cuts bytes into *items* (the bytes of one record each), a `Decoder` turns
items into records, and on the way out an `Encoder` turns records into bytes for a `ByteWriter`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

from statepipe.record import Record, Run
from statepipe.saved import Point, Saved, SavedOutput


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands among items for bytes that cannot be one: an oversized record, a cut-off end.

    `head` holds their first bytes (at most 1 KiB), `size` how many there were, and `limit` how
    many there may be at most, if that is why.
    """

    reason: str
    head: bytes
    size: int
    limit: int | None = field(default=None, compare=False)

    def __len__(self) -> int:
        return self.size


Item: TypeAlias = bytes | Unreadable


@dataclass(slots=True)
class Block:
    """Consecutive items of a byte source.

    Item k begins at `offsets[k]`, or where `offsets` is None, at `offset` plus the lengths of
    the items before it and one byte (the newline) each. `line` is the first item's line, from 1.
    `size` counts the source bytes that the block used up. Blank lines are items too.
    `lines` are the items' lines where items span lines (CSV, JSON arrays); None where item k
    stands in line `line + k`. `end` is where what follows the last item begins; None where the
    source cannot be read from there. `content` counts the bytes that the items take in memory,
    about; 0 where the reader does not count them.
    """

    items: list[Item]
    offset: int
    line: int
    size: int
    offsets: list[int] | None = None
    lines: list[int] | None = None
    end: Point | None = None
    content: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Malformed:
    """What a decoder gives in place of a record: why the item is none."""

    reason: str


class ByteReader(Protocol):
    """An opened byte source. Blocking; used from one thread at a time, closed from any."""

    def read(self) -> Block | None:
        """Return the next items, or None at the end.

        Waits until at least one item is whole, and gives what is there: a pipe's items are not
        held back until more come. Raises SourceError.
        """

    def close(self) -> None: ...


class Decoder(Protocol):
    """Items to records. Stateless and picklable."""

    def decode(self, items: Sequence[Item]) -> list[Record]:
        """Return a record per item, all or none: any error or blank item raises ValueError."""

    def decode_each(self, items: Sequence[Item]) -> list[Record | Malformed | None]:
        """Return for each item its record, why it has none, or None for a blank line."""


@runtime_checkable
class ByteSource(Protocol):
    """A file or stream of records, not yet opened. Picklable, so that workers can open it.

    `total_bytes` is None where it is not known. `splittable`: `open_range` works. `live`: it
    may let its reader wait for more, as a pipe does and a file does not.
    """

    @property
    def live(self) -> bool: ...

    @property
    def name(self) -> str: ...

    @property
    def decoder(self) -> Decoder: ...

    @property
    def total_bytes(self) -> int | None: ...

    @property
    def splittable(self) -> bool: ...

    def open(self) -> ByteReader: ...

    def open_range(self, start: int, end: int) -> ByteReader:
        """Open the items that begin in bytes `start` to `end` (excluded) of the file."""


@runtime_checkable
class ResumableSource(ByteSource, Protocol):
    """A byte source that can be read again, from any place between two items on."""

    def open_at(self, point: Point) -> ByteReader:
        """Open the items from `point` on; raises SourceError, also where it is behind the end."""

    def identity(self) -> Mapping[str, str]:
        """Return facts by name that are other ones when the content may be another."""


class UnwritableError(Exception):
    """A record holds a value that the sink's format cannot: `field` is its dotted path."""

    def __init__(self, field_path: str, reason: str) -> None:
        super().__init__(f"field {field_path!r}: {reason}" if field_path else reason)
        self.field_path = field_path
        self.reason = reason


class Encoder(Protocol):
    """Records to bytes. `portable`: stateless and picklable, so that workers can encode."""

    @property
    def portable(self) -> bool: ...

    def encode(self, records: Sequence[Record]) -> bytes:
        """Return the bytes of all records, `between` between them; b"" for none.

        Any record that cannot be written raises: UnwritableError, TypeError or ValueError.
        """

    def encode_one(self, record: Record) -> bytes:
        """Return the bytes of one record, or raise UnwritableError naming the field."""


@runtime_checkable
class LearningEncoder(Encoder, Protocol):
    """An encoder that goes by what it has learnt from earlier records of the output."""

    def save(self) -> str:
        """Return what was learnt so far, "" if nothing was."""

    def restore(self, saved: str) -> None:
        """Know again what `save` told."""


@dataclass(frozen=True, slots=True)
class Framing:
    """The bytes that stand at the begin, between records, and at the end of an output file.

    `end_if_any` is written at the end only after at least one record.
    """

    begin: bytes = b""
    between: bytes = b"\n"
    end: bytes = b""
    end_if_any: bytes = b"\n"


class ByteWriter(Protocol):
    """An opened output: its final name shows nothing until `commit`. Blocking; one thread."""

    def write(self, data: bytes) -> None:
        """Append `data`, which is whole records with `between` between them. Raises SinkError."""

    def flush(self) -> None:
        """Hand everything written so far to the operating system (no fsync)."""

    def commit(self) -> None:
        """Write the end, make it durable, and put the file under its final name."""

    def abort(self) -> None:
        """Remove what was written; the final name stays as it was. Never raises; idempotent."""


@runtime_checkable
class ByteSink(Protocol):
    """A file or stream to write, not yet opened. `path` None for standard output."""

    @property
    def name(self) -> str: ...

    @property
    def path(self) -> str | None: ...

    @property
    def encoder(self) -> Encoder: ...

    @property
    def framing(self) -> Framing: ...

    def open(self) -> ByteWriter:
        """Open for writing; raises SinkError where it cannot be, before anything is read."""


class DurableWriter(ByteWriter, Protocol):
    """A writer that can be left at any time and gone on from. `abort` keeps what was written."""

    def mark(self) -> SavedOutput:
        """Hand everything to the operating system; return where the output stands."""

    def sync(self) -> None:
        """Make what was handed over durable. Called from another thread than the rest."""

    def finish(self) -> SavedOutput:
        """Write the end, make it durable; return where the output stands."""

    def place(self) -> None:
        """Put the finished file under its final name, durably, and close it."""


@runtime_checkable
class DurableSink(ByteSink, Protocol):
    """A byte sink whose output survives the process that writes it, and can be gone on with."""

    def open_durable(self, saved: SavedOutput | None, *, detached: bool) -> DurableWriter:
        """Open the output as it was `saved`, or a new one for None. Raises SinkError.

        What was written after `saved` is cut off. An output that is shorter, or has other bytes,
        is refused. `detached`: another process may still have it open, and must not reach it.
        """

    def detach(self) -> None:
        """Leave a begun output to the process that may still have it open. Raises SinkError."""

    def complete(self, saved: SavedOutput) -> None:
        """Put a finished output under its final name, unless it is there. Raises SinkError."""


@runtime_checkable
class Source(Protocol):
    """A source object of the user's: records in order, pulled chunk by chunk."""

    def read(self, limit: int) -> Sequence[Record] | Awaitable[Sequence[Record]]:
        """Return the next records, at most `limit`; none at the end. May be async."""

    def close(self) -> object:
        """Release what is held. May be async. Called once, also after an error."""


@runtime_checkable
class Sink(Protocol):
    """A sink object of the user's. Each method may be async: then what it gives is awaited."""

    def write(self, records: Sequence[Record]) -> object:
        """Take the records of one chunk, in order."""

    def commit(self) -> object:
        """Everything was written: make it final."""

    def abort(self) -> object:
        """The run failed or was cancelled: leave nothing that looks finished."""


class File(Protocol):
    """An open file of a `FileSystem`."""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end."""

    def write(self, data: bytes) -> None:
        """Append all of `data`; a short write goes on, an error is an OSError."""

    def seek(self, offset: int) -> None: ...

    def size(self) -> int: ...

    def truncate(self, length: int) -> None:
        """Cut the file off behind `length` bytes, and stand there."""

    def sync(self) -> None:
        """fsync. After an error the file is not to be synced again."""

    def close(self) -> None: ...


class FileSystem(Protocol):
    """The files that the runtime touches, so that a test can make them fail.

    Paths are str. Errors are OSError.
    """

    def open_read(self, path: str) -> File: ...

    def open_partial(self, path: str) -> File:
        """Open an empty file for writing, locked: a second writer gets BlockingIOError."""

    def open_again(self, path: str) -> File:
        """Open an existing file for reading and writing, locked as by `open_partial`."""

    def exists(self, path: str) -> bool: ...

    def replace(self, source: str, target: str) -> None:
        """Rename atomically. A crash may undo it until the folder is synced."""

    def sync_folder(self, path: str) -> None:
        """Make the names in the folder at `path` durable."""

    def remove(self, path: str) -> None: ...


class Clock(Protocol):
    def monotonic_s(self) -> float: ...

    def now_s(self) -> float:
        """Return seconds since the epoch, UTC."""


class DeliveryLog(Protocol):
    """Remembers how often records were delivered to workers that may die of them.

    A record is known by its position: its first byte in the source, or its index where the
    source has no bytes. Used by the thread that drives the stream.
    """

    def suspects(self) -> Mapping[int, int]:
        """Return the deliveries of each suspect, as noted before, also in an earlier run."""

    def note(self, position: int, count: int) -> None:
        """Note a suspect's deliveries, the one included that is about to be made; 0 acquits it.

        Called before each delivery, and durable when it returns: a record that takes the whole
        run down is known when it starts again.
        """


class CheckpointStore(DeliveryLog, Protocol):
    """Keeps where one run stands, in one atomic and durable step. Held by one process at a time.

    Every method may be called from any thread, and raises CheckpointError.
    """

    def load(self) -> Saved | None:
        """Return what was saved last; None if nothing was."""

    def failures(self) -> Mapping[int, bytes]:
        """Return the failures that were saved, by their ordinal."""

    def save(self, saved: Saved, failures: Mapping[int, bytes]) -> None:
        """Replace what was saved, and add `failures`. Durable when it returns.

        Refused if another process has taken the checkpoint over.
        """

    def held(self) -> AbstractContextManager[None]:
        """Keep it from being taken over meanwhile; refused as `save` is. Saves nothing within."""

    def close(self) -> None:
        """Let another process have it. Safe to call more than once."""


class Randomness(Protocol):
    def random_bytes(self, count: int) -> bytes:
        """Return bytes that nobody can foresee."""


def begin_run(clock: Clock, randomness: Randomness) -> Run:
    """Return a new run, which begins now."""
    return Run(randomness.random_bytes(16).hex(), clock.now_s())


@dataclass(frozen=True, slots=True)
class Range:
    """A piece of a splittable source for one worker: bytes `start` to `end` (excluded)."""

    start: int
    end: int


def ranges(first: int, end: int, size: int) -> Iterator[Range]:
    """Cut bytes `first` to `end` (excluded) into consecutive ranges of at most `size` bytes."""
    for start in range(first, end, size):
        yield Range(start, min(start + size, end))
