"""FileSystem: the files that the runtime touches."""

from __future__ import annotations

from typing import Protocol


class File(Protocol):
    """An open file of a `FileSystem`."""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end."""

    def write(self, data: bytes) -> None:
        """Append all of `data`; a short write goes on, an error is an OSError."""

    def seek(self, offset: int) -> None: ...

    def size(self) -> int: ...

    def truncate(self, length: int) -> None:
        """Cut the file off behind `length` bytes, and stand there."""

    def sync(self) -> None:
        """fsync. After an error the file is not to be synced again."""

    def close(self) -> None: ...


class FileSystem(Protocol):
    """The files that the runtime touches, so that a test can make them fail.

    Paths are str. Errors are OSError.
    """

    def open_read(self, path: str) -> File: ...

    def open_partial(self, path: str) -> File:
        """Open an empty file for writing, locked: a second writer gets BlockingIOError."""

    def open_again(self, path: str) -> File:
        """Open an existing file for reading and writing, locked as by `open_partial`."""

    def exists(self, path: str) -> bool: ...

    def replace(self, source: str, target: str) -> None:
        """Rename atomically. A crash may undo it until the folder is synced."""

    def sync_folder(self, path: str) -> None:
        """Make the names in the folder at `path` durable."""

    def remove(self, path: str) -> None: ...
