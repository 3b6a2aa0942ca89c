import json

import jsonschema_rs
import pytest

from statepipe.config import json_schema, load_config
from statepipe.config.model import (
    BuiltinFunction,
    CustomFunction,
    InlineFunction,
    RegisteredFunction,
)
from statepipe.config.spellings import ARC, NETWORK, STATE, STATE_ARC, TOP
from statepipe.errors import ConfigError

SCHEMA = json_schema()
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)
INLINE = {"type": "inline", "code": "data"}


def state(**keys: object) -> dict[str, object]:
    return {"states": [{"name": "a", "is_start": True, **keys}]}


def arc(**keys: object) -> dict[str, object]:
    return {**state(), "arcs": [{"from": "a", "to": "a", **keys}]}


GOOD: list[dict[str, object]] = [
    state(),
    {"networks": [{"name": "n", **state()}], "main_network": "n", "name": "x"},
    {"states": {"a": {"initial": True}, "b": None}, "arcs": [{"from": "a", "to": "b"}]},
    {"states": {"a": {}}, "initial_state": "a"},
    {"name": "n", "version": 1.5, "description": "d", "metadata": {"k": [1]}, **state()},
    {"data_mode": "copy", "max_transitions": 5, **state()},
    {"data_mode": {"default": "direct", "state_overrides": {"a": "copy"}}, **state()},
    {"max_transitions": "${MAX:5}", **state()},
    state(transform="data", validator=INLINE, pre_validators=["data", INLINE]),
    state(functions={"transform": [INLINE, "data"], "validate": "data"}),
    state(transforms={"type": "registered", "name": "f"}),
    state(transforms={"type": "builtin", "name": "f", "params": {"k": 1}}),
    state(transforms={"type": "custom", "module": "m", "name": "f", "params": {"k": 1}}),
    state(is_end=True, sink="a.jsonl", data_mode="reference", metadata={}, run_on_failure=False),
    state(run_on_failure=True, transform="data", timeout_s=1.5, retry={}, on_error="a"),
    state(retry={"max_attempts": 2, "backoff_s": 0.1, "jitter": "full", "errors": "KeyError"}),
    state(retry={"backoff_s": "${WAIT:1}", "backoff_rate": 1, "max_backoff_s": 9, "errors": ["*"]}),
    state(catch=[{"errors": ["KeyError", "OSError"], "to": "a"}, {"to": "a"}]),
    state(catch={"errors": "KeyError", "to": "a"}, timeout_s="${LIMIT:5}"),
    {"timeout_seconds": 60, **state()},
    {"resources": [{"name": "c", "provider": "cache", "max_entries": "${N:5}"}], **state()},
    {"resources": [{"name": "d", "provider": "sql", "path": "x.db"}], **state(resources=["d"])},
    {"resources": [{"name": "h", "provider": "http", "base_url": "${U:http://h}"}], **state()},
    {"resources": [{"name": "f", "provider": "filesystem", "path": "."}], **arc(resources=["f"])},
    {
        "resources": [
            {"name": "k", "provider": "custom", "module": "m", "class": "C", "secrets": {"a": "b"}}
        ],
        **state(resources=[]),
    },
    state(end=True, emit_output=False, data_schema={"type": "object"}),
    state(arcs=[{"target": "a", "priority": 3, "pre_test": "data", "transform": "data"}]),
    arc(target_network="main", data_isolation="reference", data_mapping={"a": "b.c"}),
    {**state(), "arcs": [{"from": "a", "target_network": "main:a", "return_state": "a"}]},
    state(arcs=[{"target_network": "main", "return_state": "a", "result_mapping": {"a": "b"}}]),
    arc(condition=INLINE, transform=["data"], name="x", metadata={}, priority=-1),
]
BAD: list[dict[str, object]] = [
    {"name": "x"},
    {"states": []},
    {"networks": []},
    {"networks": [{"name": "n", **state()}], **state()},
    {"networks": [state()]},
    {"nmae": "x", **state()},
    {"name": 5, **state()},
    {"max_transitions": 0, **state()},
    {"max_transitions": "many", **state()},
    {"data_mode": "cpy", **state()},
    {"data_mode": {"defualt": "copy"}, **state()},
    {"resources": [{"provider": "cache"}], **state()},
    {"resources": [{"name": "c", "provider": "cash"}], **state()},
    {"resources": [{"name": "c", "provider": "cache", "pool_size": 1}], **state()},
    {"resources": [{"name": "c", "provider": "cache", "ttl_s": 0}], **state()},
    {"resources": {"c": {"provider": "cache"}}, **state()},
    state(resources="db"),
    arc(resources=[1]),
    state(retry=3),
    state(transfrom="data"),
    state(functions={"validators": "data"}),
    state(transform=3),
    state(transform={"type": "inline"}),
    state(transform={"type": "builtin", "params": {}}),
    state(transform={**INLINE, "x": 1}),
    state(run_on_failure=3),
    state(retry={"attempts": 3}),
    state(retry={"max_attempts": 0}),
    state(retry={"backoff_s": -1}),
    state(retry={"errors": []}),
    state(catch="a"),
    state(catch=[{"errors": "*"}]),
    state(on_error=3),
    state(timeout_s=0),
    {"timeout_seconds": 0, **state()},
    state(is_end=True, sink=3),
    state(is_end="maybe"),
    state(arcs=[{"to": "a"}]),
    state(description=None),
    arc(target="a"),
    arc(condition=[INLINE]),
    arc(condition=None),
    arc(priority=1.5),
    arc(data_mapping={"a": "b"}),
    arc(target_network=3),
    arc(target_network="main", data_isolation="cpy"),
    arc(target_network="main", data_mapping={}),
    {**state(), "arcs": [{"from": "a", "target_network": "main"}]},
]


def test_the_schema_is_a_json_schema():
    jsonschema_rs.meta.validate(SCHEMA)

    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize("config", GOOD, ids=str)
def test_what_loads_fits_the_schema(config):
    assert load_config(config, env={}).problems == ()
    assert VALIDATOR.is_valid(config)


@pytest.mark.parametrize("config", BAD, ids=str)
def test_what_is_refused_for_its_shape_does_not_fit_the_schema(config):
    try:
        problems = load_config(config, env={}).problems
    except ConfigError as error:
        problems = error.problems

    assert problems
    assert not VALIDATOR.is_valid(config)


@pytest.mark.parametrize(
    "config",
    [
        {"$include": "base.yaml"},
        {"states": [{"$include": "a.yaml"}], "arcs": [{"$include": "b.yaml"}]},
        {"networks": [{"$import": {"file": "a.yaml", "path": "n"}}]},
        state(transform={"$include": "f.yaml"}),
    ],
)
def test_includes_fit_the_schema(config):
    assert VALIDATOR.is_valid(config)


def keys_of(schema: dict[str, object]) -> set[str]:
    inner = schema["anyOf"][0] if "anyOf" in schema else schema  # type: ignore[index]
    return set(inner["properties"])


@pytest.mark.parametrize(
    ("name", "level"),
    [("Network", NETWORK), ("State", STATE), ("Arc", ARC), ("StateArc", STATE_ARC)],
)
def test_every_spelling_is_in_the_schema(name, level):
    assert keys_of(SCHEMA["$defs"][name]) == set(level.keys)


def test_every_top_key_is_in_the_schema():
    assert set(SCHEMA["properties"]) == {*TOP.keys, "$include", "$import"}


@pytest.mark.parametrize(
    "model", [InlineFunction, RegisteredFunction, BuiltinFunction, CustomFunction]
)
def test_every_kind_of_function_is_in_the_schema(model):
    assert set(SCHEMA["$defs"][model.__name__]["properties"]) == set(model.model_fields)
