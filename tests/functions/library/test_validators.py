"""Tests of the validators of fields: what they accept, and what they say of what they do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from statepipe import ConfigError
from tests.functions.library.running import machine, outcome

ACCEPTED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("required", {"fields": "a"}, {"a": 0}),
    ("required", {"fields": ["a.b", "c"]}, {"a": {"b": False}, "c": ""}),
    ("required", {"fields": "a", "null": True}, {"a": None}),
    ("required", {"fields": "a", "empty": False}, {"a": 0}),
    ("required", {"fields": r"a\.b"}, {"a.b": 1}),
    ("required", {"fields": "items.1.sku"}, {"items": [{}, {"sku": 7}]}),
    ("type", {"types": {"a": "integer"}}, {}),
    ("type", {"types": {"a": ["integer", "null"], "b": "number"}}, {"a": None, "b": 1.5}),
    ("type", {"types": {"a": "array", "b.c": "string"}}, {"a": [], "b": {"c": "x"}}),
    ("range", {"fields": "a", "min": 1}, {"a": 1}),
    ("range", {"fields": "a", "min": 1}, {"a": None}),
    ("range", {"fields": "a", "max": 2.5, "exclusive": True}, {"a": 2.4}),
    ("length", {"fields": "a", "min": 1, "max": 2}, {"a": "é́"}),
    ("length", {"fields": ["a", "b"], "max": 1}, {"a": [1], "b": {}}),
    ("pattern", {"fields": "a", "pattern": "[0-9]+"}, {"a": "12"}),
    ("pattern", {"fields": "a", "pattern": "x", "match": "anywhere"}, {"a": "axa"}),
    ("one_of", {"fields": "a", "values": ["x", 1, None]}, {"a": 1.0}),
    ("dependency", {"field": "a", "needs": "b"}, {"a": None}),
    ("dependency", {"field": "a", "value": "card", "needs": "b"}, {"a": "cash"}),
    ("schema", {"schema": {"properties": {"a": {"type": "integer"}}}}, {"a": 1}),
]
REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("required", {"fields": "a.b"}, {"a": 1}, "field 'a.b': is missing (rule 'required')"),
    ("required", {"fields": "a"}, {"a": None}, "field 'a': is null (rule 'required')"),
    (
        "required",
        {"fields": "a", "empty": False},
        {"a": []},
        "field 'a': is empty (rule 'required')",
    ),
    (
        "type",
        {"types": {"a": "integer"}},
        {"a": True},
        "field 'a': True is true or false, not integer (rule 'type')",
    ),
    (
        "type",
        {"types": {"a": ["integer", "null"]}, "missing": "error"},
        {},
        "field 'a': is missing (rule 'type')",
    ),
    ("range", {"fields": "a", "max": 5}, {"a": 6}, "field 'a': 6 is more than 5 (rule 'range')"),
    (
        "range",
        {"fields": "a", "min": 5, "exclusive": True},
        {"a": 5},
        "field 'a': 5 is not more than 5 (rule 'range')",
    ),
    (
        "range",
        {"fields": "a", "min": 5, "missing": "error"},
        {"a": None},
        "field 'a': is null (rule 'range')",
    ),
    (
        "range",
        {"fields": "a", "min": 0},
        {"a": float("nan")},
        "field 'a': nan is less than 0 (rule 'range')",
    ),
    (
        "length",
        {"fields": "a", "min": 3},
        {"a": "ab"},
        "field 'a': 'ab' has 2 characters, fewer than 3 (rule 'length')",
    ),
    (
        "length",
        {"fields": "a", "max": 1},
        {"a": 7},
        "field 'a': 7 is a number, which has no length (rule 'length')",
    ),
    (
        "pattern",
        {"fields": "a", "pattern": "[0-9]+"},
        {"a": "12x"},
        "field 'a': '12x' does not match '[0-9]+' (rule 'pattern')",
    ),
    (
        "one_of",
        {"fields": "a", "values": [1]},
        {"a": True},
        "field 'a': True is none of [1] (rule 'one_of')",
    ),
    (
        "dependency",
        {"field": "a", "value": "card", "needs": "b.c"},
        {"a": "card"},
        "field 'b.c': is missing beside field 'a' (rule 'dependency')",
    ),
    (
        "schema",
        {"schema": {"properties": {"a": {"type": "integer"}}}},
        {"a": "x"},
        "field 'a': \"x\" is not of type \"integer\" (rule 'type')",
    ),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("range", {"fields": "a"}, "builtin function 'range': there is neither a min nor a max"),
    (
        "range",
        {"fields": "a", "min": 3, "max": 2},
        "parameter 'min' of builtin function 'range': 3 is more than max, which is 2",
    ),
    (
        "pattern",
        {"fields": "a", "pattern": "(x"},
        "parameter 'pattern' of builtin function 'pattern': it is no regular expression: "
        "missing ), unterminated subpattern at position 0",
    ),
    (
        "required",
        {"fields": ["a", "a"]},
        "parameter 'fields' of builtin function 'required': field 'a' is named twice",
    ),
    (
        "required",
        {"fields": "a..b"},
        "parameter 'fields' of builtin function 'required': the field 'a..b' has an empty part",
    ),
    ("schema", {}, "builtin function 'schema': it needs a schema or a file with one"),
    (
        "schema",
        {"schema": {"type": "text"}},
        "parameter 'schema' of builtin function 'schema': the schema is not valid",
    ),
]


@pytest.mark.parametrize(("name", "params", "record"), ACCEPTED)
def test_what_a_validator_accepts(
    name: str, params: dict[str, Any], record: dict[str, Any]
) -> None:
    assert outcome(name, record, **params) == record


@pytest.mark.parametrize(("name", "params", "record", "message"), REFUSED)
def test_a_refusal_names_field_value_and_rule(
    name: str, params: dict[str, Any], record: dict[str, Any], message: str
) -> None:
    assert outcome(name, record, **params) == message


@pytest.mark.parametrize(("name", "params", "message"), WRONG)
def test_a_parameter_that_makes_no_sense_is_a_problem_of_the_config(
    name: str, params: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        machine(name, **params)

    [problem] = caught.value.problems
    assert problem.message.startswith(message)


def test_a_long_value_is_shortened_in_a_refusal() -> None:
    message = outcome("pattern", {"a": "x" * 10_000}, fields="a", pattern="[0-9]+")

    assert len(message) < 200


def test_a_number_may_come_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAST", "2.5")

    assert "2.5" in outcome("range", {"a": 2}, fields="a", min="${LEAST}")


def test_a_schema_may_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_text('{"required": ["id"]}')

    assert "id" in outcome("schema", {"a": 1}, file=str(path))


def test_a_schema_file_without_json_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_text("{")

    with pytest.raises(ConfigError, match="holds no JSON"):
        machine("schema", file=str(path))
