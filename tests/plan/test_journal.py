"""Snapshots of records: what can be copied is, and nothing fails for being looked at."""

from __future__ import annotations

import threading
from typing import Any

from statepipe.plan.journal import Journal, snapshot


def test_a_snapshot_shares_nothing_that_can_change() -> None:
    record = {"a": [1, {"b": 2}]}
    taken = snapshot(record)
    record["a"][1]["b"] = 3  # type: ignore[index]  # a dict

    assert taken == {"a": [1, {"b": 2}]}


def test_what_nobody_can_copy_is_shown_itself() -> None:
    lock = threading.Lock()
    taken = snapshot({"lock": lock, "a": [1]})

    assert taken["lock"] is lock
    assert taken["a"] == [1]


def test_a_record_that_holds_itself_can_be_looked_at() -> None:
    record: dict[str, Any] = {"a": 1}
    record["self"] = record
    taken = snapshot(record)

    assert (taken["a"], taken["self"]["a"]) == (1, 1)


def test_what_was_taken_from_a_journal_is_no_longer_in_it() -> None:
    journal = Journal()
    journal.entered("a", {"n": 1})
    journal.chose("go", "b", chosen=True)
    first, second = journal.taken(), journal.taken()

    assert [event.state for event in first.events] == ["a"]
    assert [(tried.name, tried.chosen) for tried in first.tried] == [("go", True)]
    assert (second.events, second.tried) == ([], [])
