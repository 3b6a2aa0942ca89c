"""FileHistory: histories in a folder, each in a file of its own, `ID.json`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from statepipe.connectors.file_writer import AtomicPlace, partial_path
from statepipe.connectors.filesystem import LocalFiles
from statepipe.errors import HistoryError
from statepipe.ports.filesystem import FileSystem

SUFFIX = ".json"
_READ_BYTES = 1 << 20


class FileHistory:
    """A HistoryStore. A file under its final name is always whole. The folder is made."""

    def __init__(self, folder: str | os.PathLike[str], files: FileSystem | None = None) -> None:
        self._folder = os.path.abspath(os.fspath(folder))
        self._files = files or LocalFiles()

    def save(self, history_id: str, text: str) -> None:
        target = self._path(history_id)
        with self._errors("write", target):
            os.makedirs(self._folder, exist_ok=True)
            place = AtomicPlace(self._files, partial_path(target), target)
            file = self._files.open_partial(place.partial)
            try:
                file.write(text.encode())
                place.put(file)
            except BaseException:
                with contextlib.suppress(OSError):  # the error that led here is the one to tell
                    place.discard(file)
                raise

    def load(self, history_id: str) -> str | None:
        path = self._path(history_id)
        if not self._files.exists(path):
            return None
        with self._errors("read", path):
            file = self._files.open_read(path)
            try:
                parts = []
                while part := file.read(_READ_BYTES):
                    parts.append(part)
            finally:
                file.close()
        return b"".join(parts).decode()

    def ids(self) -> list[str]:
        with self._errors("list", self._folder):
            names = os.listdir(self._folder) if self._files.exists(self._folder) else []
        visible = (name for name in names if not name.startswith("."))
        return sorted(name.removesuffix(SUFFIX) for name in visible if name.endswith(SUFFIX))

    def _path(self, history_id: str) -> str:
        return os.path.join(self._folder, history_id + SUFFIX)

    @contextlib.contextmanager
    def _errors(self, what: str, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise HistoryError(f"cannot {what} {path}: {exc.strerror or exc}") from exc
