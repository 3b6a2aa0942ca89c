"""What the tests of a config have reached."""

from __future__ import annotations

from typing import Any

import pytest

from statepipe.cases import Coverage
from statepipe.testing import check_config


class Undecided:
    def __bool__(self) -> bool:
        raise LookupError("neither true nor false")


def coverage_of(*cases: Any, **changes: Any) -> Coverage:
    config = {
        "states": [
            {"name": "a", "is_start": True},
            {"name": "x", "is_end": True},
            {"name": "y", "is_end": True},
            {"name": "z", "is_end": True},
        ],
        "arcs": [
            {"from": "a", "to": "x", "condition": "data['n'] == 1"},
            {"from": "a", "to": "y", "condition": "data['n'] == 2", "name": "second"},
            {"from": "a", "to": "z", "condition": "data['n'] < 9"},
        ],
        "tests": list(cases),
        **changes,
    }
    return check_config(config).coverage


def of(*numbers: int, **changes: Any) -> Coverage:
    return coverage_of(*({"in": {"n": number}} for number in numbers), **changes)


def test_states_arcs_and_answers_are_counted() -> None:
    coverage = of(1, 2, 2)

    assert coverage.states == {"a": 3, "x": 1, "y": 2, "z": 0}
    assert coverage.arcs == {"a->x": 1, "second": 2, "a->z": 0}
    assert coverage.conditions == {"a->x": (1, 2), "second": (2, 0), "a->z": (0, 0)}


def test_what_was_missed_is_named() -> None:
    coverage = of(1, 2)

    assert coverage.missed_states == ["z"]
    assert coverage.missed_arcs == ["a->z"]
    assert coverage.always_true == ["second"]
    assert coverage.always_false == []
    assert coverage.percent == 100 * 5 / 7


def test_all_is_a_hundred() -> None:
    coverage = of(1, 2, 3)

    assert coverage.percent == 100
    assert (coverage.always_true, coverage.always_false) == (["a->z"], [])


def test_a_record_that_no_arc_accepts_was_refused_by_all_of_them() -> None:
    coverage = of(9)

    assert coverage.conditions == {"a->x": (0, 1), "second": (0, 1), "a->z": (0, 1)}
    assert coverage.always_false == ["a->x", "second", "a->z"]


def test_a_condition_that_fails_has_not_answered() -> None:
    coverage = coverage_of({"in": {}})

    assert coverage.conditions == {"a->x": (0, 0), "second": (0, 0), "a->z": (0, 0)}


def test_an_answer_whose_truth_cannot_be_had_is_none() -> None:
    arcs = [
        {"from": "a", "to": "x", "condition": lambda s: False},
        {"from": "a", "to": "y", "condition": lambda s: Undecided()},
    ]

    assert of(1, arcs=arcs).conditions == {"a->x": (0, 1), "a->y": (0, 0)}


def test_an_arc_without_condition_refuses_nothing() -> None:
    arcs = [{"from": "a", "to": "x", "condition": "False"}, {"from": "a", "to": "y"}]

    coverage = of(1, arcs=arcs)

    assert coverage.conditions == {"a->x": (0, 1)}
    assert coverage.arcs == {"a->x": 0, "a->y": 1}


def test_loops_count_each_time() -> None:
    arcs = [
        {"from": "a", "to": "a", "condition": "data['n'] < 3", "transform": "{'n': data['n'] + 1}"},
        {"from": "a", "to": "z"},
    ]

    coverage = of(1, arcs=arcs)

    assert coverage.states["a"] == 3
    assert coverage.conditions == {"a->a": (2, 1)}


@pytest.mark.parametrize("state", ["x", "a"])
def test_a_record_may_enter_elsewhere(state: str) -> None:
    coverage = coverage_of({"in": {"n": 1}, "initial_state": state})

    assert coverage.states["a"] == (1 if state == "a" else 0)


RECOVERING: dict[str, Any] = {
    "states": [
        {
            "name": "a",
            "is_start": True,
            "transform": "{'n': 1 / data['n']}",
            "catch": [
                {"errors": "KeyError", "to": "x"},
                {"errors": "ZeroDivisionError", "to": "x"},
            ],
        },
        {"name": "x", "is_end": True},
        {"name": "tell", "run_on_failure": True, "transform": "data"},
    ],
    "arcs": [{"from": "a", "to": "x", "condition": "data['n'] > 0"}],
}


def test_clauses_of_catch_count_as_arcs() -> None:
    coverage = coverage_of({"in": {"n": 1}}, {"in": {}}, {"in": {}}, **RECOVERING)

    assert coverage.arcs == {"a->x": 1, "a->x (catch)": 2, "a->x (catch) 2": 0}
    assert coverage.conditions == {"a->x": (1, 0)}
    assert coverage.missed_arcs == ["a->x (catch) 2"]


def test_states_that_run_on_failure_are_reached_by_a_failure() -> None:
    passing = coverage_of({"in": {"n": 1}}, **RECOVERING)
    failing = coverage_of({"in": {"n": "x"}, "error": "TypeError"}, **RECOVERING)

    assert (passing.states["tell"], failing.states["tell"]) == (0, 1)


def test_each_attempt_of_a_retry_counts() -> None:
    states = [
        {"name": "a", "is_start": True, "retry": {"max_attempts": 3, "backoff_s": 3600}},
        {"name": "z", "is_end": True},
    ]
    arcs = [{"from": "a", "to": "z", "condition": "True", "transform": "1 / 0"}]

    coverage = coverage_of({"in": {}, "error": {}}, states=states, arcs=arcs)

    assert coverage.arcs == {"a->z": 3}


def test_states_and_arcs_of_inner_networks_count_by_their_network() -> None:
    inner = [{"name": "s", "is_start": True}, {"name": "a", "is_end": True}]
    main = [{"name": "a", "is_start": True}, {"name": "z", "is_end": True}]
    again = {"from": "s", "to": "a", "target_network": "sub", "condition": "data.pop('n', 0)"}
    config = {
        "main_network": "main",
        "networks": [
            {
                "name": "main",
                "states": main,
                "arcs": [{"from": "a", "to": "z", "target_network": "sub"}],
            },
            {"name": "sub", "states": inner, "arcs": [again, {"from": "s", "to": "a"}]},
        ],
        "data_mode": "reference",
        "tests": [{"in": {"n": 1}}],
    }
    coverage = check_config(config).coverage

    assert coverage.states == {"a": 1, "z": 1, "sub:s": 2, "sub:a": 2}
    assert coverage.arcs == {"a->z": 1, "sub:s->a": 1, "sub:s->a 2": 1}
    assert coverage.percent == 100
