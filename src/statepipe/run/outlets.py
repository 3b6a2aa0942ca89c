"""Outlets: each takes the results of chunks to one kind of sink."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Protocol

from statepipe.interruption import exposed
from statepipe.ports import Sink
from statepipe.ports.byte_sink import ByteSink
from statepipe.record import Record
from statepipe.run.awaiting import settled
from statepipe.run.bell import Bell
from statepipe.run.chunk import Output
from statepipe.run.writing import WriteBehind


class Outlet(Protocol):
    """Where one sink's part of every chunk goes, in order.

    Of the `taken_bytes` that it was given in all, `written_bytes` have left the process.
    """

    @property
    def taken_bytes(self) -> int: ...

    @property
    def written_bytes(self) -> int: ...

    def open(self) -> None:
        """Get ready; raises SinkError where the sink cannot be written. Before anything is read."""

    async def write(self, output: Output) -> None: ...

    async def flush(self) -> None:
        """Hold nothing back: the source is slow."""

    async def commit(self) -> None: ...

    async def abort(self) -> None:
        """Leave nothing that looks finished. Safe to call at any time, more than once."""


class LateOutlet(Outlet, Protocol):
    """An outlet that may never be opened."""

    def try_out(self) -> None:
        """Raise SinkError if it could not be opened; leave nothing behind."""


class ByteOutlet:
    """Writes encoded records to a byte sink behind the driver's back."""

    def __init__(self, sink: ByteSink, bell: Bell) -> None:
        self._sink = sink
        self._bell = bell
        self._behind: WriteBehind | None = None
        self.taken_bytes = 0

    @property
    def written_bytes(self) -> int:
        return self._behind.written_bytes if self._behind is not None else 0

    def open(self) -> None:
        between = self._sink.framing.between
        self._behind = WriteBehind(self._sink.open(), between, self._bell)

    def try_out(self) -> None:
        self._sink.open().abort()

    async def write(self, output: Output) -> None:
        assert self._behind is not None and isinstance(output, bytes)
        self._behind.put(output)
        self.taken_bytes += len(output)

    async def flush(self) -> None:
        if self._behind is not None:
            self._behind.flush()

    async def commit(self) -> None:
        if self._behind is not None:
            self._behind.begin_end()
            while not self._behind.is_over:  # a pipe may stay full for ever: this can be left
                await self._bell.wait(None)
            await self._bell.aside(self._behind.commit)
            self._behind = None

    async def abort(self) -> None:
        if self._behind is not None:
            self._behind.abort()
            self._behind = None


Receiver = Callable[[Record], Any]
"""Takes one record; what it gives is awaited if it can be, and otherwise dropped."""


class CallableOutlet:
    """Calls a function of the user's for each record."""

    taken_bytes = written_bytes = 0

    def __init__(self, receive: Receiver) -> None:
        self._receive = receive

    def open(self) -> None:
        """Nothing to open."""

    @exposed
    async def write(self, output: Output) -> None:
        for record in output:
            given = self._receive(record)  # type: ignore[arg-type]  # records, as no encoder is set
            if inspect.isawaitable(given):
                await given

    async def flush(self) -> None:
        return

    async def commit(self) -> None:
        return

    async def abort(self) -> None:
        return


class SinkOutlet:
    """Drives a sink object of the user's."""

    taken_bytes = written_bytes = 0

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._closed = False

    def open(self) -> None:
        """The user's object is open already."""

    @exposed
    async def write(self, output: Output) -> None:
        assert isinstance(output, list)
        if output:
            await settled(self._sink.write(output))

    async def flush(self) -> None:
        return

    @exposed
    async def commit(self) -> None:
        await settled(self._sink.commit())
        self._closed = True

    @exposed
    async def abort(self) -> None:
        if not self._closed:
            self._closed = True
            await settled(self._sink.abort())
