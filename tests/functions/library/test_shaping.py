"""Tests of map, filter, replace, flatten, split and chain."""

from __future__ import annotations

from typing import Any

import pytest

from statepipe import ConfigError, SimpleFSM
from tests.functions.library.running import builtin, config_of, is_fused, machine, outcome

Case = tuple[str, dict[str, Any], dict[str, Any], Any]
GIVEN: list[Case] = [
    ("map", {"fields": {"b": "a"}}, {"a": 1, "c": 2}, {"b": 1}),
    ("map", {"fields": {"b": "a"}, "others": "keep"}, {"a": 1, "c": 2}, {"c": 2, "b": 1}),
    ("map", {"fields": {"x.y": "a.b.0"}}, {"a": {"b": [7]}}, {"x": {"y": 7}}),
    ("map", {"fields": {"b": "a"}}, {}, "field 'a': is missing (rule 'map')"),
    ("map", {"fields": {"b": "a", "d": "c"}, "missing": "skip"}, {"c": 1}, {"d": 1}),
    ("map", {"fields": {"b": "a"}, "missing": "null"}, {}, {"b": None}),
    ("map", {"fields": {"a": "b", "b": "a"}}, {"a": 1, "b": 2}, {"a": 2, "b": 1}),
    ("filter", {"include": ["b", "a"]}, {"a": 1, "b": 2, "c": 3}, {"b": 2, "a": 1}),
    ("filter", {"exclude": "a"}, {"a": 1, "b": 2}, {"b": 2}),
    ("filter", {"exclude": "a.x"}, {"a": {"x": 1, "y": 2}}, {"a": {"y": 2}}),
    ("filter", {"include": "a.x"}, {"a": {"x": 1, "y": 2}}, {"a": {"x": 1}}),
    ("replace", {"fields": "a", "values": {"x": 1}}, {"a": "x"}, {"a": 1}),
    ("replace", {"fields": "a", "pairs": [[None, 0], [True, "yes"]]}, {"a": None}, {"a": 0}),
    ("replace", {"fields": "a", "pairs": [[1, "one"]]}, {"a": True}, {"a": True}),
    ("replace", {"fields": "a", "values": {"x": 1}, "otherwise": "null"}, {"a": "y"}, {"a": None}),
    (
        "replace",
        {"fields": "a", "values": {"x": 1}, "otherwise": "error"},
        {"a": "y"},
        "field 'a': 'y' is none of the values (rule 'replace')",
    ),
    ("flatten", {}, {"a": {"b": {"c": 1}, "d": []}, "e": {}}, {"a.b.c": 1, "a.d": [], "e": {}}),
    ("flatten", {"lists": True, "separator": "_"}, {"a": [1, {"b": 2}]}, {"a_0": 1, "a_1_b": 2}),
    ("flatten", {"fields": "a"}, {"a": {"x": 1}, "b": {"y": 2}}, {"a.x": 1, "b": {"y": 2}}),
    (
        "flatten",
        {},
        {"a": {"b": 1}, "a.b": 2},
        "field 'a.b': two fields get this name (rule 'flatten')",
    ),
    ("split", {"field": "a", "separator": ","}, {"a": "x, y,"}, {"a": ["x", "y", ""]}),
    ("split", {"field": "a", "separator": ",", "max": 2}, {"a": "x,y,z"}, {"a": ["x", "y,z"]}),
    (
        "split",
        {"field": "a", "separator": ",", "drop_empty": True, "to": "b"},
        {"a": ",x"},
        {"a": ",x", "b": ["x"]},
    ),
    ("split", {"field": "a"}, {"a": " x  y "}, {"a": ["x", "y"]}),
    ("split", {"field": "a"}, {"a": None}, {"a": None}),
    ("split", {"field": "a"}, {"a": 5}, "field 'a': is a number, not text (rule 'split')"),
    ("split", {"field": "a", "missing": "error"}, {}, "field 'a': is missing (rule 'split')"),
]


@pytest.mark.parametrize(("name", "params", "record", "expected"), GIVEN)
def test_what_comes_of_a_record(
    name: str, params: dict[str, Any], record: dict[str, Any], expected: Any
) -> None:
    given = outcome(name, record, **params)

    assert given == expected
    if isinstance(given, dict):
        assert list(given) == list(expected)


def test_a_value_that_is_no_object_is_not_written_over() -> None:
    message = outcome("map", {"a": 1, "x": 5}, fields={"x.y": "a"}, others="keep")

    assert message == "field 'x.y': field 'x' is a number, not an object (rule 'map')"


def test_two_records_never_share_what_the_config_holds() -> None:
    fsm = machine("replace", fields="a", values={"x": [1]})
    first = fsm.process({"a": "x"}).data
    first["a"].append(2)

    assert fsm.process({"a": "x"}).data == {"a": [1]}


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("map", {"fields": {"a": "x", "a.b": "y"}}, "field 'a.b' lies in field 'a'"),
        ("filter", {}, "it needs either include or exclude"),
        ("filter", {"include": "a", "exclude": "b"}, "it needs either include or exclude"),
        ("replace", {"fields": "a"}, "there is nothing to replace"),
        ("split", {"field": "a", "max": 0}, "'max' of builtin function 'split' must be at least 1"),
    ],
)
def test_parameters_that_make_no_sense(name: str, params: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        machine(name, **params)


STEPS = [
    {"name": "split", "params": {"field": "tags", "separator": ","}},
    {"name": "chain", "params": {"steps": [{"name": "filter", "params": {"include": "tags"}}]}},
]


def test_a_chain_is_its_steps_one_behind_the_other() -> None:
    assert outcome("chain", {"id": 1, "tags": "a,b"}, steps=STEPS) == {"tags": ["a", "b"]}
    assert is_fused("chain", steps=STEPS)


def test_a_step_of_a_chain_fails_at_its_own_place() -> None:
    fsm = SimpleFSM(config_of(builtin("chain", steps=STEPS)))
    error = fsm.process({"tags": 5}).record_error

    assert error is not None and error.place is not None
    assert error.place.keys == "states[0].transforms[0].params.steps[0].name"


def test_all_wrong_steps_of_a_chain_have_a_place() -> None:
    with pytest.raises(ConfigError) as caught:
        machine("chain", steps=[{"name": "splt"}])

    assert caught.value.problems[0].place.keys == "states[0].transforms[0].params.steps[0].name"
