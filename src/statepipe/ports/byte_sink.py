"""ByteSink: a file or stream to write, and its opened writer."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from statepipe.ports.formats import Encoder, Framing
from statepipe.saved import SavedOutput


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
