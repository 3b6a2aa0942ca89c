"""Where a value of a record is not what another one is."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given

from statepipe.plan.changes import changes
from tests.codegen.networks import records


def told(before: Any, after: Any) -> list[str]:
    return list(map(str, changes(before, after)))


def test_fields_are_added_removed_and_changed_at_any_depth() -> None:
    before = {"a": 1, "b": {"c": [1, 2]}, "gone": "x", "a.b": [1, 2]}
    after = {"a": 2, "b": {"c": [1, 3, {"d": 4}]}, "new": None, "a.b": [1]}

    assert told(before, after) == [
        "~ a: 1 -> 2",
        "~ b.c[1]: 2 -> 3",
        "+ b.c[2]: {'d': 4}",
        "- gone: 'x'",
        "- ['a.b'][1]: 2",
        "+ new: None",
    ]


def test_where_not_whole_objects_may_get_other_fields_at_any_depth() -> None:
    before, after = {"a": {"b": 1}, "list": [1]}, {"a": {"x": 1}, "list": [1, {}], "y": 1}

    assert list(map(str, changes(before, after, whole=False))) == ["- a.b: 1", "+ list[1]: {}"]


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, 1.0), (1, True), (0, False), ("1", 1), (0.0, -0.0), ({}, []), ([], "")],
)
def test_values_that_are_written_otherwise_are_changes(before: Any, after: Any) -> None:
    assert [each.kind for each in changes({"a": before}, {"a": after})] == ["changed"]


@pytest.mark.parametrize("value", [math.nan, "x", None, [1, math.nan], {"a": (1, 2)}])
def test_values_that_are_written_alike_are_none(value: Any) -> None:
    assert told({"a": value}, {"a": value}) == []


def test_what_is_alike_can_be_said_by_the_caller() -> None:
    found = changes({"a": 1, "b": 1}, {"a": 1.0, "b": 2}, lambda before, after: before == after)

    assert [each.path for each in found] == ["b"]


@given(records, records)
def test_a_record_is_itself_and_no_other_one(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert told(one, one) == []
    if one != other:
        assert told(one, other) != []
