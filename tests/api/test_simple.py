"""What SimpleFSM and AsyncSimpleFSM are beside running records."""

from __future__ import annotations

import asyncio
import importlib
import json
from pathlib import Path
from typing import Any

import pytest

import statepipe
from statepipe import (
    AsyncSimpleFSM,
    DataHandlingMode,
    SimpleFSM,
    UsageError,
    batch_process,
    create_async_fsm,
    create_fsm,
    process_file,
    validate_data,
)
from tests.streaming.streams import divider, lines_of, one_state, write_lines


def test_states_and_config_can_be_asked_for(make: Any) -> None:
    fsm = make(divider())

    assert fsm.get_states() == ["input", "output", "negative"]
    assert fsm.get_resources() == []
    assert fsm.config["name"] == "Divider"
    assert fsm.config["networks"][0]["states"][0]["name"] == "input"


def test_a_canonical_config_makes_the_same_machine(make: Any) -> None:
    again = make(make(divider()).config)

    assert again.process({"value": 4}).data == {"value": 4, "share": 3.0}


@pytest.mark.parametrize(
    "transform",
    [
        "lambda state: {'rate': state.resources['db']['rate']}",
        "lambda data, context: {'rate': context.resources['db']['rate']}",
        lambda state: {"rate": state.resources["db"]["rate"]},
    ],
)
@pytest.mark.parametrize("way", ["process", "process_batch", "process_stream"])
def test_functions_see_the_resources(transform: Any, way: str, make: Any) -> None:
    fsm = make(one_state(transform), resources={"db": {"rate": 7}})
    seen: list[Any] = []

    assert fsm.get_resources() == ["db"]
    if way == "process":
        seen.append(fsm.process({}).data)
    elif way == "process_batch":
        seen.append(fsm.process_batch([{}])[0].data)
    else:
        fsm.process_stream([{}], seen.append)
    assert seen == [{"rate": 7}]


def test_custom_functions_are_the_registered_ones(make: Any) -> None:
    config = one_state({"type": "registered", "name": "double"})
    functions = {"double": lambda state: {"x": state["x"] * 2}}

    assert make(config, custom_functions=functions).process({"x": 2}).data == {"x": 4}


def test_a_file_is_trusted_only_when_told(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "flow.json"
    path.write_text(json.dumps(one_state("lambda s: {'x': len(open('/dev/null').read())}")))

    with pytest.raises(statepipe.ConfigError, match="open"):
        make(path)
    assert make(path, trusted=True).process({}).data == {"x": 0}


def test_closing_twice_is_fine_and_ends_all_work(make: Any) -> None:
    fsm = make(one_state())
    fsm.close()
    fsm.close()
    asyncio.run(fsm.fsm.aclose())

    calls: list[Any] = [
        lambda: fsm.process({}),
        lambda: fsm.process({}, timeout=1),
        lambda: fsm.process_batch([{}]),
        lambda: fsm.process_stream([{}]),
        lambda: fsm.validate({}),
    ]
    for call in calls:
        with pytest.raises(UsageError, match="'One' is closed"):
            call()


def test_a_with_block_closes_the_blocking_machine() -> None:
    with SimpleFSM(one_state()) as fsm:
        assert fsm.process({}).success

    with pytest.raises(UsageError, match="'One' is closed"):
        fsm.process({})


async def test_an_async_with_block_closes_the_async_machine() -> None:
    async with AsyncSimpleFSM(one_state()) as fsm:
        assert (await fsm.process({})).success

    with pytest.raises(UsageError, match="'One' is closed"):
        await fsm.process({})


async def test_functions_of_the_module_make_and_run_machines(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", [{"value": n} for n in (1, 2)])
    functions = {"same": lambda state: state.data}
    registered = one_state({"type": "registered", "name": "same"})

    assert create_fsm(registered, custom_functions=functions).process({"x": 1}).success
    assert (await create_async_fsm(registered, custom_functions=functions).process({})).success
    assert create_fsm(one_state(), data_mode=DataHandlingMode.DIRECT).process({}).success
    result = process_file(divider(), source, tmp_path / "out.jsonl", chunk_size=1)
    assert (result.chunks, len(lines_of(tmp_path / "out.jsonl"))) == (2, 2)
    assert [r.success for r in batch_process(divider(), [{"value": 1}, {"value": 0}])] == [
        True,
        False,
    ]
    assert validate_data(divider(), {"value": 1})
    assert not validate_data(divider(), {})


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (
            "statepipe.api.simple",
            ["SimpleFSM", "create_fsm", "process_file", "batch_process", "validate_data"],
        ),
        ("statepipe.api.async_simple", ["AsyncSimpleFSM", "create_async_fsm"]),
        ("statepipe.core.data_modes", ["DataHandlingMode"]),
    ],
)
def test_public_names_can_be_imported_from_their_other_places(
    module: str, names: list[str]
) -> None:
    found = importlib.import_module(module)

    for name in names:
        assert vars(found)[name] is vars(statepipe)[name]
        assert name in statepipe.__all__
