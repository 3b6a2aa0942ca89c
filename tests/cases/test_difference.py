"""What differs between a record and what a test expects."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given

from statepipe.cases.difference import differences
from tests.codegen.networks import records


def told(expected: Any, found: Any, *, whole: bool = True) -> list[str]:
    return list(map(str, differences(expected, found, whole=whole)))


def test_each_field_that_differs_is_told_by_its_path() -> None:
    expected = {"a": 1, "b": {"c": [1, {"d": 2}]}, "gone": [1], "a.b": 1}
    found = {"a": 2, "b": {"c": [1, {"d": 3}, 4]}, "new": "x", "a.b": 2}

    assert told(expected, found) == [
        "~ a: expected 1, found 2",
        "~ b.c[1].d: expected 2, found 3",
        "+ b.c[2]: 4 is there, and not expected",
        "- gone: expected [1], and is not there",
        "~ ['a.b']: expected 1, found 2",
        "+ new: 'x' is there, and not expected",
    ]
    assert told([1, 2], [1]) == ["- [1]: expected 2, and is not there"]
    assert told(1, 2) == ["~ (the record): expected 1, found 2"]


def test_of_a_part_other_fields_may_be_there_at_any_depth() -> None:
    expected = {"a": {"b": 1}, "list": [{"c": 1}]}

    assert (
        told(expected, {"a": {"b": 1, "x": 2}, "list": [{"c": 1, "y": 3}], "z": 4}, whole=False)
        == []
    )
    assert told(expected, {"a": {"x": 2}, "list": [{"c": 1}, {}]}, whole=False) == [
        "- a.b: expected 1, and is not there",
        "+ list[1]: {} is there, and not expected",
    ]


@pytest.mark.parametrize(
    ("expected", "found"),
    [(1, 1.0), (320, 320.0), (0.0, -0.0), (math.nan, math.nan), ((1, 2), [1, 2]), (None, None)],
)
def test_numbers_are_equal_by_value(expected: Any, found: Any) -> None:
    assert told({"x": expected}, {"x": found}) == []


@pytest.mark.parametrize(
    ("expected", "found"),
    [(1, True), (0, False), (True, 1.0), ("1", 1), (None, 0), (math.nan, 1.0), ({}, []), ([], "")],
)
def test_other_values_are_not(expected: Any, found: Any) -> None:
    assert [each[0] for each in told({"x": expected}, {"x": found})] == ["~"]


@given(records, records)
def test_a_record_differs_from_itself_in_nothing_and_from_others_in_something(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert told(one, one) == []
    assert told(one, {**one, "another": 1}, whole=False) == []
    if one != other:
        assert told(one, other) != []
