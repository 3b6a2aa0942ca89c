"""Tests of enrich: constants and templates."""

from __future__ import annotations

from typing import Any

import pytest

from statepipe import ConfigError
from tests.functions.library.running import is_fused, machine, outcome

GIVEN: list[tuple[dict[str, Any], dict[str, Any], Any]] = [
    ({"values": {"a": [1, {"b": None}]}}, {}, {"a": [1, {"b": None}]}),
    ({"values": {"x.y": 1}}, {"x": {"z": 2}}, {"x": {"z": 2, "y": 1}}),
    ({"values": {"a": 1}, "only_missing": True}, {"a": 0}, {"a": 0}),
    ({"values": {"a": 1}, "only_missing": True}, {"a": None}, {"a": 1}),
    ({"templates": {"c": "{a}-{b.x}"}}, {"a": "A", "b": {"x": 1}}, None),
    ({"templates": {"a": "<{a}>", "b": "{a}"}}, {"a": "x"}, {"a": "<x>", "b": "x"}),
    ({"templates": {"a": "{{{n}}}"}}, {"n": 1.5}, {"n": 1.5, "a": "{1.5}"}),
    ({"templates": {"a": "{n}"}}, {"n": True}, {"n": True, "a": "true"}),
    ({"templates": {"a": ""}}, {}, {"a": ""}),
    ({"templates": {"a": "{n}"}}, {}, "field 'n': is missing (rule 'enrich')"),
    (
        {"templates": {"a": "{n}"}},
        {"n": None},
        "field 'n': is null, and a template needs it (rule 'enrich')",
    ),
    ({"templates": {"a": "{n}"}, "missing": "skip"}, {}, {}),
    ({"templates": {"a": "{n}"}, "missing": "null"}, {"n": None}, {"n": None, "a": None}),
    (
        {"templates": {"a": "{n}"}},
        {"n": [1]},
        "field 'n': a list cannot stand in a template (rule 'enrich')",
    ),
    (
        {"templates": {"a": "{n.__class__}"}},
        {"n": "x"},
        "field 'n.__class__': is missing (rule 'enrich')",
    ),
]


@pytest.mark.parametrize(("params", "record", "expected"), GIVEN)
def test_what_is_added(params: dict[str, Any], record: dict[str, Any], expected: Any) -> None:
    if expected is None:
        expected = {**record, "c": "A-1"}

    assert outcome("enrich", record, **params) == expected


def test_a_constant_is_made_anew_for_each_record() -> None:
    fsm = machine("enrich", values={"tags": []})
    fsm.process({}).data["tags"].append(1)

    assert fsm.process({}).data == {"tags": []}


def test_constants_and_texts_are_fused() -> None:
    assert is_fused("enrich", values={"a": [1]}, templates={"b": "{c}!"})
    assert not is_fused("enrich", values={"a.b": 1})


@pytest.mark.parametrize(
    ("params", "message", "keys"),
    [
        ({}, "there is nothing to add", "params"),
        ({"templates": {"a": "{b"}}, "stray '{' at character 1", "params.templates.a"),
        ({"templates": {"a": "}"}}, "stray '}' at character 1", "params.templates.a"),
        ({"templates": {"a": "{}"}}, "stray '{}'", "params.templates.a"),
        (
            {"templates": {"a": "x"}, "values": {"a": 1}},
            "'a' is among the values",
            "params.templates.a",
        ),
    ],
)
def test_a_template_that_cannot_be_read(params: dict[str, Any], message: str, keys: str) -> None:
    with pytest.raises(ConfigError) as caught:
        machine("enrich", **params)

    [problem] = caught.value.problems
    assert message in problem.message
    assert problem.place.keys == f"states[0].transforms[0].{keys}"
