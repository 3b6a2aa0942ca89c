"""WriteBehind: a thread that writes to a byte sink, so that computing and writing overlap."""

from __future__ import annotations

import sys
import threading
from collections import deque
from typing import Protocol

from statepipe.errors import SinkError
from statepipe.ports.byte_sink import ByteWriter
from statepipe.run.alarm import Alarm
from statepipe.run.bell import Bell

BUFFER_BYTES = 64 * 1024
"""Handed to the thread at once. Less costs more wake-ups; more holds back records that count as
under way, so that reading pauses for them and workers wait."""

PATIENCE_S = 2.0
"""How long an abort waits for a write: one to a pipe that nobody reads takes for ever."""


class Act(Protocol):
    """Something that the thread of a `WriteBehind` does in its turn: one of both is called."""

    def do(self) -> None: ...

    def drop(self, error: Exception | None) -> None:
        """Its turn will never come: `error` is why what was put before could not be written.

        None where that was dropped.
        """


class WriteBehind:
    """Collects the chunks' bytes, and writes them in its own thread in larger pieces.

    Of `taken_bytes` in all, `written_bytes` have been written, once writing failed endlessly many.
    `pending` bytes wait to be written; the bell rings when some have been. What the writer
    raised is raised by the next call.
    """

    def __init__(self, writer: ByteWriter, between: bytes, bell: Bell) -> None:
        self._writer = writer
        self._between = between
        self._bell = bell
        self._buffer: list[bytes] = []
        self._buffered = 0
        self._pieces: deque[bytes | Act] = deque()
        self.pending = 0
        self.taken_bytes = 0
        self.written_bytes = 0
        self._marks: deque[int] = deque()
        self._lock = threading.Lock()
        self._changed = Alarm()
        self._ending = False
        self._ended = False
        self._over = Alarm()
        self._error: Exception | None = None
        self._thread: threading.Thread | None = None

    def put(self, data: bytes) -> None:
        """Take the bytes of a chunk's records, with `between` between them."""
        if self._error is not None:
            raise self._error
        if not data:
            return
        self.taken_bytes += len(data)
        self._buffer.append(data)
        self._buffered += len(data)
        if self._buffered >= BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand on what has been collected, now."""
        if not self._buffer:
            return
        piece = self._between.join(self._buffer)
        self._buffer, self._buffered = [], 0
        with self._lock:
            if self._error is not None:
                return  # nobody would take it, and `pending` stay; the next call raises
            self._pieces.append(piece)
            self._marks.append(self.taken_bytes)
            self.pending += len(piece)
        self._changed.ring()
        if self._thread is None:
            self._begin()

    def act(self, act: Act) -> None:
        """Have `act` done when all that was put before has been written.

        What it raises counts as raised by the writer.
        """
        self.flush()
        with self._lock:
            if self._error is not None:
                act.drop(self._error)
                return
            self._pieces.append(act)
        self._changed.ring()
        if self._thread is None:
            self._begin()

    def begin_end(self) -> None:
        """Let everything be written; nothing can be put after that. The bell rings at the end."""
        self.flush()
        self._ending = True
        self._changed.ring()

    @property
    def is_over(self) -> bool:
        """Whether the thread is done for good, or was never needed."""
        return self._thread is None or self._ended

    def end(self) -> None:
        """Write everything and do all acts; nothing can be put after that. Blocks."""
        self.begin_end()
        self._await_end(None)
        if self._error is not None:
            raise self._error

    def commit(self) -> None:
        """Write everything, make it durable, and put it under its final name. Blocks."""
        self.end()
        self._writer.commit()

    def abort(self) -> None:
        """Drop what is not written, and leave the final name as it was. Blocks, for a while.

        Raises SinkError where the writer does not come back: it is left to itself then.
        """
        with self._lock:
            self._clear()
        self._ending = True
        self._changed.ring()
        if not self._await_end(PATIENCE_S):
            raise SinkError(f"a write has not ended within {PATIENCE_S:g} s; it was left as it is")
        self._writer.abort()

    def _begin(self) -> None:
        thread = threading.Thread(target=self._work, name="statepipe-write", daemon=True)
        thread.start()
        self._thread = thread  # only now: Ctrl-C may come in between, and it is joined then

    def _await_end(self, timeout_s: float | None) -> bool:
        """Wait until the thread is done; return whether it is."""
        if not self.is_over and not self._over.wait(timeout_s):
            return False
        if self._thread is not None:
            self._thread.join()
        return True

    def _work(self) -> None:
        self._write()
        self._ended = True
        self._over.ring()
        self._bell.ring()

    def _write(self) -> None:
        while (piece := self._next()) is not None:
            failed: Exception | None = None
            try:
                self._do(piece)
            except Exception as error:  # raised by the driver's next call
                failed = error
                if not isinstance(piece, bytes):
                    piece.drop(error)
            with self._lock:
                self._error = failed
                size = len(piece) if isinstance(piece, bytes) else 0
                self.pending = 0 if failed is not None else self.pending - size
                if failed is not None:
                    self.written_bytes = sys.maxsize  # nobody is to wait for what will not come
                elif isinstance(piece, bytes):
                    self.written_bytes = self._marks.popleft()
            self._bell.ring()

    def _do(self, piece: bytes | Act) -> None:
        if not isinstance(piece, bytes):
            piece.do()
            return
        self._writer.write(piece)
        if not self._pieces:
            self._writer.flush()

    def _clear(self) -> None:
        for piece in self._pieces:
            if not isinstance(piece, bytes):
                piece.drop(self._error)
        self._pieces.clear()

    def _next(self) -> bytes | Act | None:
        while not self._pieces and not self._ending:
            self._changed.wait()
        with self._lock:
            if self._error is not None:
                self._clear()
            return self._pieces.popleft() if self._pieces else None
