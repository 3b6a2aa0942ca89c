"""SQLiteHistory: histories in one SQLite file, a row each."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator

from statepipe.errors import HistoryError

BUSY_S = 5.0
"""How long another connection's transaction is waited for."""

_TABLE = "CREATE TABLE IF NOT EXISTS histories (id TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT"


class SQLiteHistory:
    """A HistoryStore. Each call opens the file for itself, so that any thread may make it."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.path.abspath(os.fspath(path))

    def save(self, history_id: str, text: str) -> None:
        with self._db() as db:
            db.execute("INSERT OR REPLACE INTO histories VALUES (?, ?)", (history_id, text))

    def load(self, history_id: str) -> str | None:
        with self._db() as db:
            row = db.execute("SELECT text FROM histories WHERE id = ?", (history_id,)).fetchone()
        return None if row is None else str(row[0])

    def ids(self) -> list[str]:
        with self._db() as db:
            return [str(row[0]) for row in db.execute("SELECT id FROM histories ORDER BY id")]

    @contextlib.contextmanager
    def _db(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(sqlite3.connect(self._path, timeout=BUSY_S)) as db, db:
                db.execute("PRAGMA synchronous = FULL")
                db.execute(_TABLE)
                yield db
        except sqlite3.Error as exc:
            raise HistoryError(f"cannot use the histories in {self._path}: {exc}") from exc
