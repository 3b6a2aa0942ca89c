"""LineReader: bytes cut at newlines into items, a block at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeAlias

from statepipe.connectors.byte_stream import ByteStream
from statepipe.connectors.format_options import BLOCK_SIZE, MAX_RECORD_BYTES
from statepipe.ports.items import Block, Item, Range, Unreadable
from statepipe.saved import Point

BEYOND_BYTES = 4 * 1024
"""Asked for behind a span's end, where its last line ends as a rule; the rest others read."""

HEAD_BYTES = 1024
"""How much of an unreadable item is kept."""

_BOM = b"\xef\xbb\xbf"

EndingCheck: TypeAlias = Callable[[bytes], str | None]
"""Says of a last line without newline why it cannot be an item, or None if it can."""


class LineReader:
    """Cuts a stream into lines, without their newlines; a carriage return stays.

    A UTF-8 byte order mark at the very begin belongs to no line. A line of more than
    `max_record_bytes` becomes Unreadable, and is never held whole.

    With a `span`, only the lines that begin in it are given; the first of them counts as line
    `first_line`. The stream must then stand at `stream_start(span)`. Consecutive spans give
    together what a whole read gives.
    """

    def __init__(
        self,
        stream: ByteStream,
        max_record_bytes: int = MAX_RECORD_BYTES,
        span: Range | None = None,
        check_ending: EndingCheck | None = None,
        *,
        first_line: int = 1,
    ) -> None:
        self._stream = stream
        self._pending = _PendingLine(max_record_bytes)
        self._limit = max_record_bytes
        self._check_ending = check_ending
        self._span = span
        self._offset = stream_start(span)
        self._line = first_line
        self._mark_bytes = 0  # of the byte order mark, until a block counts them
        self._begun = False
        self._ended = span is not None and span.start >= span.end

    def read(self) -> Block | None:
        """Return the next lines, as soon as one is whole; None at the end. Raises SourceError."""
        while not self._ended:
            data = self._more() if self._begun else self._first_bytes()
            block = self._take(data) if data else self._end()
            if block is not None:
                return block
        return None

    def close(self) -> None:
        self._stream.close()

    def _more(self) -> bytes:
        """Read on; of what lies behind the span no more than its last line may need."""
        left = BLOCK_SIZE
        if self._span is not None:
            left = self._span.end - self._offset - self._pending.size
        return self._stream.read(min(BLOCK_SIZE, left + BEYOND_BYTES) if left > 0 else BLOCK_SIZE)

    def _first_bytes(self) -> bytes:
        self._begun = True
        if self._span is not None and self._span.start:
            return self._skip_begun_line(self._span.end)
        data, self._mark_bytes = read_first(self._stream)
        self._offset = self._mark_bytes
        return data

    def _skip_begun_line(self, end: int) -> bytes:
        """Return what follows the first newline; its last line began before the span."""
        while data := self._more():
            newline = data.find(b"\n")
            if newline >= 0:
                self._offset += newline + 1
                self._ended = self._offset >= end
                rest = data[newline + 1 :]
                return b"" if self._ended else rest or self._more()
            self._offset += len(data)
            if self._offset >= end:
                break
        self._ended = True
        return b""

    def _take(self, data: bytes) -> Block | None:
        """Return the lines that are whole with `data`, or None if there are none."""
        data = self._cut_at_span_end(data)
        lines = data.split(b"\n")
        rest = lines.pop()
        if not lines:
            self._pending.add(rest)
            return None
        size = self._pending.size + len(data) - len(rest)
        items: list[Item] = [self._pending.close(lines[0]), *lines[1:]]
        if len(data) > self._limit:
            items[1:] = [_whole_or_unreadable(item, self._limit) for item in items[1:]]
        self._pending.add(rest)
        return self._block(items, size)

    def _cut_at_span_end(self, data: bytes) -> bytes:
        """Leave out the lines that begin at the end of the span or after it."""
        if self._span is None:
            return data
        read_so_far = self._offset + self._pending.size
        newline = data.find(b"\n", max(0, self._span.end - 1 - read_so_far))
        if newline < 0:
            return data
        self._ended = True
        return data[: newline + 1]

    def _end(self) -> Block | None:
        """Return the last line if it has no newline."""
        self._ended = True
        size = self._pending.size
        if not size:
            return None
        item = self._pending.close(b"")
        if self._check_ending is not None and isinstance(item, bytes):
            reason = self._check_ending(item)
            item = item if reason is None else Unreadable(reason, item[:HEAD_BYTES], size)
        return self._block([item], size)

    def _block(self, items: list[Item], size: int) -> Block:
        used = self._stream.used(self._mark_bytes + size)
        held = min(size, self._limit + BLOCK_SIZE)  # of an oversized line only the head is
        block = Block(items, self._offset, self._line, used, content=held)
        self._mark_bytes = 0
        self._offset += size
        self._line += len(items)
        block.end = Point(self._offset, self._line)
        return block


def read_first(stream: ByteStream) -> tuple[bytes, int]:
    """Return the first bytes of a content, and how many a byte order mark before them had."""
    data = stream.read(BLOCK_SIZE)
    while data and len(data) < len(_BOM) and _BOM.startswith(data):
        more = stream.read(BLOCK_SIZE)
        if not more:
            break
        data += more
    if not data.startswith(_BOM):
        return data, 0
    return data[len(_BOM) :] or stream.read(BLOCK_SIZE), len(_BOM)


def lines_from(
    stream: ByteStream,
    max_record_bytes: int,
    point: Point,
    check_ending: EndingCheck | None = None,
) -> LineReader:
    """Return a reader of the lines from `point` on; `stream` stands at its begin. SourceError."""
    span = Range(point.offset, sys.maxsize)
    stream.skip_to(stream_start(span))
    return LineReader(stream, max_record_bytes, span, check_ending, first_line=point.line)


def stream_start(span: Range | None) -> int:
    """Return where a stream must stand for `span`: one byte ahead, to see a line's begin."""
    return max(0, span.start - 1) if span is not None else 0


def _whole_or_unreadable(item: Item, limit: int) -> Item:
    """Return `item`, or an Unreadable in its place if it has more than `limit` bytes."""
    if len(item) <= limit or isinstance(item, Unreadable):
        return item
    return oversized(item[:HEAD_BYTES], len(item), limit)


def oversized(head: bytes, size: int, limit: int) -> Unreadable:
    """Return what stands for an item of `size` bytes, more than `limit`."""
    reason = f"record of {size} bytes is over max_record_bytes ({limit})"
    return Unreadable(reason, head, size, limit)


class _PendingLine:
    """The begin of a line whose end is not read yet; of an oversized one only the head."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self.size = 0

    def add(self, piece: bytes) -> None:
        if not piece:
            return
        self._pieces.append(piece)
        self.size += len(piece)
        if self.size > self._limit:
            self._pieces = [b"".join(self._pieces)[:HEAD_BYTES]]

    def close(self, last: bytes) -> Item:
        """Return the whole line, which ends with `last`, and begin a new one."""
        self.add(last)
        line, size = b"".join(self._pieces), self.size
        self._pieces, self.size = [], 0
        return line if size <= self._limit else oversized(line[:HEAD_BYTES], size, self._limit)
