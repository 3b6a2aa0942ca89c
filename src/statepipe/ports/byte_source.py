"""ByteSource: a file or stream to read, and its opened reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from statepipe.ports.formats import Decoder
from statepipe.ports.items import Block
from statepipe.saved import Point


class ByteReader(Protocol):
    """An opened byte source. Blocking; used from one thread at a time, closed from any."""

    def read(self) -> Block | None:
        """Return the next items, or None at the end.

        Waits until at least one item is whole, and gives what is there: a pipe's items are not
        held back until more come. Raises SourceError.
        """

    def close(self) -> None: ...


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
