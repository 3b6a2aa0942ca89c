"""How often COPY copies a record: never where no function can change what others see.

Counted is every call of the function that copies, whoever makes it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from bench import modes, workload
from statepipe import DataHandlingMode, SimpleFSM
from statepipe.codegen.engine import Engine
from statepipe.plan.values import deep_copy
from tests.plan.machines import arc, plan_of, state

COPY, REFERENCE, DIRECT = DataHandlingMode
RECORDS = 50


def copies_in(action: Callable[[], Any]) -> int:
    count = 0

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event == "call" and frame.f_code is deep_copy.__code__

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


def copies_per_record(*codes: Any, mode: DataHandlingMode = COPY, condition: Any = None) -> float:
    """Return how many copies a record costs in a network of one transform after the other."""
    names = [f"s{number}" for number in range(len(codes))]
    pairs = zip(names, [*names[1:], "end"], codes, strict=True)
    states = [state(name, arc(to, condition), transforms=code) for name, to, code in pairs]
    engine = Engine(plan_of(*states, state("end"), mode=mode))
    records: list[Any] = [{"n": n, "list": []} for n in range(RECORDS)]
    return copies_in(lambda: engine.run(records)) / RECORDS


PURE = "lambda s: {**s.data, 'n': s.data['n'] + 1}"
CHANGING = "lambda s: s.data['list'].append(1)"


def keeping(state: Any) -> Any:
    """May do anything for all we know: it gets a copy, and what it gives is copied."""
    return state.data


@pytest.mark.parametrize(
    ("codes", "copies"),
    [
        ([PURE, PURE, PURE], 0),
        ([CHANGING, PURE], 1),
        ([CHANGING, CHANGING, CHANGING], 3),
        ([keeping], 2),
        ([PURE, keeping, PURE, keeping], 4),
    ],
)
def test_each_function_that_changes_a_record_or_keeps_it_costs_its_copies(
    codes: Any, copies: int
) -> None:
    assert copies_per_record(*codes) == copies


@pytest.mark.parametrize(("condition", "copies"), [("data['n'] >= 0", 0), (keeping, 1)])
def test_a_condition_costs_a_copy_where_it_is_not_proved_to_read_only(
    condition: Any, copies: int
) -> None:
    assert copies_per_record(PURE, condition=condition) == copies


@pytest.mark.parametrize("mode", [REFERENCE, DIRECT])
def test_the_other_modes_copy_nothing(mode: DataHandlingMode) -> None:
    assert copies_per_record(CHANGING, keeping, mode=mode) == 0


def lines(path: Path) -> Path:
    workload.write_input(path, RECORDS)
    return path


def records() -> Iterator[Any]:
    yield from map(workload.input_record, range(RECORDS))


@pytest.mark.parametrize(
    ("config", "copies"), [(workload.plain_config, 0), (modes.changing_config, 2)]
)
def test_a_stream_to_a_file_copies_only_for_functions(
    config: Any, copies: int, tmp_path: Path
) -> None:
    fsm, sink = SimpleFSM(config(), custom_functions=modes.FUNCTIONS), tmp_path / "out.jsonl"
    source = lines(tmp_path / "in.jsonl")

    expected = copies * sum(record["value"] >= 0 for record in records())

    assert copies_in(lambda: fsm.process_stream(records(), sink)) == expected
    assert copies_in(lambda: fsm.process_stream(source, sink)) == expected


@pytest.mark.parametrize("way", ["process", "process_batch", "process_stream"])
def test_what_comes_from_the_program_and_goes_back_to_it_is_copied_once(way: str) -> None:
    fsm = SimpleFSM(workload.plain_config())
    given: Any = workload.input_record(1)
    call: dict[str, Callable[[], Any]] = {
        "process": lambda: fsm.process(given),
        "process_batch": lambda: fsm.process_batch([given]),
        "process_stream": lambda: fsm.process_stream([given], print),
    }

    assert copies_in(call[way]) == 1
