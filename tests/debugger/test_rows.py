"""Tests of a record as lines, and of what a step did to it."""

from __future__ import annotations

from typing import Any

from statepipe.debugger.rows import MAX_ROWS, change_lines, record_lines


def lines(before: Any, after: Any) -> list[str]:
    return [str(each) for each in change_lines(before, after)]


def test_fields_are_added_removed_and_changed_at_any_depth() -> None:
    before = {"a": 1, "b": {"c": [1, 2]}, "gone": "x"}
    after = {"a": 2, "b": {"c": [1, 3, {"d": 4}]}, "new": None}

    assert lines(before, after) == [
        "~ a: 1 → 2",
        "~ b.c[1]: 2 → 3",
        "+ b.c[2]: {'d': 4}",
        "- gone: 'x'",
        "+ new: None",
    ]


def test_nothing_changed_is_said() -> None:
    nan = float("nan")

    assert lines({"a": nan, "b": [1]}, {"a": nan, "b": [1]}) == ["as it was"]


def test_the_record_has_a_row_for_each_field_with_its_change() -> None:
    rows = record_lines({"a": 2, "b": 1, "new": "x"}, {"a": 1, "b": 1, "gone": 0})

    assert [str(each) for each in rows] == [
        "~ a: 1 → 2",
        "  b: 1",
        "+ new: 'x'",
        "- gone: 0",
    ]
    assert [each.pieces[0][1] for each in rows] == ["changed", "plain", "added", "removed"]


def test_objects_are_opened_where_they_are_long_or_changed_inside() -> None:
    record = {"short": {"a": 1}, "long": {"text": "x" * 70}, "inside": {"a": [1, 2]}}
    rows = record_lines(record, {**record, "inside": {"a": [1]}})

    assert [str(each) for each in rows] == [
        "  short: {'a': 1}",
        "  long: ",
        f"    text: '{'x' * 70}'",
        "  inside: ",
        "    a: ",
        "      0: 1",
        "+     1: 2",
    ]


def test_an_empty_record_and_one_without_end_are_shown() -> None:
    many = record_lines({f"f{number}": number for number in range(MAX_ROWS + 10)})

    assert [str(each) for each in record_lines({})] == ["  (no fields)"]
    assert len(many) == MAX_ROWS + 1
    assert str(many[-1]) == "  ..."
