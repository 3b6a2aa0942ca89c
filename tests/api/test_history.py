"""Histories: what is kept, how much of it, and that what is loaded is what was saved."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from statepipe import (
    AdvancedFSM,
    FileHistory,
    HistoryError,
    MemoryHistory,
    SQLiteHistory,
    UsageError,
)
from tests.api.steps import Blocking, Caller, counting, to_the_end
from tests.streaming.streams import divider, one_state


def stepped(fsm: AdvancedFSM, *records: Any) -> None:
    for record in records:
        to_the_end(Blocking(fsm), fsm.create_context(record))


def test_nothing_is_kept_unless_asked_for() -> None:
    fsm = AdvancedFSM(counting(1))
    stepped(fsm, {"n": 0})

    assert (fsm.history_enabled, fsm.execution_history, fsm.max_history_depth) == (
        False,
        None,
        None,
    )
    assert fsm.get_history() == []


def test_each_step_of_each_context_is_kept(stepping: Any) -> None:
    caller: Caller = stepping(counting(1))
    caller.fsm.enable_history()
    for number in (0, 5):
        to_the_end(caller, caller.fsm.create_context({"n": number}))
    kept = caller.fsm.get_history()

    assert (caller.fsm.history_enabled, caller.fsm.max_history_depth) == (True, 100)
    assert [(each.context, each.step, each.from_state, each.to_state) for each in kept] == [
        (1, 1, "add", "double"),
        (1, 2, "double", "done"),
        (2, 1, "add", "double"),
        (2, 2, "double", "done"),
    ]
    assert (kept[1].data_before, kept[1].data_after) == ({"n": 1}, {"n": 2, "ok": True})
    assert (kept[1].transition, kept[1].success, kept[1].is_complete) == (
        "double->done",
        True,
        True,
    )
    assert caller.fsm.execution_history is not None and len(caller.fsm.execution_history) == 4


def test_only_the_last_steps_are_kept() -> None:
    fsm = AdvancedFSM(counting(50))
    fsm.enable_history(max_depth=3)
    stepped(fsm, {"n": 0})

    assert [each.to_state for each in fsm.get_history()] == ["add", "double", "done"]
    assert fsm.max_history_depth == 3


def test_disabling_lets_go_of_it_and_enabling_begins_anew() -> None:
    fsm = AdvancedFSM(counting(1))
    fsm.enable_history()
    stepped(fsm, {"n": 0})
    first = fsm.execution_history
    fsm.disable_history()
    stepped(fsm, {"n": 0})
    between = (fsm.history_enabled, fsm.get_history())
    fsm.enable_history()

    assert between == (False, [])
    assert fsm.get_history() == []
    assert first is not None and fsm.execution_history is not None
    assert first.id != fsm.execution_history.id


def test_a_failure_is_kept_with_its_error() -> None:
    fsm = AdvancedFSM(divider())
    fsm.enable_history()
    stepped(fsm, {"value": 0})
    [entry] = fsm.get_history()

    assert (entry.success, entry.error) == (False, "ZeroDivisionError: division by zero")
    assert entry.failed_states == ["input"]


STORAGES = {
    "memory": lambda path: None,
    "folder": lambda path: path / "histories",
    "folder as text": lambda path: str(path / "histories"),
    "database": lambda path: path / "histories.db",
    "object": FileHistory,
    "sqlite object": lambda path: SQLiteHistory(path / "mine"),
    "memory object": lambda path: MemoryHistory(),
}


@pytest.mark.parametrize("storage", STORAGES.values(), ids=STORAGES)
async def test_what_is_loaded_is_what_was_saved(storage: Any, tmp_path: Path) -> None:
    fsm = AdvancedFSM(counting(1))
    fsm.enable_history(storage(tmp_path), max_depth=7)
    stepped(fsm, {"n": 0, "wide": 10**40, "text": "é\n"})
    kept = fsm.get_history()
    saved = await fsm.save_history()
    stepped(fsm, {"n": 0})
    loaded = await fsm.load_history(saved)

    assert loaded is fsm.execution_history
    assert (list(loaded.entries), loaded.max_depth, loaded.id) == (kept, 7, saved)


async def test_a_saved_history_outlives_the_machine(tmp_path: Path) -> None:
    first, second = AdvancedFSM(counting(1)), AdvancedFSM(counting(1))
    for fsm in (first, second):
        fsm.enable_history(tmp_path / "histories.db")
    stepped(first, {"n": 0})
    await second.load_history(await first.save_history())

    assert second.get_history() == first.get_history()


async def test_a_folder_holds_one_json_file_for_each(tmp_path: Path) -> None:
    fsm = AdvancedFSM(counting(1))
    fsm.enable_history(tmp_path)
    stepped(fsm, {"n": 0})
    saved = await fsm.save_history()
    document = json.loads((tmp_path / f"{saved}.json").read_text())

    assert (document["machine"], len(document["entries"])) == ("Counting", 2)
    assert document["entries"][0]["data_after"] == {"n": 1}


async def test_what_json_has_no_word_for_is_told_by_its_field() -> None:
    fsm = AdvancedFSM(one_state(lambda state: {"deep": {"tags": {1, 2}}}))
    fsm.enable_history()
    stepped(fsm, {})

    with pytest.raises(UsageError, match=r"cannot be saved: field .*deep\.tags.*set"):
        await fsm.save_history()


async def test_dates_are_saved_as_text() -> None:
    fsm = AdvancedFSM(one_state(lambda state: {"at": datetime(2026, 1, 2, tzinfo=UTC)}))
    fsm.enable_history()
    stepped(fsm, {})
    loaded = await fsm.load_history(await fsm.save_history())

    assert loaded.entries[0].data_after == {"at": "2026-01-02T00:00:00+00:00"}


async def test_misuse_is_told_with_what_to_do(tmp_path: Path) -> None:
    fsm = AdvancedFSM(counting(1))
    with pytest.raises(UsageError, match=r"no history is kept; call enable_history\(\) first"):
        await fsm.save_history()
    with pytest.raises(UsageError, match="max_depth must be a whole number of at least 1, not 0"):
        fsm.enable_history(max_depth=0)
    with pytest.raises(UsageError, match="storage must be a path, or have save, load and ids"):
        fsm.enable_history(5)  # type: ignore[arg-type]  # what is refused
    fsm.enable_history(tmp_path)
    saved = await fsm.save_history()

    with pytest.raises(UsageError, match=f"no history is kept as 'abc'; there are: {saved}"):
        await fsm.load_history("abc")
    with pytest.raises(UsageError, match=r"'\.\./abc' is no id of a history"):
        await fsm.load_history("../abc")


async def test_a_history_of_another_machine_or_of_no_machine_is_refused(tmp_path: Path) -> None:
    other, fsm = AdvancedFSM(divider()), AdvancedFSM(counting(1))
    other.enable_history(tmp_path)
    fsm.enable_history(tmp_path)
    saved = await other.save_history()
    (tmp_path / "old.json").write_text('{"format": 0}')
    (tmp_path / "torn.json").write_text('{"format": 1')
    entry = '{"format": 1, "id": "x", "machine": "Counting", "max_depth": 1, "entries": [{"n": 1}]}'
    (tmp_path / "other.json").write_text(entry)

    with pytest.raises(UsageError, match=f"{saved!r} is that of 'Divider', not of 'Counting'"):
        await fsm.load_history(saved)
    for name in ("old", "torn", "other"):
        with pytest.raises(HistoryError, match=f"kept as {name!r} is damaged, or no history of"):
            await fsm.load_history(name)
    assert fsm.get_history() == []
