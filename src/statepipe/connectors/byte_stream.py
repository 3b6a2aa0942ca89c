"""ByteStream: the bytes of a source, decompressed, in order."""

from __future__ import annotations

from typing import Protocol

from statepipe.errors import SourceError
from statepipe.ports.filesystem import File


class ByteStream(Protocol):
    """Bytes to cut into items. Blocking; closed from any thread."""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, what is there; b"" at the end. Raises SourceError."""

    def skip_to(self, offset: int) -> None:
        """Stand at byte `offset` of the content; nothing was read before. Raises SourceError.

        What is skipped is never told by `used`.
        """

    def used(self, content_bytes: int) -> int:
        """Return how many bytes of the source the next `content_bytes` took there.

        Asked in order, each byte once. Compressed bytes are counted when they are first read.
        """

    def close(self) -> None: ...


class SmallReads:
    """Another stream, of which no read gives more than `most_bytes`."""

    def __init__(self, stream: ByteStream, most_bytes: int) -> None:
        self._stream = stream
        self._most_bytes = most_bytes
        self.skip_to, self.used, self.close = stream.skip_to, stream.used, stream.close

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, and not more than it may; raises SourceError."""
        return self._stream.read(min(size, self._most_bytes))


class PlainStream:
    """The bytes of a file as they stand. `name` is for messages."""

    def __init__(self, file: File, name: str) -> None:
        self._file = file
        self._name = name
        self._offset = 0

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes; raises SourceError with the place where reading broke."""
        try:
            data = self._file.read(size)
        except OSError as exc:
            reason = exc.strerror or str(exc)
            raise SourceError(f"cannot read {self._name} at byte {self._offset}: {reason}") from exc
        self._offset += len(data)
        return data

    def skip_to(self, offset: int) -> None:
        """Seek."""
        self._file.seek(offset)
        self._offset = offset

    def used(self, content_bytes: int) -> int:
        """Return `content_bytes`: nothing is compressed."""
        return content_bytes

    def close(self) -> None:
        self._file.close()
