"""FileWriter: gathers, frames and packs what is written, and puts a whole file in place."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from statepipe.errors import SinkError
from statepipe.ports.filesystem import File, FileSystem
from statepipe.ports.formats import Framing

_BUFFER_BYTES = 256 * 1024


class Packer(Protocol):
    """Changes bytes on their way to a file."""

    def pack(self, data: bytes) -> bytes: ...

    def finish(self) -> bytes: ...


class Place(Protocol):
    """What happens to a written file at its end."""

    def put(self, file: File) -> None:
        """Make the file durable, close it, and give it its final name. Raises OSError."""

    def discard(self, file: File) -> None:
        """Close the file, and leave nothing that looks finished. Raises OSError."""


@dataclass(frozen=True, slots=True)
class AtomicPlace:
    """A partial file and its final name."""

    files: FileSystem
    partial: str
    target: str

    def put(self, file: File) -> None:
        """Sync, rename while the lock is held, close."""
        file.sync()
        self.put_synced(file)

    def put_synced(self, file: File) -> None:
        """As `put`, for a file that is durable already."""
        self.files.replace(self.partial, self.target)
        self.files.sync_folder(os.path.dirname(self.target))
        file.close()

    def discard(self, file: File) -> None:
        """Remove the partial file while the lock is held, close."""
        try:
            self.files.remove(self.partial)
        finally:
            file.close()


class StreamPlace:
    """The end of a stream: nothing to put in place, nothing to take back."""

    def put(self, file: File) -> None:
        """Close the file. It was flushed before."""
        file.close()

    def discard(self, file: File) -> None:
        """Close the file."""
        file.close()


class Framed:
    """The bytes of an output on their way to its file: framed, packed, gathered.

    `any` tells whether records were added, so that what stands between them has to follow, and
    `waiting_bytes` how much was not taken yet.
    """

    def __init__(self, framing: Framing, packer: Packer | None = None) -> None:
        self.any = False
        self._framing = framing
        self._packer = packer
        self._waiting: list[bytes] = []
        self.waiting_bytes = 0
        self._keep(framing.begin)

    def go_on(self, after_any: bool) -> None:
        """Stand behind what an earlier run wrote; its begin is not written again."""
        self.any = after_any
        self._waiting, self.waiting_bytes = [], 0

    def add(self, data: bytes) -> bool:
        """Add whole records; return whether enough was gathered for a write to be worth it."""
        if self.any and self._framing.between:
            self._keep(self._framing.between)
        self.any = True
        self._waiting.append(data)
        self.waiting_bytes += len(data)
        return self.waiting_bytes >= _BUFFER_BYTES

    def take(self) -> bytes:
        """Return what is to be written now; a packer holds back what it needs.

        (Ending a gzip block here would make the file's bytes depend on when it was flushed.)
        """
        data = b"".join(self._waiting)
        self._waiting, self.waiting_bytes = [], 0
        return data if self._packer is None else self._packer.pack(data)

    def end(self) -> bytes:
        """Return all that is left to be written, the end included."""
        if self.any:
            self._keep(self._framing.end_if_any)
        self._keep(self._framing.end)
        data = self.take()
        return data if self._packer is None else data + self._packer.finish()

    def _keep(self, data: bytes) -> None:
        self._waiting.append(data)
        self.waiting_bytes += len(data)


class FramedWriter:
    """What writers of files have in common: whole records are gathered, framed and appended."""

    def __init__(self, file: File, name: str, framed: Framed) -> None:
        self._file = file
        self._name = name
        self._framed = framed
        self._written = 0
        self._open = True

    def write(self, data: bytes) -> None:
        """Append whole records; raises SinkError naming path and bytes written so far."""
        if data and self._framed.add(data):
            self.flush()

    def flush(self) -> None:
        """Hand what was written to the operating system; gzip holds back what it needs."""
        if self._framed.waiting_bytes:
            self._append(self._framed.take())

    def _append(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as exc:
            raise self._named(exc) from exc
        self._written += len(data)

    @contextlib.contextmanager
    def _naming(self) -> Iterator[None]:
        """Turn errors of the file system into SinkErrors that name the output and its bytes."""
        try:
            yield
        except OSError as exc:
            raise self._named(exc) from exc

    def _named(self, error: OSError) -> SinkError:
        written = f"after {self._written} bytes: {error.strerror or error}"
        return SinkError(f"cannot write {self._name} {written}")


class FileWriter(FramedWriter):
    """A ByteWriter over a File that is put in place when it is whole."""

    def __init__(
        self, file: File, name: str, framing: Framing, place: Place, packer: Packer | None = None
    ) -> None:
        super().__init__(file, name, Framed(framing, packer))
        self._place = place

    def commit(self) -> None:
        """Write the end and put the file in place; raises SinkError, and the old file stays."""
        self._append(self._framed.end())
        with self._naming():
            self._place.put(self._file)
        self._open = False

    def abort(self) -> None:
        """Remove what was written. Never raises; idempotent; nothing after `commit`."""
        if self._open:
            self._open = False
            with contextlib.suppress(OSError):
                self._place.discard(self._file)


def partial_path(target: str) -> str:
    """Return the path at which the file `target` stands until it is whole."""
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name}.partial")
