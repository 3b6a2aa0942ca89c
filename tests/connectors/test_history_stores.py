"""The three places where histories are kept do the same; what is particular to each."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from statepipe.connectors.filesystem import LocalFiles
from statepipe.connectors.history_db import SQLiteHistory
from statepipe.connectors.history_file import FileHistory
from statepipe.connectors.history_memory import MemoryHistory
from statepipe.errors import HistoryError
from statepipe.ports.history_store import HistoryStore

KINDS: dict[str, Callable[[Path], HistoryStore]] = {
    "memory": lambda path: MemoryHistory(),
    "file": lambda path: FileHistory(path / "histories"),
    "sqlite": lambda path: SQLiteHistory(path / "histories.db"),
}


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> HistoryStore:
    return KINDS[request.param](tmp_path)


def test_a_text_comes_back_by_its_id(store: HistoryStore) -> None:
    store.save("b", '{"é": "\n"}')
    store.save("a", "")

    assert (store.load("b"), store.load("a"), store.load("c")) == ('{"é": "\n"}', "", None)
    assert store.ids() == ["a", "b"]


def test_a_later_text_takes_the_place_of_the_first(store: HistoryStore) -> None:
    store.save("a", "long enough to leave something behind")
    store.save("a", "short")

    assert (store.load("a"), store.ids()) == ("short", ["a"])


def test_nothing_is_there_before_something_is_kept(store: HistoryStore) -> None:
    assert (store.load("a"), store.ids()) == (None, [])


def test_any_thread_may_ask(store: HistoryStore) -> None:
    store.save("a", "text")
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(store.load("a")))
    thread.start()
    thread.join()

    assert found == ["text"]


@pytest.mark.parametrize("kind", ["file", "sqlite"])
def test_what_is_kept_outlives_the_store(kind: str, tmp_path: Path) -> None:
    KINDS[kind](tmp_path).save("a", "text")

    assert KINDS[kind](tmp_path).load("a") == "text"


class FailingDisk(LocalFiles):
    def replace(self, source: str, target: str) -> None:
        raise OSError(28, "No space left on device")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    FileHistory(tmp_path).save("a", "first")
    with pytest.raises(HistoryError, match=r"cannot write .*a\.json: No space left on device"):
        FileHistory(tmp_path, FailingDisk()).save("a", "second")

    assert FileHistory(tmp_path).load("a") == "first"
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(HistoryError, match=r"cannot write .*file/a\.json: File exists"):
        FileHistory(tmp_path / "file").save("a", "text")


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "histories.db").write_text("no database" * 100)

    with pytest.raises(HistoryError, match=r"cannot use the histories in .*histories\.db: file is"):
        SQLiteHistory(tmp_path / "histories.db").load("a")


def test_a_database_is_readable_by_others(tmp_path: Path) -> None:
    SQLiteHistory(tmp_path / "histories.db").save("a", "text")
    with sqlite3.connect(tmp_path / "histories.db") as db:
        rows = db.execute("SELECT * FROM histories").fetchall()
    db.close()

    assert rows == [("a", "text")]
