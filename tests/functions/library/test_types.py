"""Tests of convert, strict and not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.functions.library.running import outcome

STRICT = [
    ("integer", "42", 42),
    ("integer", "-007", -7),
    ("integer", "9" * 40, int("9" * 40)),
    ("integer", 3.0, 3),
    ("number", "1e3", 1000.0),
    ("number", "12", 12),
    ("number", ".5", 0.5),
    ("string", 1.5, "1.5"),
    ("string", True, "true"),
    ("boolean", "false", False),
]
LOOSE = [
    ("integer", " 42.0 ", 42),
    ("integer", True, 1),
    ("number", " 1 ", 1),
    ("string", ["ä", {}], '["ä", {}]'),
    ("boolean", " Yes ", True),
    ("boolean", 0, False),
]
NEITHER = [
    ("integer", "4.5"),
    ("integer", "1_000"),
    ("integer", "٤"),
    ("integer", [1]),
    ("number", "nan"),
    ("number", "inf"),
    ("number", "1e999"),
    ("number", "0x10"),
    ("boolean", "maybe"),
    ("boolean", 2),
]


def converted(value: Any, target: str, **params: Any) -> Any:
    given = outcome("convert", {"a": value}, types={"a": target}, **params)
    return given["a"] if isinstance(given, dict) else given


@pytest.mark.parametrize(("target", "value", "expected"), STRICT)
@pytest.mark.parametrize("strict", [True, False])
def test_what_is_converted_in_any_case(
    target: str, value: Any, expected: Any, strict: bool
) -> None:
    result = converted(value, target, strict=strict)

    assert result == expected and type(result) is type(expected)


@pytest.mark.parametrize(("target", "value", "expected"), LOOSE)
def test_what_only_loose_conversion_takes(target: str, value: Any, expected: Any) -> None:
    result = converted(value, target, strict=False)

    assert result == expected and type(result) is type(expected)
    assert "(rule 'convert')" in converted(value, target)


@pytest.mark.parametrize(("target", "value"), NEITHER)
def test_what_cannot_be_converted(target: str, value: Any) -> None:
    assert "field 'a': " in converted(value, target, strict=False)
    assert converted(value, target, strict=False, on_error="null") is None
    assert converted(value, target, strict=False, on_error="keep") == value


def test_a_number_of_too_many_digits_fails_the_record() -> None:
    assert converted("9" * 5000, "integer") == (
        "field 'a': the number has too many digits (rule 'convert')"
    )


def test_null_stays_null() -> None:
    assert converted(None, "integer") is None


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans()))
def test_a_value_comes_back_from_its_text(value: Any) -> None:
    kind = {int: "integer", float: "number", bool: "boolean"}[type(value)]
    text = converted(value, "string")

    assert text == json.dumps(value)
    assert converted(text, kind) == value
