"""LocalFiles, SystemClock, SystemRandomness: the machine itself behind the runtime's ports."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import stat
import threading
import time

from statepipe.connectors.own_descriptors import disown, own
from statepipe.interruption import exposed
from statepipe.ports.filesystem import File


class LocalFile:
    """An open file of this machine.

    `close` may come from another thread: it waits for a read of a regular file, and wakes one
    that waits for a pipe, which then returns b"".
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._busy = threading.Lock()
        self._closed = False
        # A pipe may give nothing for hours; a second one is what `close` wakes the reader with.
        waits = not stat.S_ISREG(os.fstat(descriptor).st_mode)
        self._wake: tuple[int, int] | None = os.pipe() if waits else None

    def read(self, size: int) -> bytes:
        with self._busy:
            if self._closed or not self._wait_for_bytes():
                return b""
            return os.read(self._descriptor, size)

    def write(self, data: bytes) -> None:
        if self._wake is not None:
            write_all_in_time(self._descriptor, data)
        elif (written := os.write(self._descriptor, data)) < len(data):
            write_all(self._descriptor, data[written:])

    def seek(self, offset: int) -> None:
        os.lseek(self._descriptor, offset, os.SEEK_SET)

    def size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def truncate(self, length: int) -> None:
        os.ftruncate(self._descriptor, length)
        os.lseek(self._descriptor, length, os.SEEK_SET)

    def sync(self) -> None:
        os.fsync(self._descriptor)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._wake is not None:
            os.write(self._wake[1], b"x")
        with self._busy:
            for descriptor in (self._descriptor, *(self._wake or ())):
                disown(descriptor)
                os.close(descriptor)

    @exposed
    def _wait_for_bytes(self) -> bool:
        """Return False where `close` came first."""
        if self._wake is None:
            return True
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        poll.register(self._wake[0], select.POLLIN)
        ready = dict(poll.poll())
        return self._wake[0] not in ready


class LocalFiles:
    """The files of this machine. Holds nothing, so it can be pickled."""

    def open_read(self, path: str) -> File:
        return LocalFile(_open_in_time(path, os.O_RDONLY))

    def open_partial(self, path: str) -> File:
        file = LocalFile(own(_open_locked(path, os.O_WRONLY | os.O_CREAT)))
        try:
            file.truncate(0)
        except BaseException:
            file.close()
            raise
        return file

    def open_again(self, path: str) -> File:
        return LocalFile(own(_open_locked(path, os.O_RDWR)))

    def exists(self, path: str) -> bool:
        return os.path.exists(path)

    def replace(self, source: str, target: str) -> None:
        """Rename atomically. `source` gets the mode of an existing target.

        Only a regular file is replaced: root could lose a device otherwise.
        """
        with contextlib.suppress(FileNotFoundError):
            mode = os.lstat(target).st_mode
            if not stat.S_ISREG(mode):
                raise OSError(errno.EINVAL, "it is no regular file", target)
            os.chmod(source, stat.S_IMODE(mode))
        os.replace(source, target)

    def sync_folder(self, path: str) -> None:
        sync_folder(path)

    def remove(self, path: str) -> None:
        os.remove(path)


class SystemClock:
    """The machine's clock."""

    monotonic_s = staticmethod(time.monotonic)
    """Return seconds since some moment; never goes back."""

    def now_s(self) -> float:
        """Return seconds since the epoch, UTC."""
        return time.time()


class SystemRandomness:
    """The machine's source of random bytes."""

    def random_bytes(self, count: int) -> bytes:
        """Return bytes that nobody can foresee."""
        return os.urandom(count)


def open_stream(path: str) -> File:
    """Open a device or pipe for writing: what is written there cannot be taken back."""
    return LocalFile(_open_in_time(path, os.O_WRONLY))


def write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


@exposed
def write_all_in_time(descriptor: int, data: bytes) -> None:
    """Write to what may take nothing for hours, as a pipe does."""
    write_all(descriptor, data)


def _open_in_time(path: str, flags: int) -> int:
    """Open a file, or a named pipe, which waits until its other end is opened too."""
    flags |= os.O_CLOEXEC
    return _open_pipe(path, flags) if _is_pipe(path) else os.open(path, flags)


@exposed
def _open_pipe(path: str, flags: int) -> int:
    return os.open(path, flags)


def _is_pipe(path: str) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:
        return False  # opening it tells why


def sync_folder(path: str) -> None:
    """Make the names in the folder at `path` durable."""
    descriptor = os.open(path or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_locked(path: str, flags: int) -> int:
    """Return a descriptor that holds the lock of the file which `path` names now.

    Between opening and locking, the lock's last holder may have renamed the file to its final
    name: truncating it then would empty a finished output. So the name is looked up again. A link
    is not followed: the file that it names is nobody's partial file.
    """
    while True:
        descriptor = _opened(path, flags)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _names(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _opened(path: str, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, f"{path} is a link, and is not followed: remove it") from exc
        raise


def _names(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
