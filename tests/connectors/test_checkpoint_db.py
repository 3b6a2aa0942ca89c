"""Tests of the checkpoint in a SQLite file: what it keeps, whom it refuses, what damage does."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from statepipe.connectors.checkpoint_db import CheckpointDb
from statepipe.connectors.checkpoint_lock import owner_of, taken_over
from statepipe.errors import CheckpointError
from statepipe.saved import Phase, Point, Saved, SavedCounts, SavedOutput

FIRST = Saved(
    run_id="abc",
    began_s=1.5,
    phase=Phase.RUNNING,
    counts=SavedCounts(1, 10, 2, 1, 8, 500, {"out": 8}, {0: 2}),
    point=Point(500, 11),
    source={"path": "/in"},
    settings={"state 'a'": "0f"},
    outputs=(SavedOutput(77, 123456, True, b"\0\xff", '["a"]'), None),
)


def later(total: int) -> Saved:
    return replace(FIRST, counts=replace(FIRST.counts, total=total), point=Point(total * 50, total))


def test_what_was_saved_last_is_loaded(tmp_path: Path) -> None:
    store = CheckpointDb(str(tmp_path / "c"))
    empty = store.load()
    store.save(FIRST, {0: b"first"})
    store.save(later(20), {3: b"fourth"})
    store.close()
    again = CheckpointDb(str(tmp_path / "c"))

    assert empty is None
    assert again.load() == later(20)
    assert again.failures() == {0: b"first", 3: b"fourth"}
    again.close()


def test_deliveries_are_kept(tmp_path: Path) -> None:
    store = CheckpointDb(str(tmp_path / "c"))
    store.note(500, 1)
    store.note(500, 2)
    store.note(9, 1)
    store.note(7, 1)
    store.note(7, 0)
    store.close()
    again = CheckpointDb(str(tmp_path / "c"))

    assert again.suspects() == {500: 2, 9: 1}
    again.close()


def test_a_second_one_is_refused_by_the_process_until_the_first_is_closed(tmp_path: Path) -> None:
    first = CheckpointDb(str(tmp_path / "c"))
    owner = owner_of(str(tmp_path / "c"))

    with pytest.raises(CheckpointError, match=f"process {os.getpid()} is working"):
        CheckpointDb(str(tmp_path / "c"))
    assert owner == os.getpid()

    first.close()
    assert owner_of(str(tmp_path / "c")) is None
    CheckpointDb(str(tmp_path / "c")).close()


def test_what_was_taken_over_refuses_its_earlier_owner(tmp_path: Path) -> None:
    first = CheckpointDb(str(tmp_path / "c"))
    first.save(FIRST, {})
    second = CheckpointDb(str(tmp_path / "c"), take_over=True)
    second.save(later(20), {})

    with pytest.raises(CheckpointError, match="another process has taken over"):
        first.save(later(15), {})
    with pytest.raises(CheckpointError, match="another process has taken over"):
        first.note(1, 1)
    assert second.load() == later(20)
    first.close()
    second.close()


def test_what_is_held_is_not_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("statepipe.connectors.checkpoint_db.BUSY_S", 0.1)
    first = CheckpointDb(str(tmp_path / "c"))
    with first.held(), pytest.raises(CheckpointError, match="is within a commit to the checkpoint"):
        CheckpointDb(str(tmp_path / "c"), take_over=True)
    assert owner_of(str(tmp_path / "c")) == os.getpid()
    first.save(FIRST, {})

    second = CheckpointDb(str(tmp_path / "c"), take_over=True)
    with pytest.raises(CheckpointError, match="another process has taken over"), first.held():
        raise AssertionError("it is not the owner any more")
    first.close()
    second.close()


def test_an_owner_that_was_overtaken_before_its_epoch_began_gives_up(tmp_path: Path) -> None:
    CheckpointDb(str(tmp_path / "c")).close()
    name = tmp_path / "c/lock"
    name.unlink()
    other = sqlite3.connect(tmp_path / "c/state.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as pool:
        overtaken = pool.submit(CheckpointDb, str(tmp_path / "c"))
        while not (name.exists() and name.read_text()):
            time.sleep(0.001)
        lock = taken_over(str(tmp_path / "c"))  # as another process does within its transaction
        other.execute("COMMIT")
        error = overtaken.exception()
    lock.release()
    other.close()

    assert isinstance(error, CheckpointError) and "another process has taken over" in str(error)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    with sqlite3.connect(tmp_path / "c/state.db") as db:
        db.execute("CREATE TABLE theirs (a)")

    with pytest.raises(CheckpointError, match="it is of format 0, and this is format 1"):
        CheckpointDb(str(tmp_path / "c"))
    assert owner_of(str(tmp_path / "c")) is None


def saved_and_left(folder: Path) -> list[Saved]:
    """Leave one checkpoint as a killed process does, and one as a finished one; return its history.

    In the first all is in the WAL, in the second it is folded in.
    """
    store = CheckpointDb(str(folder / "c"))
    history = [later(total) for total in range(10, 400, 10)]
    for at, saved in enumerate(history):
        store.save(saved, {at: b"x" * 300})
    shutil.copytree(folder / "c", folder / "state.db-wal")
    store.close()
    shutil.copytree(folder / "c", folder / "state.db")
    return history


def damaged(folder: Path, name: str, number: int) -> Path:
    """Return a copy of what was left, with a byte flipped or the file cut, as `number` says."""
    copy = folder / f"{name}{number}"
    shutil.copytree(folder / name, copy)
    content = bytearray((copy / name).read_bytes())
    rng = random.Random(number)
    at = rng.randrange(len(content))
    if number % 3 == 0:
        del content[at:]
    else:
        content[at] ^= 1 << rng.randrange(8)
    (copy / name).write_bytes(content)
    return copy


def what_comes_of(copy: Path, history: list[Saved]) -> str:
    """Return whether a damaged checkpoint is refused, or what of its history it still shows."""
    store = None
    try:
        store = CheckpointDb(str(copy))
        loaded, failures = store.load(), store.failures()
    except CheckpointError as error:
        return "refused" if "cannot be used" in str(error) else str(error)
    finally:
        if store is not None:
            store.close()
    if loaded is not None and (loaded not in history or set(failures.values()) - {b"x" * 300}):
        return f"wrong: {loaded}"
    return "unharmed" if loaded == history[-1] else "rolled back"


@pytest.mark.parametrize("name", ["state.db", "state.db-wal"])
def test_damage_anywhere_is_refused_or_rolled_back_to_what_was_saved_once(
    name: str, tmp_path: Path
) -> None:
    history = saved_and_left(tmp_path)
    ends = Counter(what_comes_of(damaged(tmp_path, name, n), history) for n in range(150))
    print(name, ends)

    assert set(ends) <= {"refused", "rolled back", "unharmed"}
    assert ends["refused" if name == "state.db" else "rolled back"] > 10
