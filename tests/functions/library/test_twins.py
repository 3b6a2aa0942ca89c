"""Every builtin that is fused gives, over any record, what it gives when it is called."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statepipe import DataHandlingMode, SimpleFSM
from statepipe.functions.library.registry import OWN, library
from statepipe.plan.interpret import interpret
from statepipe.plan.model import Plan
from tests.functions.library.running import builtin, config_of, is_fused, told

FUSED: list[tuple[str, dict[str, Any]]] = [
    ("required", {"fields": ["a", "b"]}),
    ("required", {"fields": "a", "null": True}),
    ("required", {"fields": "a", "empty": False}),
    ("type", {"types": {"a": "integer", "b": ["number", "null"]}}),
    ("type", {"types": {"a": "string"}, "missing": "error"}),
    ("type", {"types": {"a": "null"}}),
    ("range", {"fields": ["a", "b"], "min": 0, "max": 5}),
    ("range", {"fields": "a", "max": 1.5, "exclusive": True, "missing": "error"}),
    ("length", {"fields": "a", "min": 1, "max": 3}),
    ("pattern", {"fields": ["a", "b"], "pattern": "[ab]+"}),
    ("pattern", {"fields": "a", "pattern": "b", "match": "anywhere", "missing": "error"}),
    ("one_of", {"fields": "a", "values": ["a", 1, None]}),
    ("one_of", {"fields": "a", "values": ["{x}", "{0}", "a", "\0", "'"]}),
    ("split", {"field": "a", "separator": "{x}"}),
    ("split", {"field": "a", "separator": "\0 '\"\n"}),
    ("required", {"fields": ["{x}'\"\n", "a"]}),
    ("normalize", {"fields": ["a", "{x}"], "steps": "spaces"}),
    ("enrich", {"values": {"{x}'": "'{x}\n"}, "templates": {"\u2028": "'{{x}}\n{a}"}}),
    ("dependency", {"field": "a", "needs": ["b", "c"]}),
    ("dependency", {"field": "a", "value": 1, "needs": "b"}),
    (
        "all",
        {
            "of": [
                {"name": "required", "params": {"fields": "a"}},
                {"name": "pattern", "params": {"fields": "b", "pattern": "a"}},
            ]
        },
    ),
    (
        "any",
        {
            "of": [
                {"name": "range", "params": {"fields": "a", "min": 1}},
                {"name": "length", "params": {"fields": "b", "min": 1}},
            ]
        },
    ),
    ("map", {"fields": {"x": "a", "y": "b", "z": "a"}}),
    ("map", {"fields": {"x": "a"}, "missing": "null"}),
    ("filter", {"include": ["a", "x"]}),
    ("filter", {"exclude": ["a", "x"]}),
    ("split", {"field": "a", "separator": "a"}),
    ("split", {"field": "a", "to": "x", "trim": False, "max": 2, "missing": "null"}),
    ("normalize", {"fields": ["a", "b"], "steps": ["spaces", "upper"]}),
    ("normalize", {"fields": "a", "steps": ["snake", "title"], "missing": "error"}),
    ("enrich", {"values": {"x": [1, {"y": "it's"}], "a": None}}),
    ("enrich", {"templates": {"x": "{a}-{b}", "a": "{b}"}, "values": {"y": 1.5}}),
    ("convert", {"types": {"a": "integer", "b": "boolean"}, "strict": False}),
    ("convert", {"types": {"a": "string"}, "on_error": "null", "missing": "null"}),
    ("regex_replace", {"fields": "a", "pattern": "(a)|b", "by": r"<\g<0>>"}),
    ("hash", {"fields": ["a", "b"], "keyless": True, "length": 8}),
    ("mask", {"fields": "a", "keep_last": 1}),
    ("parse_date", {"fields": "a", "format": ["iso", "epoch"]}),
    ("format_date", {"fields": "a", "format": "%d.%m.%y"}),
]
NEVER_FUSED = """aggregate chain deduplicate flatten lookup not rate_limit regex_extract replace
sample schema unique""".split()

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10),
    st.floats(-5, 10, allow_nan=False),
    st.sampled_from(["", "a", "b", "ab aB", " a b ", "2025-12-24", "yes"]),
)
VALUES = st.one_of(
    SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.sampled_from("ab"), SCALARS)
)
RECORDS = st.dictionaries(st.sampled_from(["a", "b", "c", "x"]), VALUES)


def test_every_builtin_of_ours_is_in_one_of_the_lists() -> None:
    named = {name for names in OWN.values() for name in names.split()}

    assert {name for name, _ in FUSED} | set(NEVER_FUSED) == named
    assert not {name for name, _ in FUSED} & set(NEVER_FUSED)


@pytest.mark.parametrize(("name", "params"), FUSED)
@settings(max_examples=60)
@given(record=RECORDS)
def test_fused_code_gives_what_the_called_function_gives(
    name: str, params: dict[str, Any], record: dict[str, Any]
) -> None:
    fsm = machine_of(name, params)
    before = copy.deepcopy(record)
    result = fsm.process(record)
    expected = called(name, params, copy.deepcopy(record))

    assert repr(told(dict(result.data), result.record_error)) == repr(expected)
    assert record == before


MACHINES: dict[str, SimpleFSM] = {}


def machine_of(
    name: str, params: dict[str, Any], mode: DataHandlingMode = DataHandlingMode.COPY
) -> SimpleFSM:
    key = f"{name} {params} {mode}"
    if key not in MACHINES:
        assert is_fused(name, **params)
        MACHINES[key] = SimpleFSM(config_of(builtin(name, **params)), data_mode=mode)
    return MACHINES[key]


class Bench:
    """Builds parts without a config; for the called twin."""

    def text_of(self, path: str, param: str) -> str:
        raise AssertionError(path, param)

    def validator(self, nested: Any, *_path: object) -> Any:
        found = library().get(nested.name)
        return found.build(found.params.model_validate(nested.params), self)

    def transforms(self, nested: Any, *_path: object) -> Any:
        raise AssertionError(nested)


PLANS: dict[str, Plan] = {}


def called(name: str, params: dict[str, Any], record: dict[str, Any]) -> Any:
    """Return what comes of a record where the builtin's slow twin is a function of the author's."""
    key = f"{name} {params}"
    if key not in PLANS:
        PLANS[key] = plan_of_twin(name, params)
    outcome = interpret(PLANS[key], record)
    if outcome.error is None:
        return outcome.data
    cause = outcome.error.__cause__
    return outcome.error.message if cause is None else str(cause)


def plan_of_twin(name: str, params: dict[str, Any]) -> Plan:
    found = library().get(name)
    made = found.build(found.params.model_validate(params), Bench())
    assert not isinstance(made, tuple) and made.fast is not None
    twin = {f"{found.kind}s": [lambda s: made.call(s.data)]}
    return SimpleFSM(
        {"states": [{"name": "a", "is_start": True, "is_end": True, **twin}]}
    )._core.plan


@pytest.mark.parametrize(("name", "params"), [case for case in FUSED if case[0] != "hash"])
@settings(max_examples=60)
@given(record=RECORDS)
def test_every_data_mode_gives_the_same(
    name: str, params: dict[str, Any], record: dict[str, Any]
) -> None:
    given = []
    for mode in DataHandlingMode:
        result = machine_of(name, params, mode).process(copy.deepcopy(record))
        given.append(repr(told(dict(result.data), result.record_error)))

    assert given[0] == given[1] == given[2]
