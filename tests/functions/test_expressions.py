"""Tests of builtins as text: literals, names of their own, nothing that a text could break."""

from __future__ import annotations

import ast
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.functions.builtin import Fast, Made
from statepipe.functions.expressions import literal, renamed, written

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_a_literal_is_its_value(value: Any) -> None:
    text = literal(value)

    assert text is None or (repr(ast.literal_eval(text)) == repr(value) and "\0" not in text)


class Number(IntEnum):
    ONE = 1

    def __repr__(self) -> str:
        return "1"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Number.ONE, object(), [object()]])
def test_what_is_no_literal_is_not_written(value: Any) -> None:
    assert literal(value) is None


def test_names_are_renamed_and_texts_are_not() -> None:
    fast = renamed(Fast("match(data['match'])", "{'match': match}", {"match": len}), "7")

    assert (fast.guard, fast.value) == ("match_7(data['match'])", "{'match': match_7}")
    assert fast.names == {"match_7": len}


def test_the_expression_falls_back_to_the_call() -> None:
    made = Made(lambda record: {"called": True}, fast=Fast("'a' in data", "{'a': data['a']}"))
    inline = written(made, "transform", "states[0]")

    assert inline is not None
    assert inline.call({"a": 1, "b": 2}) == {"a": 1}
    assert inline.call({}) == {"called": True}


def test_the_same_place_gives_the_same_text_and_another_another() -> None:
    made = Made(lambda record: True, fast=Fast("bool(f(data))", names={"f": len}))
    texts = [written(made, "validator", keys).code.source.text  # type: ignore[union-attr]  # it is
             for keys in ("a", "a", "b")]  # fmt: skip

    assert texts[0] == texts[1] != texts[2]
