"""A folder as a resource: files below it and nothing else, whatever links there are.

Paths are walked name by name from an open folder, so that no link that is put in place between
a check and its use leads out.
"""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from statepipe.errors import ResourceError

Found = TypeVar("Found")
MAX_LINKS = 40
"""As Linux: more links on one path are taken for a loop."""

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class FolderProvider:
    """Opens a folder. Nothing can be written unless it is `writable`."""

    name: str
    path: str
    writable: bool = False
    max_bytes: int = 16 * 2**20

    waits = True
    slow = False

    def open(self) -> OpenFolder:
        return OpenFolder(self)

    def open_in_loop(self) -> None:
        """Async functions share it: they use it in threads."""

    def refusal(self, message: str) -> ResourceError:
        return ResourceError(self.name, message)


class Folder:
    """Files, as functions see them. Paths are relative, with `/` between their names."""

    __slots__ = ("_base", "_provider")

    def __init__(self, provider: FolderProvider, base: int) -> None:
        self._provider = provider
        self._base = base

    def read_bytes(self, path: str) -> bytes:
        """Return what a file holds; at most the resource's `max_bytes`."""
        return self._told(path, lambda: self._read(path))

    def read_text(self, path: str) -> str:
        """Return what a file holds, as UTF-8."""
        data = self.read_bytes(path)
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise self._provider.refusal(f"{path!r} is not UTF-8") from None

    def exists(self, path: str) -> bool:
        """Tell whether there is a file that could be read."""
        try:
            with ExitStack() as stack:
                self._opened(path, stack)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def write_bytes(self, path: str, data: bytes) -> None:
        """Write a file in one step: others see the old one, then the new one, whole."""
        if not self._provider.writable:
            message = f"{path!r} cannot be written: add  writable: true  to the resource"
            raise self._provider.refusal(message)
        if len(data) > self._provider.max_bytes:
            limit = self._provider.max_bytes
            raise self._provider.refusal(f"{path!r} would have more than max_bytes, {limit}")
        self._told(path, lambda: self._write(path, data))

    def write_text(self, path: str, text: str) -> None:
        """As `write_bytes`, in UTF-8."""
        self.write_bytes(path, text.encode())

    def _told(self, path: str, work: Callable[[], Found]) -> Found:
        try:
            return work()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise self._provider.refusal(f"{path!r}: {reason}") from error

    def _read(self, path: str) -> bytes:
        limit = self._provider.max_bytes
        with ExitStack() as stack:
            file = self._opened(path, stack)
            pieces, size = [], 0
            while piece := os.read(file, 2**20):
                pieces.append(piece)
                size += len(piece)
                if size > limit:
                    raise self._provider.refusal(f"{path!r} has more than max_bytes, {limit}")
        return b"".join(pieces)

    def _opened(self, path: str, stack: ExitStack) -> int:
        folder, name = self._walk(path, stack)
        file = os.open(name, READ, dir_fd=folder)
        stack.callback(os.close, file)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise self._provider.refusal(f"{path!r} is no regular file")
        return file

    def _write(self, path: str, data: bytes) -> None:
        with ExitStack() as stack:
            folder, name = self._walk(path, stack)
            partial_name = f".{name}.{os.getpid()}.part"
            file = os.open(partial_name, CREATE, 0o666, dir_fd=folder)
            try:
                with os.fdopen(file, "wb") as writer:
                    writer.write(data)
                os.replace(partial_name, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                os.unlink(partial_name, dir_fd=folder)
                raise

    def _walk(self, path: str, stack: ExitStack) -> tuple[int, str]:
        """Return the open folder that `path` ends in, and the last name, which is no link.

        A link is followed as long as it stays below the base. What is opened is left to `stack`.
        """
        todo = self._names(path)
        folders, links = [self._base], 0
        while todo:
            name = todo.pop(0)
            if name == "..":
                folders.pop()
                if not folders:
                    raise self._leads_out(path)
                continue
            target = link_target(name, folders[-1])
            if target is not None:
                links += 1
                if links > MAX_LINKS or target.startswith("/"):
                    raise self._leads_out(path)
                todo = [part for part in target.split("/") if part not in ("", ".")] + todo
            elif not todo:
                return folders[-1], name
            else:
                folders.append(os.open(name, FOLDER, dir_fd=folders[-1]))
                stack.callback(os.close, folders[-1])
        raise self._provider.refusal(f"{path!r} is no regular file")

    def _names(self, path: str) -> list[str]:
        if not isinstance(path, str) or "\0" in path or path.startswith("/"):
            raise self._leads_out(path)
        names = [name for name in path.split("/") if name not in ("", ".")]
        if ".." in names:
            raise self._leads_out(path)
        return names

    def _leads_out(self, path: object) -> ResourceError:
        message = f"{path!r} leads out of the folder: give a path below it, without '..'"
        return self._provider.refusal(message)

    def __repr__(self) -> str:
        return f"<filesystem resource {self._provider.name!r}>"


def link_target(name: str, folder: int) -> str | None:
    """Return where a link leads; None for what is no link, or is not there."""
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT):
            return None
        raise


class AsyncFolder:
    """As `Folder`, to be awaited: the work is done in a thread."""

    __slots__ = ("_folder",)

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    async def read_bytes(self, path: str) -> bytes:
        return await asyncio.to_thread(self._folder.read_bytes, path)

    async def read_text(self, path: str) -> str:
        return await asyncio.to_thread(self._folder.read_text, path)

    async def exists(self, path: str) -> bool:
        return await asyncio.to_thread(self._folder.exists, path)

    async def write_bytes(self, path: str, data: bytes) -> None:
        await asyncio.to_thread(partial(self._folder.write_bytes, path, data))

    async def write_text(self, path: str, text: str) -> None:
        await asyncio.to_thread(partial(self._folder.write_text, path, text))

    def __repr__(self) -> str:
        return repr(self._folder)


class OpenFolder:
    """A folder that is open; it stays the same where its name comes to mean another."""

    def __init__(self, provider: FolderProvider) -> None:
        try:
            self._base = os.open(provider.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise provider.refusal(f"the folder {provider.path!r}: {reason}") from error
        self._folder = Folder(provider, self._base)
        self._awaited = AsyncFolder(self._folder)

    def handle(self, *, awaits: bool) -> Folder | AsyncFolder:
        return self._awaited if awaits else self._folder

    def close(self) -> None:
        os.close(self._base)
