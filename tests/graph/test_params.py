"""Tests of the parameters of builtins: place, message and advice of what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from statepipe import ConfigError, SimpleFSM
from statepipe.errors import Problem
from statepipe.functions.library.registry import library
from statepipe.graph.params import secret_fields


def problems(name: str, params: dict[str, Any], key: str = "validators") -> list[Problem]:
    function = {"type": "builtin", "name": name, "params": params}
    state = {"name": "a", "is_start": True, "is_end": True, key: [function]}
    with pytest.raises(ConfigError) as caught:
        SimpleFSM({"states": [state]})
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("name", "params", "message", "advice"),
    [
        (
            "range",
            {"fields": "a", "mn": 1},
            "builtin function 'range' has no parameter 'mn'",
            "did you mean 'min'?",
        ),
        (
            "range",
            {"min": 1},
            "parameter 'fields' of builtin function 'range' is missing",
            "add  fields: ...",
        ),
        (
            "range",
            {"fields": "a", "min": "x"},
            "parameter 'min' of builtin function 'range' must be a number, not the text 'x'",
            None,
        ),
        (
            "pattern",
            {"fields": "a", "pattern": "x", "match": "hole"},
            "parameter 'match' of builtin function 'pattern' must be one of whole, start, "
            "anywhere, not the text 'hole'",
            "did you mean 'whole'?",
        ),
        (
            "type",
            {"types": {"a": "int"}},
            "parameter 'types.a' of builtin function 'type' must be one of string, integer, "
            "number, boolean, array, object, null, not the text 'int'",
            "did you mean 'integer'?",
        ),
        (
            "sample",
            {"rate": 2},
            "parameter 'rate' of builtin function 'sample' must be at most 1, not the number 2",
            None,
        ),
        (
            "required",
            {"fields": []},
            "parameter 'fields' of builtin function 'required' must be a list of at least one "
            "item, not a list",
            None,
        ),
        (
            "required",
            {"fields": ["a", 5]},
            "parameter 'fields.1' of builtin function 'required' must be text, not the number 5",
            None,
        ),
        (
            "required",
            {"fields": "a", "null": "maybe"},
            "parameter 'null' of builtin function 'required' must be true or false, not the text "
            "'maybe'",
            None,
        ),
    ],
)
def test_a_wrong_parameter(
    name: str, params: dict[str, Any], message: str, advice: str | None
) -> None:
    [problem] = problems(name, params)

    assert (problem.message, problem.advice) == (message, advice)


def test_all_that_is_wrong_comes_at_once() -> None:
    found = problems("length", {"min": -1, "max": "x", "feilds": "a"})

    assert [problem.place.keys.rpartition(".")[2] for problem in found] == [
        "min",
        "max",
        "feilds",
    ]


def test_a_problem_is_underlined_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "flow.yaml"
    path.write_text(
        "states:\n- name: a\n  is_start: true\n  validators:\n"
        "  - type: builtin\n    name: range\n    params: {fields: a, mni: 1, max: x}\n"
    )
    with pytest.raises(ConfigError) as caught:
        SimpleFSM(str(path))

    first, second = caught.value.problems
    assert (first.place.line, first.place.column) == (7, 25)
    assert first.span is not None and first.span.text[first.span.start : first.span.end] == "mni"
    assert (second.place.line, second.place.column) == (7, 38)


def test_secret_parameters_are_known_by_their_type() -> None:
    assert secret_fields(library().get("hash").params) == {"key"}
    assert secret_fields(library().get("mask").params) == frozenset()


def test_a_misspelt_parameter_is_not_called_missing_too() -> None:
    [found] = problems("length", {"min": 1, "feilds": "a"})

    assert found.message == "builtin function 'length' has no parameter 'feilds'"
    assert found.advice == "did you mean 'fields'?"
