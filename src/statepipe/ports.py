"""The protocols between the runtime and the outside: files, formats, sources, sinks, clock.

`run` and `connectors` never import each other: they meet here. Byte sources go through three
steps: a `ByteReader` cuts bytes into *items* (the bytes of one record each), a `Decoder` turns
items into records, and on the way out an `Encoder` turns records into bytes for a `ByteWriter`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

from statepipe.record import Record


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands among items for bytes that cannot be one: an oversized record, a cut-off end.

    `head` holds their first bytes (at most 1 KiB), `size` how many there were.
    """

    reason: str
    head: bytes
    size: int

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
    stands in line `line + k`.
    """

    items: list[Item]
    offset: int
    line: int
    size: int
    offsets: list[int] | None = None
    lines: list[int] | None = None


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

    def replace(self, source: str, target: str) -> None:
        """Rename atomically, and sync the folder."""

    def remove(self, path: str) -> None: ...


class Clock(Protocol):
    def monotonic_s(self) -> float: ...

    def now_s(self) -> float:
        """Return seconds since the epoch, UTC."""


@dataclass(frozen=True, slots=True)
class Range:
    """A piece of a splittable source for one worker: bytes `start` to `end` (excluded)."""

    start: int
    end: int


def ranges(total_bytes: int, size: int) -> Iterator[Range]:
    """Cut `total_bytes` into consecutive ranges of at most `size` bytes."""
    for start in range(0, total_bytes, size):
        yield Range(start, min(start + size, total_bytes))
