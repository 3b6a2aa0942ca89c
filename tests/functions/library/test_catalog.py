"""Tests of what the catalog says of the builtins, and of the JSON Schema made from it."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from statepipe.config import json_schema
from statepipe.functions.library.catalog import builtins, parameters, params_schemas
from statepipe.functions.library.registry import library
from tests.functions.library.running import builtin, config_of, outcomes

VALIDATOR = jsonschema_rs.validator_for(json_schema(params_schemas()))


def test_parameters_are_told_in_words() -> None:
    told = {p.name: (p.type, p.default) for p in parameters(library().get("aggregate"))}

    assert told["results"] == (
        "mapping to {op: count | sum | mean | min | max | first | last, of: text}",
        None,
    )
    assert told["by"] == ("text or list of text", "null")
    assert told["seconds"] == ("number (more than 0)", "null")
    assert {p.name: p.type for p in parameters(library().get("hash"))}["key"] == "secret text"


def test_what_must_be_given_comes_first() -> None:
    defaults = [p.default for p in parameters(library().get("rate_limit"))]

    assert defaults[:3] == [None, None, None] and None not in defaults[3:]


def test_every_builtin_says_what_it_is_and_every_parameter_what_it_does() -> None:
    for each in builtins():
        assert each.summary.endswith(".") and each.examples, each.name
        silent = [p.name for p in parameters(each) if not p.description]
        assert silent == [], each.name


@pytest.mark.parametrize("each", list(builtins()), ids=lambda each: each.name)
def test_every_example_runs_and_fits_the_schema(each: Any) -> None:
    for example in each.examples:
        params = dict(example.params)
        given = outcomes(each.name, *example.records, resources=example.resources, **params)

        assert len(given) == len(example.records)
        assert VALIDATOR.is_valid(config_of(builtin(each.name, **params)))


@pytest.mark.parametrize(
    "function",
    [
        builtin("rnge", fields="a", min=1),
        builtin("range", feilds="a"),
        builtin("range", min=1),
        {"type": "builtin", "name": "range"},
        builtin("type", types={"a": "int"}),
        builtin("aggregate", results={"a": {"op": "avg"}}),
        builtin("sample", rate=2),
    ],
)
def test_what_is_wrong_does_not_fit_the_schema(function: dict[str, Any]) -> None:
    state = {"name": "a", "is_start": True, "validators": [function]}

    assert not VALIDATOR.is_valid({"states": [state]})


@pytest.mark.parametrize(
    "function",
    [
        builtin("range", fields=["a", "b"], min=1),
        builtin("length", fields="a", max="${MOST}"),
        builtin("hash", fields="a", key="${HASH_KEY}"),
        builtin("${NAME}", fields="a"),
    ],
)
def test_what_may_be_written_fits_the_schema(function: dict[str, Any]) -> None:
    state = {"name": "a", "is_start": True, "validators": [function]}

    assert VALIDATOR.is_valid({"states": [state]})
