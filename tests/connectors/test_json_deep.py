"""Tests of reading JSON on an own stack: it must be Python's json in everything but depth."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.connectors.json_deep import read_deep

DECODER = json.JSONDecoder()


def result_of(read: Any, text: str) -> tuple[str, str]:
    try:
        return "value", repr(read(text))
    except json.JSONDecodeError as exc:
        return "error", f"{exc.msg} at {exc.pos}"


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(max_size=3), inner)),
)


@given(values, st.sampled_from([None, 1]))
def test_values_are_those_of_json(value: Any, indent: int | None) -> None:
    text = f" {json.dumps(value, indent=indent)} "

    assert result_of(lambda text: read_deep(text, DECODER), text) == result_of(json.loads, text)


PARTS = ["{", "}", "[", "]", ",", ":", '"a"', "1", "null", " ", "\n", '"', "x", "-"]


@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
def test_what_json_refuses_is_refused(text: str) -> None:
    expected, _ = result_of(json.loads, text)
    found, _ = result_of(lambda text: read_deep(text, DECODER), text)

    assert found == expected


@pytest.mark.parametrize("text", ["", "[1 2]", '{"a" 1}', '{"a":1', "[1] x", "{1:2}", "[x]"])
def test_errors_are_those_of_json(text: str) -> None:
    assert result_of(lambda text: read_deep(text, DECODER), text) == result_of(json.loads, text)


def test_depth_is_not_limited_by_recursion() -> None:
    value = read_deep("[" * 50_000 + "]" * 50_000, DECODER)
    depth = 0
    while value:
        [value] = value
        depth += 1

    assert depth == 49_999
