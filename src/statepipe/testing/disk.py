"""SimulatedDisk: files in memory that lose what was not synced when their power goes."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Literal, TypeAlias

from statepipe.connectors.filesystem import LocalFiles
from statepipe.ports.filesystem import File
from statepipe.testing.content import Content, Cut, Write

Kind: TypeAlias = Literal[
    "create", "truncate", "write", "sync", "rename", "sync folder", "remove", "save"
]
"""What may be done to a disk. `save` is a checkpoint's, in a `SimulatedStore`."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that changes a disk: the `number`th, from 1. `opening` tells openings of files
    apart; None for what is done without one.
    """

    number: int
    kind: Kind
    path: str
    opening: int | None = None

    def __str__(self) -> str:
        return f"operation {self.number}, {self.kind} {self.path}"


Fault: TypeAlias = Callable[[Operation], OSError | None]
"""Returns what an operation fails with, None for nothing."""


class SimulatedCrashError(OSError):
    """The disk's power is gone. `operation` is where it went."""

    def __init__(self, operation: Operation) -> None:
        super().__init__(errno.EIO, f"the power went at {operation}", operation.path)
        self.operation = operation


def nothing() -> None:
    """Do nothing."""


Names: TypeAlias = dict[str, Content | None]
"""Files by their paths; None for a name that is gone."""


@dataclass(slots=True)
class Directory:
    """The names of all files: as programs see them, as they were synced, and the changes since."""

    seen: Names = field(default_factory=dict)
    durable: Names = field(default_factory=dict)
    changes: list[Names] = field(default_factory=list)

    def change(self, names: Names) -> None:
        self.seen |= names
        self.changes.append(names)

    def sync(self, folder: str) -> None:
        for names in list(self.changes):
            if any(os.path.dirname(path) == folder for path in names):
                self.durable |= names
                self.changes.remove(names)

    def after_power_loss(self, rng: Random) -> Directory:
        """Return what is left: of the unsynced changes none, all, or any of them."""
        names, share = dict(self.durable), rng.choice((0.0, 0.5, 1.0))
        for change in self.changes:
            if rng.random() < share:
                names |= change
        contents = {id(each): each for each in names.values() if each is not None}
        left = {at: content.after_power_loss(rng) for at, content in contents.items()}
        kept: Names = {path: left[id(each)] for path, each in names.items() if each is not None}
        return Directory(kept, dict(kept))


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """What a `SimulatedStore` keeps on a disk, all in one: `document` is empty before a save."""

    document: bytes = b""
    failures: Mapping[int, bytes] = field(default_factory=dict)
    suspects: Mapping[int, int] = field(default_factory=dict)


class SimulatedDisk:
    """A `FileSystem` in memory. A file that it does not have is read from the machine.

    At operation number `crash_at` the power goes: that operation has its effect or not, and it
    and all that come later, from any thread, raise SimulatedCrashError. What only reads is no
    operation: a crash there is one at the next operation. `fault` makes operations fail without
    a crash; a write that fails has written a part. `seed` decides what is left to chance.
    The folders in which it holds files must be there on the machine.
    """

    def __init__(
        self, seed: int = 0, *, crash_at: int | None = None, fault: Fault = lambda operation: None
    ) -> None:
        self.crash_at = crash_at
        self.fault = fault
        self.operations: list[Operation] = []
        self.crashed_at: Operation | None = None
        self.checkpoints: dict[str, KeptCheckpoint] = {}
        self.holders: dict[str, object] = {}
        self.names = Directory()
        self.locked: set[Content] = set()
        self._rng = Random(seed)
        self._one = threading.RLock()
        self._openings = 0

    # -- what a test does -------------------------------------------------------------------

    def put(self, path: str, data: bytes) -> None:
        """Have a file at `path`, durably, as if it had always been there."""
        content = Content(bytearray(data), bytearray(data))
        self.names.seen[path] = self.names.durable[path] = content

    def files(self) -> dict[str, bytes]:
        """Return what all files hold now, by path."""
        return {path: bytes(each.seen) for path, each in self.names.seen.items() if each}

    def after_power_loss(self, seed: int) -> SimulatedDisk:
        """Return the disk after its power came back: what was not synced is there or not.

        Of bytes a prefix is left, of names any.
        """
        disk = SimulatedDisk(seed)
        disk.names = self.names.after_power_loss(Random(seed))
        disk.checkpoints = dict(self.checkpoints)
        return disk

    def after_kill(self, seed: int) -> SimulatedDisk:
        """Return the disk after the end of the process alone: all is there, synced or not."""
        disk = SimulatedDisk(seed)
        disk.names, disk.checkpoints = deepcopy(self.names), dict(self.checkpoints)
        return disk

    def act(
        self,
        kind: Kind,
        path: str,
        effect: Callable[[], None],
        *,
        opening: int | None = None,
        failing: Callable[[], None] = nothing,
    ) -> None:
        """Do one operation; `failing` is what comes of it when a fault is due."""
        with self._one:
            self.check_power()
            operation = Operation(len(self.operations) + 1, kind, path, opening)
            self.operations.append(operation)
            if operation.number == self.crash_at:
                self.crashed_at = operation
                if self._rng.random() < 0.5:
                    effect()
                raise SimulatedCrashError(operation)
            if (error := self.fault(operation)) is not None:
                failing()
                raise error
            effect()

    def check_power(self) -> None:
        """Raise SimulatedCrashError after the crash."""
        if self.crashed_at is not None:
            raise SimulatedCrashError(self.crashed_at)

    def part_of(self, data: bytes) -> bytes:
        """Return a prefix of `data`, by chance."""
        return data[: self._rng.randint(0, len(data))]

    # -- the port ---------------------------------------------------------------------------

    def open_read(self, path: str) -> File:
        with self._one:
            self.check_power()
            content = self.names.seen.get(path)
            return LocalFiles().open_read(path) if content is None else self._opened(path, content)

    def open_partial(self, path: str) -> File:
        with self._one:
            self.check_power()
            if (content := self.names.seen.get(path)) is None:
                content = Content()
                self.act("create", path, lambda: self.names.change({path: content}))
            self._lock(path, content)
            file = self._opened(path, content)
            try:
                if content.seen:
                    file.truncate(0)
            except OSError:
                file.close()
                raise
            return file

    def open_again(self, path: str) -> File:
        with self._one:
            self.check_power()
            content = self._named(path)
            self._lock(path, content)
            return self._opened(path, content)

    def exists(self, path: str) -> bool:
        with self._one:
            self.check_power()
            return self.names.seen.get(path) is not None

    def replace(self, source: str, target: str) -> None:
        with self._one:
            names: Names = {target: self._named(source), source: None}
            self.act("rename", target, lambda: self.names.change(names))

    def sync_folder(self, path: str) -> None:
        self.act("sync folder", path, lambda: self.names.sync(path))

    def remove(self, path: str) -> None:
        with self._one:
            self._named(path)
            self.act("remove", path, lambda: self.names.change({path: None}))

    def _opened(self, path: str, content: Content) -> SimulatedFile:
        self._openings += 1
        return SimulatedFile(self, path, content, self._openings)

    def _lock(self, path: str, content: Content) -> None:
        if content in self.locked:
            raise BlockingIOError(errno.EWOULDBLOCK, "it is locked", path)
        self.locked.add(content)

    def _named(self, path: str) -> Content:
        self.check_power()
        content = self.names.seen.get(path)
        if content is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return content


class SimulatedFile:
    """An open `File` of a `SimulatedDisk`."""

    def __init__(self, disk: SimulatedDisk, path: str, content: Content, opening: int) -> None:
        self._disk = disk
        self._path = path
        self._content = content
        self._opening = opening
        self._at = 0

    def read(self, size: int) -> bytes:
        self._disk.check_power()
        data = bytes(self._content.seen[self._at : self._at + size])
        self._at += len(data)
        return data

    def write(self, data: bytes) -> None:
        """Append all of `data`, or where a fault is due, a part."""
        if data:
            self._act("write", lambda: self._append(data), lambda: self._append(self._part(data)))

    def seek(self, offset: int) -> None:
        self._disk.check_power()
        self._at = offset

    def size(self) -> int:
        self._disk.check_power()
        return len(self._content.seen)

    def truncate(self, length: int) -> None:
        self._act("truncate", lambda: self._content.change(Cut(length)))
        self._at = length

    def sync(self) -> None:
        self._act("sync", self._content.sync, self._content.fail_sync)

    def close(self) -> None:
        self._disk.locked.discard(self._content)

    def _act(
        self, kind: Kind, effect: Callable[[], None], failing: Callable[[], None] = nothing
    ) -> None:
        self._disk.act(kind, self._path, effect, opening=self._opening, failing=failing)

    def _append(self, data: bytes) -> None:
        self._content.change(Write(self._at, data))
        self._at += len(data)

    def _part(self, data: bytes) -> bytes:
        return self._disk.part_of(data)
