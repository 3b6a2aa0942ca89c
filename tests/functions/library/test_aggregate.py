"""Tests of aggregate: what a sliding window comes to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe import ConfigError
from statepipe.record import Run
from statepipe.testing import context_of
from tests.functions.library.running import machine, outcome, outcomes

ALL = {op: {"op": op, "of": "n"} for op in ("count", "sum", "mean", "min", "max", "first", "last")}


def results(*records: dict[str, Any], **params: Any) -> list[Any]:
    given = outcomes("aggregate", *records, results=ALL, **params)
    return [
        {op: record[op] for op in ALL} if isinstance(record, dict) else record for record in given
    ]


def expected(window: list[Any]) -> dict[str, Any]:
    values = [value for value in window if value is not None]
    total = sum(values)
    return {
        "count": len(values),
        "sum": total if values else None,
        "mean": total / len(values) if values else None,
        "min": min(values, default=None),
        "max": max(values, default=None),
        "first": values[0] if values else None,
        "last": values[-1] if values else None,
    }


Values = st.lists(st.one_of(st.none(), st.integers(-(10**6), 10**6)), max_size=30)


@given(Values, st.one_of(st.none(), st.integers(1, 5)))
def test_a_window_of_the_last_records(values: list[Any], count: int | None) -> None:
    given = results(*({"n": value} for value in values), count=count)

    for number, result in enumerate(given, start=1):
        assert result == expected(values[:number][-(count or number) :])


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(-9, 9)), max_size=25))
def test_a_window_of_the_last_seconds_whatever_the_order(events: list[tuple[int, int]]) -> None:
    given = results(*({"t": t, "n": n} for t, n in events), seconds=10, time="t")

    for number, result in enumerate(given, start=1):
        seen = sorted(events[:number], key=lambda event: event[0])
        newest = seen[-1][0]
        assert result == expected([n for t, n in seen if t > newest - 10])


def test_sums_of_floats_are_exact_before_they_are_rounded() -> None:
    records = [{"n": n} for n in (1e16, 1.0, -1e16, 0.1)]

    assert [each["sum"] for each in results(*records)] == [1e16, 1e16, 1.0, 1.1]
    assert results(*records, count=2)[2]["sum"] == 1.0 - 1e16


def test_each_value_of_a_field_has_its_own_window() -> None:
    records = [{"k": k, "n": n} for k, n in (("a", 1), ("b", 10), ("a", 2), ("b", 20))]

    assert [each["sum"] for each in results(*records, by="k")] == [1, 10, 3, 30]


def test_a_count_needs_no_field_and_results_may_go_deep() -> None:
    given = outcome("aggregate", {"a": 1}, results={"seen.so_far": {"op": "count"}})

    assert given == {"a": 1, "seen": {"so_far": 1}}


def test_a_value_that_is_no_number_fails_the_record() -> None:
    assert results({"n": 1}, {"n": "x"}, {"n": 2})[1:] == [
        "field 'n': 'x' is text, not a number to calculate with (rule 'aggregate')",
        expected([1, 2]),
    ]


def test_any_value_may_be_first_or_last() -> None:
    first = {"f": {"op": "first", "of": "n"}}

    assert outcomes("aggregate", {"n": ["x"]}, {"n": 2}, results=first)[1] == {"n": 2, "f": ["x"]}


def test_what_is_remembered_is_not_what_a_caller_changes() -> None:
    fsm = machine("aggregate", results={"f": {"op": "first", "of": "n"}})
    records = [{"n": ["x"]}, {"n": ["y"]}]
    given = fsm.process_batch(records, batch_size=1, on_progress=lambda _: records[0]["n"].clear())

    assert given[1].data["f"] == ["x"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"keys": 2}, "field 'k': there are windows for 2 values, and this is a new one"),
        ({"remember": 2, "count": 9}, "the windows hold 2 records, and this is one more"),
    ],
)
def test_a_full_memory_fails_the_record(params: dict[str, Any], message: str) -> None:
    given = results(*({"k": n, "n": n} for n in range(3)), by="k", **params)

    assert message in given[2]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"results": {}}, "parameter 'results'"),
        ({"results": {"a": {"op": "sum"}}}, "'sum' needs a field"),
        ({"results": {"a": {"op": "avg", "of": "n"}}}, "must be one of count, sum, mean"),
        ({"results": ALL, "count": 1, "seconds": 1, "time": "t"}, "counted or timed, not both"),
        ({"results": ALL, "seconds": 1}, "there is no 'time' beside it"),
    ],
)
def test_parameters_that_make_no_sense(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        machine("aggregate", **params)


@pytest.mark.parametrize("params", [{}, {"count": 5}, {"seconds": 9, "time": "t"}])
def test_a_record_that_comes_by_again_counts_once(params: dict[str, Any]) -> None:
    fsm = machine("aggregate", results={"n": {"op": "count"}}, **params)
    call, run = fsm._core.machine.main_network.states["a"].transforms[0].call, Run("r", 0.0)
    positions = [0, 0, 1, 1]

    given = [call({"t": 1}, context_of(run=run, position=p))["n"] for p in positions]
    assert given == [1, 1, 2, 2]
