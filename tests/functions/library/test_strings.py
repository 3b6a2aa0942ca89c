"""Tests of normalize."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.functions.library.strings import camel, pascal, snake, words_of
from tests.functions.library.running import is_fused, outcome


@pytest.mark.parametrize(
    ("steps", "text", "expected"),
    [
        ("trim", "  a b ", "a b"),
        ("spaces", " a \n\t b ", "a b"),
        (["trim", "upper"], " straße ", "STRASSE"),
        ("lower", "ÄB", "äb"),
        ("title", "ada lovelace", "Ada Lovelace"),
        ("snake", "userID-2 total", "user_id_2_total"),
        ("camel", "HTTP server_name", "httpServerName"),
        ("pascal", "größter wert", "GrößterWert"),
        ("nfc", "e\N{COMBINING ACUTE ACCENT}", "\N{LATIN SMALL LETTER E WITH ACUTE}"),
    ],
)
def test_how_a_text_is_normalized(steps: Any, text: str, expected: str) -> None:
    assert outcome("normalize", {"a": text}, fields="a", steps=steps) == {"a": expected}


def test_null_stays_and_other_values_fail() -> None:
    assert outcome("normalize", {"a": None}, fields="a", steps="trim") == {"a": None}
    assert outcome("normalize", {"a": 5}, fields="a", steps="trim") == (
        "field 'a': is a number, not text (rule 'normalize')"
    )


@pytest.mark.parametrize(
    ("missing", "expected"),
    [("skip", {}), ("null", {"a": None}), ("error", "field 'a': is missing (rule 'normalize')")],
)
def test_what_becomes_of_a_missing_field(missing: str, expected: Any) -> None:
    assert outcome("normalize", {}, fields="a", steps="trim", missing=missing) == expected


def test_fields_at_the_top_are_fused() -> None:
    assert is_fused("normalize", fields=["a", "b"], steps=["trim", "lower"])
    assert is_fused("normalize", fields="a", steps=["snake", "upper"])
    assert not is_fused("normalize", fields="a.b", steps="trim")
    assert outcome("normalize", {"a": {"b": " x"}}, fields="a.b", steps="trim") == {"a": {"b": "x"}}


@given(st.lists(st.from_regex(r"[a-z]{2,8}", fullmatch=True), min_size=1, max_size=5))
def test_every_spelling_of_a_name_has_the_same_words(words: list[str]) -> None:
    name = "_".join(words)

    assert words_of(name) == words
    assert snake(pascal(name)) == snake(camel(name)) == snake(name) == name
