"""Data modes: who sees what a function changes. On every engine, wherever the mode is set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from statepipe import SimpleFSM, StreamConfig
from tests.behaviour.conftest import Run
from tests.behaviour.engines import IN_MEMORY, Config, FromIterable
from tests.behaviour.own import own
from tests.behaviour.test_features import pushing

MODES = ["copy", "reference", "direct"]
SHARING = MODES[1:]


def witness(**top: Any) -> Config:
    """A machine whose condition spoils the record, and which fails what is `bad`."""
    return {
        "name": "Witness",
        "states": [
            {"name": "a", "is_start": True},
            {"name": "b", "transform": "{**data, 'new': True}"},
            {"name": "spoil", "transform": own("spoil_and_fail")},
            {"name": "spoilt", "is_end": True},
            {"name": "z", "is_end": True},
        ],
        "arcs": [
            {"from": "a", "to": "spoilt", "condition": own("spoil_and_refuse")},
            {"from": "a", "to": "spoilt", "condition": "'seen' in data['list']"},
            {"from": "a", "to": "spoil", "condition": "data.get('bad')"},
            {"from": "a", "to": "b"},
            {"from": "b", "to": "z"},
        ],
        **top,
    }


def in_states(mode: str, **top: Any) -> Config:
    config = witness(**top)
    config["states"][:3] = [{**state, "data_mode": mode} for state in config["states"][:3]]
    return config


def overridden(mode: str, default: str) -> Config:
    return witness(
        data_mode={"default": default, "state_overrides": dict.fromkeys(["a", "b", "spoil"], mode)}
    )


WAYS = {
    "top": lambda mode: witness(data_mode=mode),
    "default": lambda mode: witness(data_mode={"default": mode}),
    "each state": lambda mode: in_states(mode, data_mode=mode),
    "overrides": lambda mode: overridden(mode, mode),
}
PER_STATE = {
    "each state": lambda mode, other: in_states(mode, data_mode=other),
    "overrides": overridden,
}
anywhere = pytest.mark.parametrize("config_of", WAYS.values(), ids=WAYS)
per_state = pytest.mark.parametrize("config_of", PER_STATE.values(), ids=PER_STATE)


def record(**fields: Any) -> Any:
    return {"list": [], **fields}


@anywhere
@pytest.mark.parametrize("mode", MODES)
def test_a_sibling_condition_sees_what_another_changed_but_for_copy(
    run: Run, config_of: Any, mode: str
) -> None:
    seen = run(config_of(mode), record())

    assert seen.state == ("z" if mode == "copy" else "spoilt")
    assert seen.data["list"] == ([] if mode == "copy" else ["seen"])


@anywhere
@pytest.mark.parametrize("mode", MODES)
def test_the_caller_sees_what_functions_changed_but_for_copy(
    run_in_memory: Run, config_of: Any, mode: str
) -> None:
    given = record()
    run_in_memory(config_of(mode), given)

    assert given == record(list=[] if mode == "copy" else ["seen"])


@pytest.mark.parametrize("mode", MODES)
def test_only_direct_puts_a_new_record_into_the_callers_object(
    run_in_memory: Run, mode: str
) -> None:
    config = witness(data_mode=mode)
    config["arcs"][:2] = []
    given = record()
    seen = run_in_memory(config, given)

    assert seen.data == record(new=True)
    assert given == (record(new=True) if mode == "direct" else record())


@per_state
@pytest.mark.parametrize("mode", SHARING)
def test_a_state_that_shares_in_a_machine_that_copies_shows_the_caller_nothing(
    run_in_memory: Run, config_of: Any, mode: str
) -> None:
    given = record()
    seen = run_in_memory(config_of(mode, "copy"), given)

    assert seen.state == "spoilt"
    assert given == record()


@per_state
@pytest.mark.parametrize("mode", SHARING)
def test_a_state_that_copies_in_a_machine_that_shares_shows_nobody_anything(
    run_in_memory: Run, config_of: Any, mode: str
) -> None:
    given = record()
    seen = run_in_memory(config_of("copy", mode), given)

    assert (seen.state, given) == ("z", record())


def failing(**top: Any) -> Config:
    config = witness(**top)
    config["arcs"][:2] = []
    return config


@pytest.mark.parametrize("mode", MODES)
def test_a_failed_record_shows_what_its_function_left_but_for_copy(run: Run, mode: str) -> None:
    seen = run(failing(data_mode=mode), record(bad=True))
    left = record(bad=True) if mode == "copy" else record(bad=True, half=True)

    assert seen.error is not None
    assert (seen.state, seen.error[0]) == ("spoil", "ValueError")
    assert seen.data in (left, None)
    assert seen.letter is None or seen.letter["record"] == repr(left)


@pytest.mark.parametrize("mode", MODES)
def test_a_dead_letter_of_a_file_holds_what_stood_there_in_every_mode(
    run_of_file: Run, mode: str
) -> None:
    letter = run_of_file(failing(data_mode=mode), record(bad=True)).letter

    assert letter is not None
    assert (letter["original"], letter["kept"]) == (json.dumps(record(bad=True)), "whole")


@pytest.mark.parametrize("engine", ["stream of an iterable", "stream of an async iterable"])
@pytest.mark.parametrize("mode", MODES)
def test_a_dead_letter_of_an_iterable_says_where_functions_shared_its_record(
    engine: str, mode: str, tmp_path: Path
) -> None:
    letter = IN_MEMORY[engine].run(failing(data_mode=mode), record(bad=True), tmp_path).letter
    shared = {"original": '{"list":[],"bad":true,"half":true}', "kept": "inexact"}
    own = {"original": '{"list":[],"bad":true}', "kept": "whole"}

    assert letter is not None
    assert {key: letter[key] for key in shared} == (own if mode == "copy" else shared)


def test_a_dead_letter_says_where_a_pure_function_changed_it_in_place(tmp_path: Path) -> None:
    config: Config = {
        "states": {
            "a": {"start": True, "transform": ["{**data, 'new': True}", "data['nothing']"]},
            "z": {"end": True},
        },
        "arcs": [{"from": "a", "to": "z"}],
        "data_mode": "direct",
    }
    letter = FromIterable().run(config, record(), tmp_path).letter

    assert letter is not None
    assert (letter["original"], letter["kept"]) == ('{"list":[],"new":true}', "inexact")


@pytest.mark.parametrize("mode", SHARING)
def test_workers_share_objects_among_their_functions_and_leave_the_callers_alone(
    mode: str,
) -> None:
    given: list[Any] = [record() for _ in range(3)]
    kept: list[Any] = []
    options = StreamConfig(parallelism=2)
    SimpleFSM(witness(data_mode=mode)).process_stream(given, kept.append, stream_config=options)

    assert kept == [record(list=["seen"])] * 3
    assert given == [record()] * 3


@pytest.mark.parametrize("isolation", ["copy", "reference", "serialize"])
@pytest.mark.parametrize("change", ["{**data, 'new': True}", "data['list'].append(1)"])
@pytest.mark.parametrize("mode", MODES)
def test_a_push_arc_shows_the_caller_nothing_in_a_machine_that_copies(
    run_in_memory: Run, mode: str, change: str, isolation: str
) -> None:
    config = {**pushing({"transform": change}, data_isolation=isolation), "data_mode": "copy"}
    config["networks"][0]["states"][1]["data_mode"] = mode
    given = record()
    run_in_memory(config, given)

    assert given == record()


@pytest.mark.parametrize(("isolation", "seen"), [("copy", []), ("reference", [1])])
def test_in_reference_mode_the_isolation_says_what_the_caller_sees_of_a_push(
    run_in_memory: Run, isolation: str, seen: Any
) -> None:
    config = pushing({"transform": "data['list'].append(1)"}, data_isolation=isolation)
    given = record()
    run_in_memory({**config, "data_mode": "reference"}, given)

    assert given == record(list=seen)


def test_a_push_arc_of_a_direct_state_leaves_a_stream_s_records_alone(tmp_path: Path) -> None:
    config = {**pushing({"transform": "{**data, 'new': True}"}), "data_mode": "copy"}
    config["networks"][0]["states"][1]["data_mode"] = "direct"
    given = record()
    SimpleFSM(config).process_stream([given], tmp_path / "out.jsonl")

    assert given == record()
