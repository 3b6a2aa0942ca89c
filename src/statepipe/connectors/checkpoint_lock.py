"""CheckpointLock: one process at a time works on a checkpoint directory."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time

from statepipe.connectors.own_descriptors import disown, own
from statepipe.errors import CheckpointError

LOCK_NAME = "lock"

LOOKS, LOOK_S = 5, 0.01


class CheckpointLock:
    """An flock on the file `lock` of a directory, which holds the owner's process id."""

    def __init__(self, path: str, descriptor: int) -> None:
        self._path = path
        self._descriptor: int | None = descriptor

    @property
    def is_current(self) -> bool:
        """Whether nobody has taken over: the name still leads to the locked file."""
        return self._descriptor is not None and still_named(self._path, self._descriptor)

    def release(self) -> None:
        """Let another process have the lock. Safe to call more than once."""
        if self._descriptor is not None:
            disown(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None


def locked(directory: str) -> CheckpointLock:
    """Lock a directory. Raises CheckpointError naming the process that has it, and OSError."""
    path = os.path.join(directory, LOCK_NAME)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            lock_soon(descriptor)
        except BlockingIOError as exc:
            owner = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise held(directory, owner) from exc
        if still_named(path, descriptor):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            return CheckpointLock(path, own(descriptor))
        os.close(descriptor)


def lock_soon(descriptor: int) -> None:
    """Lock an open file; BlockingIOError where another process keeps it.

    One that only looks whether it is locked has it for a moment.
    """
    for _ in range(LOOKS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(LOOK_S)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def taken_over(directory: str) -> CheckpointLock:
    """Lock a directory that a process may hold which hangs: its lock is then one without a name.

    Raises what `locked` does. For one process at a time.
    """
    with contextlib.suppress(FileNotFoundError):
        os.remove(os.path.join(directory, LOCK_NAME))
    return locked(directory)


def still_named(path: str, descriptor: int) -> bool:
    """Tell whether `path` still names the open file: another process may have taken over."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def owner_of(directory: str) -> int | None:
    """Return the process that has the lock now, or None."""
    try:
        descriptor = os.open(os.path.join(directory, LOCK_NAME), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
        return int(text) if text.isdigit() else None
    finally:
        os.close(descriptor)
    return None


def held(directory: str, owner: str) -> CheckpointError:
    process = f"process {owner}" if owner else "another process"
    return CheckpointError(
        f"{process} is working on the checkpoint {directory}. Wait for it or end it; "
        "if it hangs, take over with take_over=True or --take-over"
    )
