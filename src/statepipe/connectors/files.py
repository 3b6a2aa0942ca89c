"""FileSource and FileSink: records in a file, and the writer that puts a whole file in place."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from statepipe.connectors.byte_stream import ByteStream, PlainStream, SmallReads
from statepipe.connectors.durable_file import (
    Output,
    complete,
    errors_of,
    open_durable,
    remove_if_there,
)
from statepipe.connectors.file_format import InputFormat, OutputFormat
from statepipe.connectors.file_writer import (
    AtomicPlace,
    FileWriter,
    Place,
    StreamPlace,
    partial_path,
)
from statepipe.connectors.filesystem import open_stream
from statepipe.connectors.format_options import BLOCK_SIZE, MAX_RATIO
from statepipe.connectors.gzip_stream import GzipPacker, GzipStream
from statepipe.connectors.lines import stream_start
from statepipe.errors import SinkError, SourceError
from statepipe.ports.byte_sink import ByteWriter, DurableWriter
from statepipe.ports.byte_source import ByteReader
from statepipe.ports.filesystem import File, FileSystem
from statepipe.ports.formats import Decoder, Encoder, Framing
from statepipe.ports.items import Range
from statepipe.saved import Point, SavedOutput

_HEAD_BYTES = 64 * 1024
"""How much of a source's begin and end tells it from another one."""


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
    max_ratio: float = MAX_RATIO
    block_bytes: int = BLOCK_SIZE

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
        span = Range(start, end)
        return self._reader(span)

    def open_at(self, point: Point) -> ByteReader:
        """Open the items from `point` on; raises SourceError, also where the file ends before it.

        What is compressed or is one JSON array is read from its begin.
        """
        size = None if self.compressed else self.total_bytes
        # The missing end of a JSON array that is cut off stands, as a record, behind the last byte.
        if size is not None and point.offset > size + 1:
            raise SourceError(
                f"{self.path} has {size} bytes; {point.offset} of it were read before"
            )
        stream = self._stream()
        try:
            return self.format.reader_at(stream, self.path, point)
        except BaseException:
            stream.close()
            raise

    def identity(self) -> Mapping[str, str]:
        """Return path, size, time of change, digests of begin and end. Raises SourceError.

        The end holds the checksum of all that is compressed.
        """
        try:
            status = os.stat(self.path)
            file = self.files.open_read(self.path)
            try:
                head = file.read(_HEAD_BYTES)
                file.seek(max(0, status.st_size - _HEAD_BYTES))
                tail = file.read(_HEAD_BYTES)
            finally:
                file.close()
        except OSError as exc:
            raise SourceError(f"cannot read {self.path}: {exc.strerror or exc}") from exc
        return {
            "path": os.path.realpath(self.path),
            "size": str(status.st_size),
            "modified": moment(status.st_mtime_ns),
            "begin": hashlib.sha256(head).hexdigest(),
            "end": hashlib.sha256(tail).hexdigest(),
        }

    def _reader(self, span: Range | None) -> ByteReader:
        stream = self._stream()
        try:
            if span is not None:
                stream.skip_to(stream_start(span))
            return self.format.reader(stream, self.path, span)
        except BaseException:
            stream.close()
            raise

    def _stream(self) -> ByteStream:
        try:
            file = self.files.open_read(self.path)
        except OSError as exc:
            raise SourceError(f"cannot read {self.path}: {exc.strerror or exc}") from exc
        stream: ByteStream = PlainStream(file, self.path)
        if self.compressed:
            stream = GzipStream(stream, self.path, self.max_ratio)
        return SmallReads(stream, self.block_bytes) if self.block_bytes < BLOCK_SIZE else stream


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
        with errors_of(self.path):
            file, place = self._opened(target)
        self.encoder = self.format.new_encoder()
        packer = GzipPacker() if self.compressed else None
        return FileWriter(file, self.path, self.framing, place, packer)

    def open_durable(self, saved: SavedOutput | None, *, detached: bool = False) -> DurableWriter:
        """Open the partial file as it was `saved`, or a new one; raises SinkError."""
        target = os.path.realpath(self.path)
        _refuse_target(self.path, target)
        if self.is_stream:
            raise SinkError(f"cannot go on with {self.path} after a crash: it is no regular file")
        place = AtomicPlace(self.files, partial_path(target), target)
        output = Output(self.path, place, self.framing, self.compressed)
        with errors_of(self.path):
            return open_durable(output, saved, detached=detached)

    def detach(self) -> None:
        """Remove the partial file's name; raises SinkError."""
        with errors_of(self.path):
            remove_if_there(self.files, partial_path(os.path.realpath(self.path)))

    def complete(self, saved: SavedOutput) -> None:
        """Put the finished partial file in place, unless it is there; raises SinkError."""
        target = os.path.realpath(self.path)
        with errors_of(self.path):
            complete(self.path, AtomicPlace(self.files, partial_path(target), target), saved)

    @property
    def is_stream(self) -> bool:
        """Whether a device or pipe stands at the path: what is written there stays written."""
        # Asked of the path itself: what /dev/stdout links to may have no path of its own.
        return os.path.exists(self.path) and not os.path.isfile(self.path)

    def _opened(self, target: str) -> tuple[File, Place]:
        if self.is_stream:
            return open_stream(self.path), StreamPlace()
        partial = partial_path(target)
        return self.files.open_partial(partial), AtomicPlace(self.files, partial, target)


def moment(time_ns: int) -> str:
    """Return a file's time in UTC, to the nanosecond."""
    seconds, fraction = divmod(time_ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{fraction:09} UTC"


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
