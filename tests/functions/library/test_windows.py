"""Tests of unique, deduplicate and rate_limit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe import ConfigError
from statepipe.record import Run
from statepipe.testing import context_of
from tests.functions.library.running import machine, outcome, outcomes

AGAIN = "field 'id': seen before in this run (rule 'unique')"
DUPLICATE = "a record like this one has been accepted before (rule 'deduplicate')"


def verdicts(name: str, *records: dict[str, Any], **params: Any) -> list[bool]:
    return [isinstance(given, dict) for given in outcomes(name, *records, **params)]


def test_a_value_that_was_seen_is_refused() -> None:
    given = outcomes("unique", {"id": 1}, {"id": "1"}, {"id": 1}, fields="id")

    assert given == [{"id": 1}, {"id": "1"}, AGAIN]


def test_missing_and_null_are_values_of_their_own() -> None:
    assert verdicts("unique", {}, {"id": None}, {}, fields="id") == [True, True, False]


def test_two_runs_know_nothing_of_each_other() -> None:
    fsm = machine("unique", fields="id")

    assert fsm.process({"id": 1}).success and fsm.process({"id": 1}).success


def test_a_full_memory_refuses_what_is_new() -> None:
    records = ({"id": n} for n in (1, 2, 3, 1))
    given = outcomes("unique", *records, fields="id", remember=2)

    assert given[2] == "field 'id': 2 values are remembered, and this is a new one (rule 'unique')"
    assert given[3] == AGAIN


def test_a_full_memory_may_forget_the_oldest() -> None:
    records = [{"id": n} for n in (1, 2, 3, 1, 3)]

    assert verdicts("unique", *records, fields="id", remember=2, when_full="forget") == [
        True,
        True,
        True,
        True,
        False,
    ]


def test_duplicates_are_those_alike_in_some_fields_or_in_all() -> None:
    records = ({"id": 1, "n": 1}, {"id": 1, "n": 2}, {"n": 1, "id": 1})

    assert verdicts("deduplicate", *records, by="id") == [True, False, False]
    assert verdicts("deduplicate", *records) == [True, True, False]
    assert outcomes("deduplicate", *records)[2] == DUPLICATE


def test_what_left_the_window_is_new_again() -> None:
    records = [{"id": n} for n in (1, 2, 3, 1, 1)]

    assert verdicts("deduplicate", *records, by="id", window=2) == [True, True, True, True, False]


def test_a_duplicate_is_forgotten_in_time() -> None:
    records = [{"id": 1, "t": t} for t in (0, 9, 10, 19, 20)]

    assert verdicts("deduplicate", *records, by="id", seconds=10, time="t") == [
        True,
        False,
        True,
        False,
        True,
    ]


def test_a_rate_counts_what_was_accepted() -> None:
    records = [{"t": t} for t in (0, 1, 2, 10, 11, 12)]

    assert verdicts("rate_limit", *records, limit=2, seconds=10, time="t") == [
        True,
        True,
        False,
        True,
        True,
        False,
    ]


def test_a_rate_counts_apart_by_a_field() -> None:
    records = [{"u": u, "t": "2025-01-01T00:00:00Z"} for u in "aabb"]

    assert verdicts("rate_limit", *records, limit=1, seconds=1, time="t", by="u") == [
        True,
        False,
        True,
        False,
    ]


def test_a_record_that_is_late_does_not_open_the_window() -> None:
    records = [{"t": t} for t in (100, 0, 101)]

    assert verdicts("rate_limit", *records, limit=1, seconds=10, time="t") == [True, False, False]


@pytest.mark.parametrize("time", ["x", [], None, True])
def test_a_time_that_is_none_fails_the_record(time: Any) -> None:
    message = outcome("rate_limit", {"t": time}, limit=1, seconds=1, time="t")

    assert "is no time: a number of seconds, or ISO 8601 (rule 'rate_limit')" in message


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"seconds": 5}, "there is no 'time' beside it"),
        ({"time": "t"}, "there is no 'seconds' beside it"),
        ({"window": 0}, "must be at least 1"),
        ({"seconds": 0, "time": "t"}, "must be more than 0"),
    ],
)
def test_parameters_that_make_no_sense(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        machine("deduplicate", **params)


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 4))
def test_a_window_of_duplicates_is_the_last_so_many_that_differ(
    ids: list[int], window: int
) -> None:
    remembered: list[int] = []
    expected = []
    for each in ids:
        expected.append(each not in remembered)
        if each not in remembered:
            remembered = [*remembered, each][-window:]

    given = verdicts("deduplicate", *({"id": each} for each in ids), by="id", window=window)
    assert given == expected


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("unique", {"fields": "id"}),
        ("deduplicate", {"by": "id"}),
        ("rate_limit", {"limit": 1, "seconds": 9, "time": "t"}),
    ],
)
def test_a_record_that_comes_by_again_is_no_other_record(name: str, params: dict[str, Any]) -> None:
    state = machine(name, **params)._core.machine.main_network.states["a"]
    call, run = state.validators[0].call, Run("r", 0.0)
    record = {"id": 1, "t": 1}
    first = [call(record, context_of(run=run, position=0)) for _ in range(3)]

    assert first == [True, True, True]
    assert call(record, context_of(run=run, position=1)) is not True
    assert call(record, context_of(run=Run("other", 0.0), position=1)) is True
