"""Tests of when a commit is due, and of what may have changed since one."""

from __future__ import annotations

import pytest

from statepipe.errors import UsageError
from statepipe.run.checkpoint import (
    CommitLimits,
    CommitPolicy,
    check_same,
    differences,
)

LIMITS = CommitLimits()


def test_nothing_is_due_where_nothing_is_done() -> None:
    assert CommitPolicy(0.0).due_in_s(1000.0) is None


def test_a_commit_is_due_after_a_while() -> None:
    policy = CommitPolicy(10.0)
    policy.on_done(1, 50)

    assert policy.due_in_s(10.0) == LIMITS.interval_s
    assert policy.due_in_s(10.0 + LIMITS.interval_s) == 0.0
    assert policy.due_in_s(99.0) == 0.0


def test_a_commit_is_due_after_many_bytes() -> None:
    policy = CommitPolicy(10.0)
    policy.on_done(1, LIMITS.open_bytes - 1)
    before = policy.due_in_s(10.0)
    policy.on_done(1, 1)

    assert before == LIMITS.interval_s
    assert policy.due_in_s(10.0) == 0.0


def test_a_commit_that_begins_takes_all_that_is_done() -> None:
    policy = CommitPolicy(0.0)
    policy.on_done(5, LIMITS.behind_bytes)
    behind = policy.is_behind
    policy.on_begun(7.0)
    after = policy.due_in_s(7.0)
    policy.on_done(0, 1)

    assert behind and not policy.is_behind
    assert after is None
    assert policy.due_in_s(7.0) == LIMITS.interval_s


def test_differences_are_told_in_words() -> None:
    before = {"size": "5", "state 'a'": "0123456789abcdef", "old": "x", "same": "1"}
    after = {"size": "6", "state 'a'": "fedcba9876543210", "same": "1", "new": "y"}

    assert list(differences(before, after)) == [
        "size was 5 and is 6",
        "state 'a' has changed",
        "old is gone",
        "new is new",
    ]


def test_what_has_changed_is_refused_with_a_remedy() -> None:
    check_same({"a": "1"}, {"a": "1"}, what="source", directory="c")

    with pytest.raises(UsageError, match="the source is not the one of the checkpoint c: a was 1"):
        check_same({"a": "1"}, {"a": "2"}, what="source", directory="c")
