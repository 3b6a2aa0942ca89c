"""FileSource and FileSink: records in a file, and the writer that puts a whole file in place."""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass, field
from typing import Protocol

from statepipe.connectors.byte_stream import ByteStream, PlainStream
from statepipe.connectors.file_format import InputFormat, OutputFormat
from statepipe.connectors.filesystem import open_stream
from statepipe.connectors.gzip_stream import GzipPacker, GzipStream
from statepipe.connectors.lines import stream_start
from statepipe.errors import SinkError, SourceError
from statepipe.ports import (
    ByteReader,
    ByteWriter,
    Decoder,
    Encoder,
    File,
    FileSystem,
    Framing,
    Range,
)

_BUFFER_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class FileSource:
    """A ByteSource: a file at `path`, gzip-compressed or not. Picklable."""

    path: str
    format: InputFormat
    files: FileSystem
    compressed: bool
    total_bytes: int | None = None
    splittable: bool = False
    live: bool = False

    @property
    def name(self) -> str:
        """The path as it was given."""
        return self.path

    @property
    def decoder(self) -> Decoder:
        """The format's decoder."""
        return self.format.decoder

    def open(self) -> ByteReader:
        """Open the whole file; raises SourceError."""
        return self._reader(None)

    def open_range(self, start: int, end: int) -> ByteReader:
        """Open the items that begin in bytes `start` to `end` (excluded); raises SourceError.

        Blocks count lines from 1 at the first of these items.
        """
        if not self.splittable:
            raise SourceError(f"{self.path} cannot be read in ranges")
        return self._reader(Range(start, end))

    def _reader(self, span: Range | None) -> ByteReader:
        try:
            file = self.files.open_read(self.path)
        except OSError as exc:
            raise SourceError(f"cannot read {self.path}: {exc.strerror or exc}") from exc
        stream: ByteStream = PlainStream(file, self.path, stream_start(span))
        if self.compressed:
            stream = GzipStream(stream, self.path)
        try:
            return self.format.reader(stream, self.path, span)
        except BaseException:
            stream.close()
            raise


@dataclass(slots=True)
class FileSink:
    """A ByteSink: a file that appears at `path` whole or not at all, gzip-compressed or not.

    Until then it stands beside its final name as `.NAME.partial`, locked. A link at `path` stays:
    the file that it names is replaced.
    """

    path: str
    format: OutputFormat
    files: FileSystem
    compressed: bool
    encoder: Encoder = field(init=False)

    def __post_init__(self) -> None:
        self.encoder = self.format.new_encoder()

    @property
    def name(self) -> str:
        """The path as it was given."""
        return self.path

    @property
    def framing(self) -> Framing:
        """The format's framing."""
        return self.format.framing

    def open(self) -> ByteWriter:
        """Open the partial file; raises SinkError. Also gives the sink a new encoder.

        A device or pipe is opened itself.
        """
        target = os.path.realpath(self.path)
        _refuse_target(self.path, target)
        try:
            file, place = self._opened(target)
        except BlockingIOError as exc:
            raise SinkError(f"another run is writing to {self.path}") from exc
        except OSError as exc:
            raise SinkError(f"cannot write {self.path}: {exc.strerror or exc}") from exc
        self.encoder = self.format.new_encoder()
        packer = GzipPacker() if self.compressed else None
        return FileWriter(file, self.path, self.framing, place, packer)

    def _opened(self, target: str) -> tuple[File, Place]:
        # Asked of the path itself: what /dev/stdout links to may have no path of its own.
        if os.path.exists(self.path) and not os.path.isfile(self.path):
            return open_stream(self.path), StreamPlace()
        partial = partial_path(target)
        return self.files.open_partial(partial), AtomicPlace(self.files, partial, target)


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
        self.files.replace(self.partial, self.target)
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


class FileWriter:
    """A ByteWriter over a File: gathers small writes, frames, packs, and puts in place."""

    def __init__(
        self, file: File, name: str, framing: Framing, place: Place, packer: Packer | None = None
    ) -> None:
        self._file = file
        self._name = name
        self._framing = framing
        self._place = place
        self._packer = packer
        self._waiting: list[bytes] = [framing.begin]
        self._waiting_bytes = len(framing.begin)
        self._written = 0
        self._any = False
        self._open = True

    def write(self, data: bytes) -> None:
        """Append whole records; raises SinkError naming path and bytes written so far."""
        if not data:
            return
        if self._any:
            self._keep(self._framing.between)
        self._any = True
        self._keep(data)
        if self._waiting_bytes >= _BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand what was written to the operating system; gzip holds back what it needs.

        (Ending a gzip block here would make the file's bytes depend on when it was flushed.)
        """
        data = b"".join(self._waiting)
        self._waiting, self._waiting_bytes = [], 0
        self._append(data if self._packer is None else self._packer.pack(data))

    def commit(self) -> None:
        """Write the end and put the file in place; raises SinkError, and the old file stays."""
        if self._any:
            self._keep(self._framing.end_if_any)
        self._keep(self._framing.end)
        self.flush()
        if self._packer is not None:
            self._append(self._packer.finish())
        try:
            self._place.put(self._file)
        except OSError as exc:
            raise self._broken(exc) from exc
        self._open = False

    def abort(self) -> None:
        """Remove what was written. Never raises; idempotent; nothing after `commit`."""
        if self._open:
            self._open = False
            with contextlib.suppress(OSError):
                self._place.discard(self._file)

    def _keep(self, data: bytes) -> None:
        self._waiting.append(data)
        self._waiting_bytes += len(data)

    def _append(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as exc:
            raise self._broken(exc) from exc
        self._written += len(data)

    def _broken(self, exc: OSError) -> SinkError:
        reason = exc.strerror or str(exc)
        return SinkError(f"cannot write {self._name} after {self._written} bytes: {reason}")


def partial_path(target: str) -> str:
    """Return the path at which the file `target` stands until it is whole."""
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name}.partial")


def _refuse_target(path: str, target: str) -> None:
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise SinkError(f"cannot write {path}: there is no folder {os.path.dirname(path)}")
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return
    except OSError as exc:
        raise SinkError(f"cannot write {path}: {exc.strerror or exc}") from exc
    if stat.S_ISDIR(mode):
        raise SinkError(f"cannot write {path}: it is a folder")
    if stat.S_ISREG(mode) and not os.access(target, os.W_OK):
        raise SinkError(f"cannot write {path}: the file there is read-only")
