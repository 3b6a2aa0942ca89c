"""Inspecting a machine: its arcs, its states, its picture, and whether it holds together."""

from __future__ import annotations

from typing import Any

import pytest

from statepipe import AdvancedFSM, UsageError
from tests.api.steps import counting


def test_the_arcs_of_a_state_stand_as_they_are_tried() -> None:
    fsm = AdvancedFSM(counting())

    assert fsm.get_available_transitions("add") == [
        {"name": "enough", "target": "double", "has_pre_test": True, "has_transform": False},
        {"name": "again", "target": "add", "has_pre_test": False, "has_transform": False},
    ]
    assert fsm.get_available_transitions("double") == [
        {"name": "double->done", "target": "done", "has_pre_test": False, "has_transform": True}
    ]
    assert fsm.get_available_transitions("done") == []


def test_a_state_is_told_with_what_it_does() -> None:
    config = counting(resources=[{"name": "cache", "provider": "cache"}])
    config["states"][0] |= {"resources": ["cache"], "schema": {"type": "object"}}
    fsm = AdvancedFSM(config)
    add, done = fsm.inspect_state("add"), fsm.inspect_state("done")

    assert {name: add[name] for name in list(add)[:-1]} == {
        "name": "add",
        "is_start": True,
        "is_end": False,
        "has_transform": True,
        "has_validator": True,
        "resources": ["cache"],
        "metadata": {"owner": "sums"},
    }
    assert add["arcs"] == fsm.get_available_transitions("add")
    assert (done["is_end"], done["has_transform"], done["has_validator"]) == (True, False, False)


def test_states_of_another_network_are_named_as_they_are_asked_for() -> None:
    inner = counting()
    outer = {
        "name": "outer",
        "states": [{"name": "in", "is_start": True}, {"name": "out", "is_end": True}],
        "arcs": [{"from": "in", "target_network": "sums", "return_state": "out"}],
    }
    sums = {"name": "sums", "states": inner["states"], "arcs": inner["arcs"]}
    fsm = AdvancedFSM({"main_network": "outer", "networks": [outer, sums]})

    assert [way["target"] for way in fsm.get_available_transitions("in")] == ["out"]
    targets = [way["target"] for way in fsm.get_available_transitions("sums:add")]
    assert targets == ["sums:double", "sums:add"]
    assert [fsm.inspect_state(name)["name"] for name in targets] == targets


@pytest.mark.parametrize("ask", ["get_available_transitions", "inspect_state"])
def test_a_state_that_is_none_is_told_with_those_there_are(ask: str) -> None:
    with pytest.raises(UsageError, match="no state 'end'; the states are add, double, done"):
        getattr(AdvancedFSM(counting()), ask)("end")


def test_the_picture_is_dot_with_the_start_green_and_ends_red() -> None:
    lines = AdvancedFSM(counting()).visualize_fsm().splitlines()

    assert lines[:2] == ["digraph FSM {", "    rankdir=LR;"]
    assert "    add [style=filled,fillcolor=green];" in lines
    assert "    done [shape=doublecircle,style=filled,fillcolor=red];" in lines
    assert "    double -> done;" in lines


async def test_a_network_that_is_of_a_piece_is_valid() -> None:
    assert await AdvancedFSM(counting()).validate_network() == {
        "valid": True,
        "issues": [],
        "stats": {
            "total_states": 3,
            "reachable_states": 3,
            "unreachable_states": 0,
            "start_states": 1,
            "end_states": 1,
        },
    }


async def test_what_is_wrong_is_told_with_its_place(tmp_path: Any) -> None:
    path = tmp_path / "flow.yaml"
    path.write_text(
        """\
name: Broken
states:
  - {name: a, is_start: true}
  - {name: dead}
  - {name: lost}
  - {name: round}
  - {name: end, is_end: true}
arcs:
  - {from: a, to: round}
  - {from: a, to: dead}
  - {from: round, to: round}
  - {from: lost, to: end}
"""
    )
    report = await AdvancedFSM(path).validate_network()

    assert report["valid"] is False
    assert [issue.partition(" (")[0] for issue in report["issues"]] == [
        "from state 'a' no way leads to an end state",
        "state 'a': arc 'a->dead' is never tried, as 'a->round' before it accepts every record",
        "state 'dead' is no end state, and no arc leads out of it",
        "state 'lost' cannot be reached from 'a'",
        "from state 'round' no way leads to an end state",
        "state 'end' cannot be reached from 'a'",
    ]
    assert all(f"{path}:" in issue for issue in report["issues"])
    assert report["stats"] == {
        "total_states": 5,
        "reachable_states": 3,
        "unreachable_states": 2,
        "start_states": 1,
        "end_states": 1,
    }


async def test_a_catch_is_a_way_too() -> None:
    config = counting()
    config["arcs"] = [{"from": "add", "to": "double"}, {"from": "double", "to": "double"}]
    config["states"][1]["on_error"] = "done"

    assert (await AdvancedFSM(config).validate_network())["valid"]
