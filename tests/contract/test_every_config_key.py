"""Every key that a config may have changes something that can be seen, or is refused.

A key that is added to the spellings and not to the table below makes a test fail.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

import pytest

from statepipe import ConfigError, SimpleFSM
from statepipe.config.load import load_config
from statepipe.config.spellings import (
    ARC,
    CASE,
    CASE_ERROR,
    CATCH,
    FUNCTIONS,
    NETWORK,
    RETRY,
    STATE,
    STATE_ARC,
    TOP,
    Level,
)
from statepipe.graph.build import build_machine
from statepipe.plan.interpret import interpret
from statepipe.plan.lower import lower
from statepipe.testing import ManualTiming, check_config

Config = dict[str, Any]
ADD = "{**data, 'n': data.get('n', 0) + 1}"
NEVER = "data.get('n', 0) > 100"


def two_states() -> Config:
    return {
        "name": "two",
        "networks": [
            {
                "name": "main",
                "states": [
                    {"name": "a", "is_start": True},
                    {"name": "b"},
                    {"name": "z", "is_end": True},
                    {"name": "y", "is_end": True},
                ],
                "arcs": [
                    {"from": "a", "to": "b"},
                    {"from": "b", "to": "z"},
                    {"from": "b", "to": "y"},
                ],
            }
        ],
    }


def seen(config: Config) -> dict[str, Any]:
    """Return what a caller can see of a machine: its records, its refusals, its own facts."""
    try:
        fsm = SimpleFSM(config)
    except ConfigError as error:
        return {"problems": [str(problem) for problem in error.problems]}
    given: Config = {"id": 1, "list": []}
    result = fsm.process(given)
    kept: list[Any] = []
    stream = fsm.process_stream([{"id": 1}], kept.append)
    return {
        "given": given,
        "path": result.path,
        "data": result.data,
        "error": str(result.record_error),
        "metadata": dict(result.metadata),
        "config": fsm.config,
        "kept": kept,
        "excluded": dict(stream.excluded_by_state),
    }


def behaviour(config: Config) -> dict[str, Any]:
    facts = seen(config)
    facts.pop("config", None)
    return facts


def with_state(name: str, keys: Config) -> Config:
    config = two_states()
    [state] = [s for s in config["networks"][0]["states"] if s["name"] == name]
    state.update(keys)
    return config


def with_arc(keys: Config) -> Config:
    config = two_states()
    config["networks"][0]["arcs"][1].update(keys)
    return config


def with_top(keys: Config) -> Config:
    return {**two_states(), **keys}


def simple_form(keys: Config) -> Config:
    [network] = two_states()["networks"]
    return {"states": network["states"], "arcs": network["arcs"], **keys}


def mutating() -> Config:
    return with_state("b", {"transform": "def f(state):\n    state.data['list'].append(1)"})


def changed_top(keys: Config) -> tuple[Config, Config]:
    return mutating(), {**mutating(), **keys}


def pair_of_networks(main: str) -> Config:
    other = {"name": "other", "states": [{"name": "only", "is_start": True, "is_end": True}]}
    config = two_states()
    return {**config, "networks": [*config["networks"], other], "main_network": main}


Row = Callable[[], tuple[Config, Config]]
"""A config without the key (or with another value), and one with it."""

IN_A_STATE: dict[str, tuple[str, Any]] = {
    "schema": ("a", {"required": ["missing"]}),
    "data_schema": ("a", {"required": ["missing"]}),
    "pre_validators": ("a", [NEVER]),
    "validators": ("a", [NEVER]),
    "validator": ("a", NEVER),
    "transforms": ("a", [ADD, ADD]),
    "transform": ("a", ADD),
    "functions": ("a", {"transform": ADD}),
    "is_end": ("b", True),
    "final": ("b", True),
    "end": ("b", True),
    "is_start": ("b", True),
    "initial": ("b", True),
    "start": ("b", True),
    "emit_output": ("z", False),
}
BROKEN = {"transform": "{**data, 'seen': data['nothing']}"}
FAILING = {
    "on_error": "y",
    "catch": [{"errors": ["KeyError"], "to": "y"}],
}


def in_a_state(key: str) -> tuple[Config, Config]:
    name, value = IN_A_STATE[key]
    return two_states(), with_state(name, {key: value})


STATES: dict[str, Row] = {
    **{key: lambda key=key: in_a_state(key) for key in IN_A_STATE},  # type: ignore[misc]  # binds
    "name": lambda: (two_states(), with_state("a", {"name": "renamed"})),
    "arcs": lambda: (two_states(), with_state("b", {"arcs": [{"target": "y"}]})),
    "data_mode": lambda: (
        {**mutating(), "data_mode": "reference"},
        {
            **with_state("b", {**_state_of(mutating(), "b"), "data_mode": "copy"}),
            "data_mode": "reference",
        },
    ),
}


def flaky(state: Any) -> Any:
    """Fail every other time, whatever the record."""
    flaky.calls += 1  # type: ignore[attr-defined]  # a function may have attributes
    if flaky.calls % 2:  # type: ignore[attr-defined]
        raise ConnectionError("now and then")
    return {**state.data, "done": True}


flaky.calls = 0  # type: ignore[attr-defined]


def endless(state: Any) -> Any:
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        pass
    return state.data


def noting() -> tuple[Config, Config]:
    """A failing record whose object a state may still change, as the mode shares it."""
    config = {**with_state("b", BROKEN), "data_mode": "reference"}
    audit = {"name": "audit", "transform": "def f(state):\n    state.data['audited'] = True"}
    config["networks"][0]["states"].append(audit)
    noted = copy.deepcopy(config)
    noted["networks"][0]["states"][-1]["run_on_failure"] = True
    return config, noted


RETRIES: dict[str, Any] = {
    "max_attempts": (1, 2),
    "errors": (["KeyError"], ["ConnectionError"]),
}
"""Keys of `retry` with a value that gives up, and one that does not."""

ON_FAILURE: dict[str, Row] = {
    **{
        key: lambda key=key: (
            with_state("b", BROKEN),
            with_state("b", {**BROKEN, key: FAILING[key]}),
        )  # type: ignore[misc]  # binds
        for key in FAILING
    },
    "retry": lambda: (
        with_state("b", {"transform": flaky}),
        with_state("b", {"transform": flaky, "retry": {"max_attempts": 2}}),
    ),
    "timeout_s": lambda: (
        with_state("b", {"transform": endless}),
        with_state("b", {"transform": endless, "timeout_s": 0.01}),
    ),
    "run_on_failure": noting,
}


def with_cache(config: Config) -> Config:
    return {**config, "resources": [{"name": "c", "provider": "cache"}]}


NAMES_NONE: Config = {"transform": "lambda s: {**s.data, 'seen': sorted(s.resources)}"}
SEEN: dict[str, Row] = {
    "resources": lambda: (
        with_cache(with_state("b", NAMES_NONE)),
        with_cache(with_state("b", {**NAMES_NONE, "resources": []})),
    ),
}


def retrying(key: str, value: Any) -> Config:
    return with_state("b", {"transform": flaky, "retry": {key: value}})


def _state_of(config: Config, name: str) -> Config:
    return next(dict(s) for s in config["networks"][0]["states"] if s["name"] == name)


ARCS: dict[str, Row] = {
    "condition": lambda: (two_states(), with_arc({"condition": NEVER})),
    "resources": lambda: (
        with_cache(with_arc(NAMES_NONE)),
        with_cache(with_arc({**NAMES_NONE, "resources": []})),
    ),
    "pre_test": lambda: (two_states(), with_arc({"pre_test": NEVER})),
    "transforms": lambda: (two_states(), with_arc({"transforms": [ADD]})),
    "transform": lambda: (two_states(), with_arc({"transform": ADD})),
    "priority": lambda: (two_states(), with_arc({"priority": -1})),
    "from": lambda: (two_states(), with_arc({"from": "a"})),
    "to": lambda: (two_states(), with_arc({"to": "y"})),
    "name": lambda: (
        with_arc({"condition": "1 / 0"}),
        with_arc({"condition": "1 / 0", "name": "broken"}),
    ),
}

SPOIL = "data['list'].append(1)"


def pushing(keys: Config, inside: str = ADD, **top: Any) -> Config:
    """Return `two_states` with a push arc from `b` through a network `inner`."""
    config = with_arc({"target_network": "inner", **keys})
    ends = [{"name": "s", "is_start": True, "transform": inside}, {"name": "e", "is_end": True}]
    inner = {"name": "inner", "states": ends, "arcs": [{"from": "s", "to": "e"}]}
    networks = [*config["networks"], inner]
    return {**config, **top, "networks": networks, "main_network": "main"}


def without_to(keys: Config) -> Config:
    config = pushing(keys)
    [del_to] = [arc for arc in config["networks"][0]["arcs"] if "target_network" in arc]
    del del_to["to"]
    return config


PUSHES: dict[str, Row] = {
    "target_network": lambda: (pushing({}), pushing({"target_network": "inner:e"})),
    "return_state": lambda: (
        without_to({"return_state": "z"}),
        without_to({"return_state": "y"}),
    ),
    "data_isolation": lambda: (
        pushing({"data_mapping": {"list": "list"}}, SPOIL, data_mode="reference"),
        pushing(
            {"data_mapping": {"list": "list"}, "data_isolation": "reference"},
            SPOIL,
            data_mode="reference",
        ),
    ),
    "data_mapping": lambda: (pushing({}), pushing({"data_mapping": {"id": "n"}})),
    "result_mapping": lambda: (pushing({}), pushing({"result_mapping": {"n": "m"}})),
}


@pytest.mark.parametrize("key", PUSHES)
def test_a_key_of_a_push_arc_is_one_inside_a_state_too(key: str) -> None:
    def inside(config: Config) -> Config:
        moved = copy.deepcopy(config)
        main = moved["networks"][0]
        [arc] = [arc for arc in main["arcs"] if "target_network" in arc]
        main["arcs"].remove(arc)
        source = arc.pop("from")
        if "to" in arc:
            arc["target"] = arc.pop("to")
        next(s for s in main["states"] if s["name"] == source)["arcs"] = [arc]
        return moved

    without, with_it = PUSHES[key]()
    assert behaviour(inside(with_it)) != behaviour(inside(without))


def test_serialized_data_is_another_thing_than_copied_data() -> None:
    text = pushing({"data_isolation": "serialize"}, "{'t': (1, 2)}")

    assert SimpleFSM(pushing({}, "{'t': (1, 2)}")).process({}).data == {"t": (1, 2)}
    assert SimpleFSM(text).process({}).data == {"t": [1, 2]}


TOPS: dict[str, Row] = {
    "name": lambda: (two_states(), with_top({"name": "other"})),
    "networks": lambda: (two_states(), with_state("a", {"transform": ADD})),
    "main_network": lambda: (pair_of_networks("main"), pair_of_networks("other")),
    "data_mode": lambda: changed_top({"data_mode": "direct"}),
    "timeout_seconds": lambda: (
        with_state("b", {"transform": endless}),
        {**with_state("b", {"transform": endless}), "timeout_seconds": 0.01},
    ),
    "max_transitions": lambda: (two_states(), with_top({"max_transitions": 1})),
    "resources": lambda: (
        with_state("b", NAMES_NONE),
        with_cache(with_state("b", NAMES_NONE)),
    ),
    "states": lambda: (simple_form({}), simple_form({"states": {"a": {"start": True}}})),
    "arcs": lambda: (simple_form({}), simple_form({"arcs": [{"from": "a", "to": "z"}]})),
    "initial_state": lambda: (simple_form({}), simple_form({"initial_state": "b"})),
}

ONLY_SHOWN = {"metadata", "version", "description"}
"""Keys for people, which `fsm.config` shows and no record meets."""

ELSEWHERE = {
    "sink": "tests/streaming/test_sinks.py::test_a_state_s_own_sink_comes_before_the_callers",
    "tests": "tests/cases/test_check.py::test_tests_change_nothing_in_a_run, and what they do",
}


def rows() -> list[Any]:
    tables = {"top": TOPS, "state": STATES | ON_FAILURE | SEEN, "arc": ARCS | PUSHES}
    return [
        pytest.param(row, id=f"{where}.{key}")
        for where, table in tables.items()
        for key, row in table.items()
    ]


@pytest.mark.parametrize("row", rows())
def test_a_key_changes_what_becomes_of_a_record(row: Row) -> None:
    without, with_it = row()
    flaky.calls = 0  # type: ignore[attr-defined]

    assert behaviour(with_it) != behaviour(without)


@pytest.mark.parametrize("row", rows())
def test_reading_a_config_leaves_the_author_s_dict_alone(row: Row) -> None:
    _, config = row()
    before = copy.deepcopy(config)
    behaviour(config)

    assert config == before


@pytest.mark.parametrize("key", sorted(ONLY_SHOWN))
def test_a_key_for_people_is_shown_and_changes_nothing(key: str) -> None:
    value = {"owner": "us"} if key == "metadata" else "1.10"

    assert seen(with_top({key: value}))["config"][key] == value
    assert behaviour(with_top({key: value})) == behaviour(two_states())


@pytest.mark.parametrize(
    ("level", "table"),
    [(TOP, TOPS), (STATE, STATES | ON_FAILURE | SEEN), (ARC, ARCS | PUSHES)],
    ids=lambda value: getattr(value, "noun", ""),
)
def test_no_key_is_left_out_of_these_tables(level: Level, table: dict[str, Row]) -> None:
    assert set(level.keys) - set(table) - ONLY_SHOWN - set(ELSEWHERE) == set()


@pytest.mark.parametrize("key", RETRIES)
def test_a_key_of_retry_changes_what_becomes_of_a_record(key: str) -> None:
    gives_up, goes_on = RETRIES[key]
    flaky.calls = 0  # type: ignore[attr-defined]

    assert "ConnectionError" in behaviour(retrying(key, gives_up))["error"]
    assert behaviour(retrying(key, goes_on))["data"]["done"]


WAITS: dict[str, Any] = {
    "backoff_s": ({"backoff_s": 0.5}, [0.5, 1.0]),
    "backoff_rate": ({"backoff_s": 0.5, "backoff_rate": 3}, [0.5, 1.5]),
    "max_backoff_s": ({"backoff_s": 0.5, "max_backoff_s": 0.75}, [0.5, 0.75]),
    "jitter": ({"backoff_s": 0.5, "jitter": "full"}, [0.25, 0.5]),
}


@pytest.mark.parametrize("key", WAITS)
def test_a_key_of_retry_changes_the_waits(key: str) -> None:
    given, waits = WAITS[key]
    config = with_state("a", {"transform": "1 / 0", "retry": given})
    machine = build_machine(load_config(config), registered={}, trusted=None)
    timing = ManualTiming(chance=0.5)
    interpret(lower(machine), {}, timing=timing)

    assert timing.slept == waits


def test_no_key_of_retry_or_catch_is_left_out() -> None:
    assert set(RETRY.keys) == set(RETRIES) | set(WAITS)
    assert set(CATCH.keys) == {"errors", "to"}  # those of the rows `catch` and `on_error`


CASE_KEYS: dict[str, Any] = {
    "expect": {"id": 2},
    "contains": {"id": 2},
    "state": "y",
    "path": ["a", "z"],
    "error": "KeyError",
    "initial_state": "b",
    "name": "called",
    "in": {"id": 3},
}


@pytest.mark.parametrize("key", sorted(CASE.keys))
def test_a_key_of_a_test_changes_its_result(key: str) -> None:
    plain = {"in": {"id": 1}, "contains": {"id": 1}}
    with_key = {**({"in": {"id": 1}} if key == "expect" else plain), key: CASE_KEYS[key]}

    [before], [after] = (check_config(with_top({"tests": [each]})) for each in (plain, with_key))

    assert before != after
    assert before.passed


@pytest.mark.parametrize("key", sorted(CASE_ERROR.keys))
def test_a_key_of_a_test_s_error_changes_its_result(key: str) -> None:
    failing = with_state("b", {"transform": "1 / 0"})
    wrong = {"type": "KeyError", "state": "a", "message": "no such thing"}
    right = {"type": "ZeroDivisionError", "state": "b", "message": "by zero"}

    for given, passed in ((wrong, False), (right, True)):
        case = {"in": {}, "error": {key: given[key]}}
        assert check_config({**failing, "tests": [case]})[0].passed == passed


def test_arcs_in_states_and_networks_have_no_keys_but_those_tested_here() -> None:
    assert set(STATE_ARC.keys) - set(ARC.keys) == {"target"}
    assert set(NETWORK.keys) - set(TOP.keys) == set()
    assert set(FUNCTIONS.keys) == {"transform", "validate"}
