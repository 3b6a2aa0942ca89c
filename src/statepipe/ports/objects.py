"""Objects: a source or a sink of the user's own making."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol, runtime_checkable

from statepipe.record import Record


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
