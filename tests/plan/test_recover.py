"""Tests of which errors are handled, the waits between attempts, and records as they entered."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest
from hypothesis import given

from statepipe.plan.recover import Kept, delay_s, fits, may_recover, restored, retries
from statepipe.plan.refusals import (
    InvalidRecordError,
    RecordTimeoutError,
    StateTimeoutError,
    TransitionLimitError,
    state_timeout,
)
from tests.codegen.networks import records
from tests.plan.machines import retry


@pytest.mark.parametrize(
    ("names", "error", "fitting"),
    [
        ({"*"}, ValueError(), True),
        ({"KeyError"}, KeyError(), True),
        ({"LookupError", "OSError"}, KeyError(), True),
        ({"Exception"}, KeyError(), True),
        ({"KeyError"}, LookupError(), False),
        ({"keyerror"}, KeyError(), False),
        ({"InvalidRecordError"}, InvalidRecordError(), True),
        ({"StateTimeoutError"}, StateTimeoutError(), True),
    ],
)
def test_errors_are_named_by_their_class_or_one_it_is_made_from(
    names: set[str], error: Exception, fitting: bool
) -> None:
    assert fits(frozenset(names), error) is fitting


def test_a_records_own_limits_are_never_recovered_from() -> None:
    assert not may_recover(TransitionLimitError())
    assert not may_recover(RecordTimeoutError())
    assert may_recover(StateTimeoutError())


def test_a_state_does_not_recover_from_the_limit_of_one_around_it() -> None:
    of_outer, of_inner = state_timeout(1), state_timeout(2)

    assert [may_recover(of_inner(), networks) for networks in (1, 2, 3)] == [True, True, False]
    assert [may_recover(of_outer(), networks) for networks in (1, 2)] == [True, False]
    assert not issubclass(of_outer, of_inner)
    assert not issubclass(of_inner, of_outer)
    assert fits(frozenset({"StateTimeoutError"}), of_inner())


def test_max_attempts_counts_all_of_them() -> None:
    twice = retry(2, errors=["KeyError"])

    assert retries(twice, 1, KeyError())
    assert not retries(twice, 2, KeyError())
    assert not retries(twice, 1, ValueError())
    assert not retries(None, 1, KeyError())


def test_waits_grow_up_to_the_longest() -> None:
    growing = retry(9, 0.5, backoff_rate=3.0, max_backoff_s=10.0)

    assert [delay_s(growing, attempts) for attempts in range(1, 6)] == [0.5, 1.5, 4.5, 10, 10]
    assert delay_s(growing, 10**6) == 10
    assert delay_s(retry(3, 0.0), 10**6) == 0


def test_what_was_kept_goes_back_into_the_same_objects() -> None:
    inner: list[Any] = [1, {"x": 2}]
    record = {"list": inner, "n": 1}
    kept = Kept(record)
    inner[1]["x"] = 3
    inner.append(4)
    record["list"] = record["n"] = "gone"
    record["new"] = True

    assert restored(kept) is record
    assert record == {"list": [1, {"x": 2}], "n": 1}
    assert record["list"] is inner


def test_what_was_kept_can_be_put_back_again_and_again() -> None:
    record = {"list": [1]}
    kept = Kept(record)
    for _ in range(3):
        record["list"].append(2)
        kept.restore()

        assert record == {"list": [1]}


def test_a_record_that_holds_itself_is_kept() -> None:
    record: dict[str, Any] = {"n": 1}
    record["self"] = record
    kept = Kept(record)
    record.clear()

    assert kept.restore()["self"]["self"]["n"] == 1


def test_an_ordered_record_is_kept_in_order() -> None:
    record = OrderedDict(b=1, a=2)
    kept = Kept(record)
    record.move_to_end("b")
    kept.restore()

    assert list(record) == ["b", "a"]
    assert list(reversed(record)) == ["a", "b"]


@given(records)
def test_any_record_is_kept(record: dict[str, Any]) -> None:
    before, kept = repr(record), Kept(record)
    for value in list(record.values()):
        if isinstance(value, list | dict):
            value.clear()
    record.clear()

    assert repr(kept.restore()) == before


def test_what_was_not_changed_needs_no_keeping() -> None:
    record = {"n": 1}

    assert restored(record) is record
