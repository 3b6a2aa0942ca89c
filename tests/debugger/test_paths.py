"""Tests of paths into a record."""

from __future__ import annotations

import pytest

from statepipe.debugger.paths import read_path, shown_path, value_at, with_value, without_value
from statepipe.errors import UsageError

RECORD = {"items": [{"price": 2}, {"price": 3}], "a b": {"c": None}}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("total", ("total",)),
        ("items[1].price", ("items", 1, "price")),
        ("['a b'].c", ("a b", "c")),
        ('x["y.z"][0]', ("x", "y.z", 0)),
    ],
)
def test_a_path_is_read_into_its_steps(text: str, path: tuple[str | int, ...]) -> None:
    assert read_path(text) == path


def test_a_path_is_shown_as_differences_show_it() -> None:
    assert shown_path(("items", 0, "a b", "c")) == "items[0]['a b'].c"


@pytest.mark.parametrize("text", [".a", "a..b", "a b", "a[", "a[-1]", "a['b]"])
def test_what_is_no_path_is_told_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"is no path; write it as items\[0\]\.price"):
        read_path(text)


def test_an_empty_path_is_refused() -> None:
    with pytest.raises(UsageError, match="the path is empty"):
        read_path("")


def test_values_are_found_at_any_depth() -> None:
    assert value_at(RECORD, ("items", 1, "price")) == 3
    assert value_at(RECORD, ("a b", "c")) is None
    assert value_at(RECORD, ()) is RECORD


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (("itens",), "the record has no field 'itens'; did you mean 'items'?"),
        (("items", 2), "items has no item 2; it has 2, counted from 0"),
        (("items", "x"), "items has no item 'x'; it has 2, counted from 0"),
        (("items", 0, "price", "x"), "items[0].price is no object and no list: it has no 'x'"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(path: tuple[str | int, ...], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        value_at(RECORD, path)

    assert str(caught.value) == message


def test_setting_a_value_changes_a_copy() -> None:
    changed = with_value(RECORD, ("items", 0, "price"), 9)

    assert changed["items"] == [{"price": 9}, {"price": 3}]
    assert RECORD["items"] == [{"price": 2}, {"price": 3}]


def test_fields_may_be_new_and_lists_grow_by_one() -> None:
    assert with_value({}, ("a",), 1) == {"a": 1}
    assert with_value({"a": [1]}, ("a", 1), 2) == {"a": [1, 2]}
    with pytest.raises(UsageError, match="a has no item 5"):
        with_value({"a": [1]}, ("a", 5), 2)


def test_removing_a_value_changes_a_copy_and_wants_it_to_be_there() -> None:
    assert without_value(RECORD, ("items", 0)) == {**RECORD, "items": [{"price": 3}]}
    assert len(RECORD["items"]) == 2
    with pytest.raises(UsageError, match="the record has no field 'x'"):
        without_value(RECORD, ("x",))
