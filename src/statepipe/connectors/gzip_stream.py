"""Gzip on the way in and out.

A stream that is cut off or corrupt, or is followed by other bytes, is a SourceError: how much
is lost cannot be known. What was whole before is given first. What is written depends on the
content alone: no time, no name, and always compressed in pieces of the same size.
"""

from __future__ import annotations

import zlib

from statepipe.connectors.byte_stream import ByteStream
from statepipe.connectors.format_options import MAX_RATIO
from statepipe.errors import SourceError

_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 6
_PIECE = 64 * 1024

INNOCENT_BYTES = 64 * 1024 * 1024
"""A content of this size is let pass, however well it was compressed."""

COMPRESSED_PIECE = 256 * 1024
"""Bytes given to the compressor at once."""

MEMBER_BYTES = 512 * 1024
"""Content of one member where an output has many. Smaller ones cost more: 18 bytes each, and a
dictionary that begins anew; larger ones make more content wait outside the file."""

_SKIPPED_AT_ONCE = 1024 * 1024


class GzipStream:
    """The content of a gzip stream; members one after another are one content.

    One that has more than `max_ratio` times the bytes of the stream is a bomb: a SourceError.
    """

    def __init__(self, compressed: ByteStream, name: str, max_ratio: float = MAX_RATIO) -> None:
        self._compressed = compressed
        self._name = name
        self._member = zlib.decompressobj(_GZIP)
        self._waiting = b""
        self._begun = False
        self._taken = 0
        self._told = 0
        self._given = 0
        self._max_ratio = max_ratio

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes of the content, b"" at the end. Raises SourceError."""
        while True:
            if not self._waiting and not self._fetch():
                return b""
            data = self._decompress(size)
            if data:
                self._given += len(data)
                self._check_ratio()
                return data

    def skip_to(self, offset: int) -> None:
        """Decompress up to `offset`: there is no shorter way to it."""
        left = offset
        while left:
            data = self.read(min(left, _SKIPPED_AT_ONCE))
            if not data:
                raise SourceError(f"{self._name}: the content ends before byte {offset}")
            left -= len(data)
        self._told = self._taken

    def used(self, content_bytes: int) -> int:
        """Return the compressed bytes taken since the last call, whatever they held."""
        fresh, self._told = self._taken - self._told, self._taken
        return fresh

    def close(self) -> None:
        self._compressed.close()

    def _fetch(self) -> bool:
        """Get more compressed bytes; return False at a proper end."""
        self._waiting = self._compressed.read(_PIECE)
        self._taken += len(self._waiting)
        if self._waiting:
            return True
        if self._begun:
            raise SourceError(f"{self._name}: the gzip stream is cut off at byte {self._taken}")
        return False

    def _decompress(self, size: int) -> bytes:
        if not self._begun and not self._begin_member():
            return b""
        try:
            data = self._member.decompress(self._waiting, size)
        except zlib.error as exc:
            raise self._corrupt(str(exc)) from exc
        self._waiting = self._member.unconsumed_tail
        if self._member.eof:
            self._waiting = self._member.unused_data
            self._begun = False
        return data

    def _begin_member(self) -> bool:
        """Return False where only padding is left: zeros after a member are no content."""
        if self._taken > len(self._waiting):
            self._waiting = self._waiting.lstrip(b"\0")
        if not self._waiting:
            return False
        self._member = zlib.decompressobj(_GZIP)
        self._begun = True
        return True

    def _check_ratio(self) -> None:
        consumed = self._taken - len(self._waiting)
        if self._given <= INNOCENT_BYTES or self._given <= self._max_ratio * consumed:
            return
        raise SourceError(
            f"{self._name}: its first {consumed} bytes expand to {self._given} and more, over "
            f"max_compression_ratio ({self._max_ratio:g}); if the file is no bomb, raise that"
        )

    def _corrupt(self, reason: str) -> SourceError:
        if "incorrect header" in reason:
            return SourceError(f"{self._name}: no gzip data near byte {self._taken}; is it gzip?")
        return SourceError(f"{self._name}: corrupt gzip data near byte {self._taken} ({reason})")


class GzipPacker:
    """Bytes to a gzip stream. The same bytes give the same stream, however they were cut."""

    def __init__(self) -> None:
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._waiting = bytearray()

    def pack(self, data: bytes) -> bytes:
        """Return the next compressed bytes, often none yet."""
        self._waiting += data
        packed = []
        while len(self._waiting) >= COMPRESSED_PIECE:
            packed.append(self._packer.compress(bytes(self._waiting[:COMPRESSED_PIECE])))
            del self._waiting[:COMPRESSED_PIECE]
        return b"".join(packed)

    def finish(self) -> bytes:
        """Return the last compressed bytes. Nothing is packed after that."""
        return self._packer.compress(bytes(self._waiting)) + self._packer.flush()


class MemberPacker:
    """Bytes to gzip members of `MEMBER_BYTES` content each. `pending` is not in a member yet.

    Where the members are cut depends on the content alone, not on when anything was written, so
    that an output that was left and gone on with has the bytes of one that was not.
    """

    def __init__(self, pending: bytes = b"") -> None:
        self._waiting = bytearray(pending)

    @property
    def pending(self) -> bytes:
        return bytes(self._waiting)

    def pack(self, data: bytes) -> bytes:
        """Return the members that are full, often none yet."""
        self._waiting += data
        packed = []
        while len(self._waiting) >= MEMBER_BYTES:
            packed.append(member(bytes(self._waiting[:MEMBER_BYTES])))
            del self._waiting[:MEMBER_BYTES]
        return b"".join(packed)

    def finish(self) -> bytes:
        """Return the last member. Nothing is packed after that."""
        last, self._waiting = bytes(self._waiting), bytearray()
        return member(last)


def member(content: bytes) -> bytes:
    """Return `content` as one gzip member. The same bytes give the same member."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return packer.compress(content) + packer.flush()
