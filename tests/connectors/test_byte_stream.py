"""Tests of the bytes of a source as they stand."""

from __future__ import annotations

import errno
import os

import pytest

from statepipe.connectors.byte_stream import PlainStream, SmallReads
from statepipe.errors import SourceError


class BreakingFile:
    """A file in memory whose medium breaks at a place."""

    def __init__(self, content: bytes, breaks_at: int) -> None:
        self._content = content
        self._breaks_at = breaks_at
        self._at = 0
        self.closed = False

    def read(self, size: int) -> bytes:
        if self._at >= self._breaks_at:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        data = self._content[self._at : min(self._at + size, self._breaks_at)]
        self._at += len(data)
        return data

    def write(self, data: bytes) -> None:
        raise AssertionError("a source is not written")

    def seek(self, offset: int) -> None:
        self._at = offset

    def sync(self) -> None:
        raise AssertionError("a source is not synced")

    def close(self) -> None:
        self.closed = True


def test_reading_begins_where_it_was_told() -> None:
    stream = PlainStream(BreakingFile(b"0123456789", 99), "a.txt")
    stream.skip_to(4)

    assert stream.read(3) == b"456"
    assert stream.used(3) == 3


def test_a_medium_that_breaks_is_a_source_error_with_its_place() -> None:
    stream = PlainStream(BreakingFile(b"0123456789", 7), "a.txt")
    stream.skip_to(4)
    stream.read(99)
    with pytest.raises(SourceError) as caught:
        stream.read(99)

    assert str(caught.value) == "cannot read a.txt at byte 7: Input/output error"
    assert isinstance(caught.value.__cause__, OSError)


def test_a_stream_read_in_small_pieces_is_the_stream() -> None:
    file = BreakingFile(b"0123456789", 99)
    stream = SmallReads(PlainStream(file, "a.txt"), 4)
    stream.skip_to(1)
    pieces = [stream.read(99), stream.read(2), stream.read(99)]
    stream.close()

    assert pieces == [b"1234", b"56", b"789"]
    assert stream.used(7) == 7
    assert file.closed


def test_closing_closes_the_file() -> None:
    file = BreakingFile(b"", 1)
    PlainStream(file, "a.txt").close()

    assert file.closed
