"""Tests of regex_extract and regex_replace."""

from __future__ import annotations

from typing import Any

import pytest

from statepipe import ConfigError
from tests.functions.library.running import machine, outcome

LOG = r"(?P<level>[A-Z]+): (?P<text>.*)"
GIVEN: list[tuple[dict[str, Any], dict[str, Any], Any]] = [
    ({"pattern": LOG}, {"a": "X: y"}, {"a": "X: y", "level": "X", "text": "y"}),
    ({"pattern": "(x)|(y)", "to": {"b.c": 2}}, {"a": "x"}, {"a": "x", "b": {"c": None}}),
    ({"pattern": "x(.)", "to": {"b": "1"}}, {"a": "..xz"}, {"a": "..xz", "b": "z"}),
    ({"pattern": LOG}, {"a": "?"}, f"field 'a': does not match {LOG!r} (rule 'regex_extract')"),
    ({"pattern": LOG, "no_match": "skip"}, {"a": "?"}, {"a": "?"}),
    ({"pattern": "(?P<b>x)", "no_match": "null"}, {"a": "?"}, {"a": "?", "b": None}),
    ({"pattern": LOG}, {}, "field 'a': is missing (rule 'regex_extract')"),
    ({"pattern": LOG, "missing": "skip"}, {}, {}),
    ({"pattern": "(?P<b>x)", "missing": "null"}, {"a": None}, {"a": None, "b": None}),
    ({"pattern": LOG}, {"a": 1}, "field 'a': is a number, not text (rule 'regex_extract')"),
]


@pytest.mark.parametrize(("params", "record", "expected"), GIVEN)
def test_what_is_extracted(params: dict[str, Any], record: dict[str, Any], expected: Any) -> None:
    assert outcome("regex_extract", record, field="a", **params) == expected


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"pattern": "x"}, "the pattern has no named groups"),
        ({"pattern": "(?P<b>x)", "to": {"c": "d"}}, "the pattern has no group 'd'"),
        ({"pattern": "(x)", "to": {"c": 2}}, "the pattern has no group 2"),
        ({"pattern": "["}, "it is no regular expression"),
    ],
)
def test_groups_that_are_not_there_are_a_problem(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        machine("regex_extract", field="a", **params)


def test_matches_are_replaced() -> None:
    swap = {"pattern": r"(\w+) (?P<last>\w+)", "by": r"\g<last>, \1"}

    assert outcome("regex_replace", {"a": "Ada King"}, fields="a", **swap) == {"a": "King, Ada"}
    assert outcome("regex_replace", {"a": "xxx"}, fields="a", pattern="x", count=2) == {"a": "x"}


@pytest.mark.parametrize("by", [r"\2", r"\g<no>", "\\"])
def test_a_replacement_that_names_no_group_is_a_problem(by: str) -> None:
    with pytest.raises(ConfigError, match="cannot be put in the place of a match"):
        machine("regex_replace", fields="a", pattern="(x)", by=by)
