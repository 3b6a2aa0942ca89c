"""DurableFileWriter: a partial file that a later run can go on with, and how it is opened again."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from statepipe.connectors.file_writer import AtomicPlace, Framed, FramedWriter
from statepipe.connectors.gzip_stream import MemberPacker
from statepipe.errors import SinkError
from statepipe.ports.filesystem import File, FileSystem
from statepipe.ports.formats import Framing
from statepipe.saved import SavedOutput

_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Output:
    """An output file: what it is called, where it goes, and how its bytes are laid out."""

    name: str
    place: AtomicPlace
    framing: Framing
    compressed: bool


class DurableFileWriter(FramedWriter):
    """A DurableWriter. Its bytes depend on the records alone, not on when it was marked or left."""

    def __init__(self, file: File, output: Output, saved: SavedOutput | None) -> None:
        self._members = MemberPacker(saved.pending if saved else b"") if output.compressed else None
        super().__init__(file, output.name, Framed(output.framing, self._members))
        self._place = output.place
        self._crc = 0
        if saved is not None:
            self._framed.go_on(saved.any)
            self._written, self._crc = saved.length, saved.crc

    def mark(self) -> SavedOutput:
        """Hand everything to the operating system; return where the file stands. SinkError."""
        self.flush()
        pending = self._members.pending if self._members is not None else b""
        return SavedOutput(self._written, self._crc, self._framed.any, pending)

    def sync(self) -> None:
        """Fsync; raises SinkError. After an error it is not to be called again."""
        with self._naming():
            self._file.sync()

    def finish(self) -> SavedOutput:
        """Write the end and fsync; return where the file stands. Raises SinkError."""
        self._append(self._framed.end())
        self.sync()
        return SavedOutput(self._written, self._crc, self._framed.any)

    def place(self) -> None:
        """Put the file under its final name, and close it; raises SinkError."""
        with self._naming():
            self._place.put_synced(self._file)
        self._open = False

    def commit(self) -> None:
        """Finish, and put in place."""
        self.finish()
        self.place()

    def abort(self) -> None:
        """Close the file and leave it as it is, for the run that goes on with it. Idempotent."""
        if self._open:
            self._open = False
            with contextlib.suppress(OSError):
                self._file.close()

    def _append(self, data: bytes) -> None:
        super()._append(data)
        self._crc = zlib.crc32(data, self._crc)


def open_durable(output: Output, saved: SavedOutput | None, *, detached: bool) -> DurableFileWriter:
    """Open a new partial file, or the one that was `saved`. Raises SinkError and OSError."""
    files, partial = output.place.files, output.place.partial
    remove_if_there(files, copy_path(partial))  # of a run that was killed while it took over
    if saved is None:
        if detached:
            # Whoever has the old one open writes into a file without a name from now on.
            remove_if_there(files, partial)
        file = opened_new(output)
    else:
        file = opened_again(output, saved, detached=detached)
    return DurableFileWriter(file, output, saved)


def remove_if_there(files: FileSystem, path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        files.remove(path)


def copy_path(partial: str) -> str:
    return f"{partial}.copy"


def opened_new(output: Output) -> File:
    """Return a new partial file whose name is durable."""
    files, partial = output.place.files, output.place.partial
    file = files.open_partial(partial)
    try:
        # Else the name may vanish in a crash after which the checkpoint says that it is there.
        files.sync_folder(os.path.dirname(partial))
    except BaseException:
        file.close()
        raise
    return file


def opened_again(output: Output, saved: SavedOutput, *, detached: bool) -> File:
    """Return the partial file, cut off behind what was saved of it."""
    files, partial = output.place.files, output.place.partial
    if detached:
        copy_saved(output, saved)
    try:
        file = files.open_again(partial)
    except FileNotFoundError as exc:
        raise lost(output.name, f"there is no {partial}") from exc
    try:
        check_content(output.name, file, saved)
        file.truncate(saved.length)
    except BaseException:
        file.close()
        raise
    return file


def check_content(name: str, file: File, saved: SavedOutput) -> None:
    """Raise SinkError unless the file begins with all the bytes that were saved."""
    size = file.size()
    if size < saved.length:
        raise lost(name, f"{saved.length} bytes were durable, and {size} are there")
    if crc_of(file, saved.length) != saved.crc:
        raise lost(name, f"its first {saved.length} bytes have been changed")


def crc_of(file: File, length: int) -> int:
    """Return the CRC-32 of the first `length` bytes. All of them: an edit may be anywhere."""
    file.seek(0)
    crc, left = 0, length
    while left:
        data = file.read(min(left, _PIECE))
        if not data:
            break
        crc, left = zlib.crc32(data, crc), left - len(data)
    return crc


def copy_saved(output: Output, saved: SavedOutput) -> None:
    """Put a copy under the partial file's name: who has the old one open cannot reach it."""
    files, partial = output.place.files, output.place.partial
    copy = copy_path(partial)
    try:
        old = files.open_read(partial)
    except FileNotFoundError as exc:
        raise lost(output.name, f"there is no {partial}") from exc
    new = files.open_partial(copy)
    try:
        left = saved.length
        while left and (data := old.read(min(left, _PIECE))):
            new.write(data)
            left -= len(data)
        new.sync()
        files.replace(copy, partial)
        files.sync_folder(os.path.dirname(partial))
    finally:
        old.close()
        new.close()


def complete(name: str, place: AtomicPlace, saved: SavedOutput) -> None:
    """Put a finished file under its final name, unless it is there. Raises SinkError, OSError."""
    files = place.files
    if not files.exists(place.partial):
        if not files.exists(place.target):
            raise lost(name, "there is neither it nor its partial file")
        check_finished(name, place, place.target, saved)
        files.sync_folder(os.path.dirname(place.target))
        return
    check_finished(name, place, place.partial, saved)
    files.replace(place.partial, place.target)
    files.sync_folder(os.path.dirname(place.target))


def check_finished(name: str, place: AtomicPlace, path: str, saved: SavedOutput) -> None:
    """Raise SinkError unless the file at `path` is the finished one.

    It is not locked: whoever took it over has to look at it, too, and it is not written any more.
    """
    file = place.files.open_read(path)
    try:
        check_content(name, file, saved)
        if file.size() != saved.length:
            raise lost(name, f"it has more than its {saved.length} bytes")
    finally:
        file.close()


def lost(name: str, reason: str) -> SinkError:
    return SinkError(
        f"the output {name} is not what the checkpoint says: {reason}. "
        "Bring it back, or start over with another checkpoint directory"
    )


@contextlib.contextmanager
def errors_of(name: str) -> Iterator[None]:
    """Turn errors of the file system into SinkErrors that name the output."""
    try:
        yield
    except BlockingIOError as exc:
        raise SinkError(f"another run is writing to {name}") from exc
    except OSError as exc:
        raise SinkError(f"cannot write {name}: {exc.strerror or exc}") from exc
