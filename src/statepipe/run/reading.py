"""ReadAhead: a thread that reads a byte source, so that reading and computing overlap."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable

from statepipe.ports.byte_source import ByteReader
from statepipe.ports.items import Block
from statepipe.run.alarm import Alarm
from statepipe.run.bell import Bell
from statepipe.run.blocks import content_of

MAX_BLOCKS = 4
"""Blocks that wait at most; at about 256 KiB each, 1 MiB of a source."""


class ReadAhead:
    """Reads blocks in its own thread while there is room for one more like the last.

    There is for `MAX_BLOCKS`, of `most_bytes` together; with none there, one is always read.
    `waiting_bytes` counts what is there. `ended` is true when the source has ended and every block
    was taken; `error` is what ended it. `open_source` opens the source where reading begins.
    """

    def __init__(self, open_source: Callable[[], ByteReader], bell: Bell) -> None:
        self.error: Exception | None = None
        self._open_source = open_source
        self.most_bytes = sys.maxsize
        self.waiting_bytes = 0
        self._bell = bell
        self._blocks: deque[Block] = deque()
        self._lock = threading.Lock()
        self._changed = Alarm()
        self._finished = False
        self._closed = False
        self._reader: ByteReader | None = None
        self._thread = threading.Thread(target=self._read, name="statepipe-read", daemon=True)

    @property
    def ended(self) -> bool:
        return self._finished and not self._blocks

    def open(self) -> None:
        """Open the source. Raises SourceError where it cannot be opened."""
        self._reader = self._open_source()

    def start(self) -> None:
        """Begin to read what was opened."""
        self._thread.start()

    def take(self) -> Block | None:
        """Return the next block if it is there. The bell rings when that changes."""
        with self._lock:
            if not self._blocks:
                return None
            block = self._blocks.popleft()
            self.waiting_bytes -= block.content
        self._changed.ring()
        return block

    def close(self) -> None:
        """Stop reading, a read that waits for a pipe included."""
        self._closed = True
        self._changed.ring()
        if self._reader is not None:
            self._reader.close()

    def _read(self) -> None:
        try:
            self._read_all()
        except Exception as error:  # handed to the driver, which raises it
            self.error = error
        finally:
            self._finished = True
            self._bell.ring()

    def _read_all(self) -> None:
        assert self._reader is not None
        try:
            while self._has_room():
                block = self._reader.read()
                if block is None:
                    return
                self._put(block)
        finally:
            self._reader.close()

    def _has_room(self) -> bool:
        """Wait until another block may be read; return False if none ever may."""
        while not self._closed:
            with self._lock:
                if not self._is_full():
                    return True
            self._changed.wait()
        return False

    def _put(self, block: Block) -> None:
        block.content = block.content or content_of(block.items)
        with self._lock:
            if self._closed:
                return
            self.waiting_bytes += block.content
            self._blocks.append(block)
        self._bell.ring()

    def _is_full(self) -> bool:
        if not self._blocks:
            return False
        next_bytes = self._blocks[-1].content
        full = self.waiting_bytes + next_bytes > self.most_bytes
        return full or len(self._blocks) >= MAX_BLOCKS
