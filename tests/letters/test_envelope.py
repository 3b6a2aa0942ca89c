"""Tests of the envelope: its schema, and the check by it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.letters.envelope import SCHEMA, problem_with
from statepipe.letters.letter import fields_of
from tests.letters.samples import letter, letters

validator = jsonschema_rs.validator_for(SCHEMA)
FIELDS = fields_of(letter())


def test_the_schema_is_one() -> None:
    jsonschema_rs.meta.validate(SCHEMA)

    assert set(SCHEMA["properties"]) == {*FIELDS, "original_base64"}


@given(letters)
def test_every_letter_is_as_the_schema_says(drawn: Any) -> None:
    fields = json.loads(drawn.to_line())

    assert validator.is_valid(fields)
    assert problem_with(fields) is None


junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from(["", "whole", "json", ","]),
    st.lists(st.sampled_from(["x", 1]), max_size=1),
    st.just({}),
    st.just(FIELDS["position"]),
    st.just({"name": "csv", "skip_empty_lines": True, "delimiter": ",", "columns": ["a"]}),
    st.just({"name": "csv", "skip_empty_lines": True, "delimiter": ",,", "columns": ["a"]}),
    st.just({"name": "text", "skip_empty_lines": 1, "field": "a"}),
)


@given(st.sampled_from([*FIELDS, "original_base64"]), junk, st.booleans())
def test_the_check_says_what_a_json_schema_validator_says(
    name: str, value: Any, left_out: bool
) -> None:
    fields = {**FIELDS, name: value}
    if left_out:
        del fields[name]

    assert (problem_with(fields) is None) == validator.is_valid(fields)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"version": 2}, "its 'version' is not 1"),
        ({"version": True}, "its 'version' is not 1"),
        ({"kept": "most"}, "its 'kept' is none of whole, head, inexact"),
        ({"attempts": 0}, "its 'attempts' is less than 1"),
        ({"attempts": True}, "its 'attempts' is no integer"),
        ({"state": 5}, "its 'state' is no string or null"),
        ({"path": ["a", 1]}, "its 'path[]' is no string"),
        ({"position": {"record": 1, "line": 1}}, "its 'position' has no 'offset'"),
        ({"format": {"name": "xml"}}, "its 'format' has none of the shapes that it may have"),
    ],
)
def test_a_problem_is_told_with_its_key(change: dict[str, Any], problem: str) -> None:
    assert problem_with({**FIELDS, **change}) == problem


def test_what_is_no_object_or_lacks_a_key_is_told() -> None:
    assert problem_with([1]) == "it is no object"
    assert problem_with({"a": 1}) == "it has no 'version'"
    without = {key: value for key, value in FIELDS.items() if key != "original"}
    assert problem_with(without) == "it has none of the shapes that it may have"
