"""The framework makes no call per record on the way through fused code.

The rule of counting: every Python function that is entered counts, and every C function that is
called, whoever calls it, while a chunk runs. The author's own calls (`data.get`, `min`) are
counted in a loop written by hand over the same expressions, and subtracted.
"""

import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from examples.end_to_end_streaming import create_streaming_fsm_config
from statepipe.codegen.engine import Engine
from statepipe.config.load import load_config
from statepipe.graph.build import build_machine
from statepipe.graph.model import Machine
from statepipe.plan.lower import lower
from statepipe.testing import ManualTiming
from tests.plan.machines import arc, machine, nested, push, state

RECORDS = 1000


def calls_in(action: Callable[[], Any]) -> int:
    count = 0

    def note(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    gc.disable()  # it may call others, as often as it runs
    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


def records() -> list[dict[str, Any]]:
    return [
        {"id": n, "value": n * 10 if n % 20 else -1, "category": f"cat_{n % 5}"}
        for n in range(RECORDS)
    ]


def by_hand(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    done = []
    append = done.append  # one call per record that is not the author's: see below
    for record in records:
        data = record
        data = {**data, "valid": data.get("value") is not None and data.get("value") >= 0}
        if data.get("valid", True):
            data = {
                "id": data["id"],
                "original_value": data["value"],
                "doubled_value": data["value"] * 2,
                "squared_value": data["value"] ** 2,
                "category": data["category"],
                "status": "enriched",
            }
            data = {
                **data,
                "value_tier": "high"
                if data["original_value"] > 5000
                else "medium"
                if data["original_value"] > 1000
                else "low",
                "status": "processed",
                "risk_score": min(100, data["squared_value"] / 100),
            }
        elif not data.get("valid", True):
            pass
        append(data)
    return done


def test_at_most_one_call_in_twenty_records_is_the_frameworks() -> None:
    machine = build_machine(load_config(create_streaming_fsm_config()), registered={}, trusted=None)
    engine, mine, theirs = Engine(lower(machine)), records(), records()
    authors = calls_in(lambda: by_hand(theirs)) - RECORDS  # less the appends
    all_calls = calls_in(lambda: engine.run(mine))

    assert mine == by_hand(records())
    assert authors >= 3 * RECORDS
    assert 0 < all_calls - authors <= 0.05 * RECORDS


def test_retries_and_catches_make_no_call_for_a_record_that_succeeds() -> None:
    plain, guarded = create_streaming_fsm_config(), create_streaming_fsm_config()
    for each in guarded["networks"][0]["states"]:
        each["retry"] = {"max_attempts": 3, "backoff_s": 1}
        each["on_error"] = "error"
    counts = []
    for config in (plain, guarded):
        machine = build_machine(load_config(config), registered={}, trusted=None)
        engine, mine = Engine(lower(machine), ManualTiming()), records()
        counts.append(calls_in(lambda engine=engine, mine=mine: engine.run(mine)))  # type: ignore[misc]  # binds

    assert counts[0] == counts[1]


def builtin(name: str, **params: Any) -> dict[str, Any]:
    return {"type": "builtin", "name": name, "params": params}


CHAIN = {
    "name": "builtins",
    "states": [
        {
            "name": "a",
            "is_start": True,
            "validators": [
                builtin("required", fields=["id", "n"]),
                builtin("type", types={"id": "integer"}),
            ],
            "transforms": [
                builtin("map", fields={"id": "id", "n": "value", "c": "category"}),
                builtin("enrich", values={"source": "x"}),
                builtin("filter", include=["id", "n", "source"]),
            ],
            "arcs": [{"target": "z", "condition": builtin("range", fields="n", min=-5)}],
        },
        {"name": "z", "is_end": True},
    ],
}


def test_fused_builtins_cost_no_call_of_the_frameworks() -> None:
    machine = build_machine(load_config(CHAIN), registered={}, trusted=None)
    engine, mine = Engine(lower(machine)), records()
    all_calls = calls_in(lambda: engine.run(mine))

    # `data.get` of `required`, `type` and `range`: two, one and three, as their text says.
    gets = engine.compiled.program.source.count("data.get(") * RECORDS
    comprehension = RECORDS if sys.version_info < (3, 12) else 0
    assert all_calls - gets - comprehension <= RECORDS / 20


def test_a_push_without_mappings_costs_no_call() -> None:
    def calls(machine: Machine) -> int:
        engine = Engine(lower(machine))
        return calls_in(lambda: engine.run(records()))

    change = "lambda s: {**s.data, 'id': s.data['id'] + 1}"
    inner = (state("s", arc("e"), transforms=change), state("e"))
    pushed = nested((state("a", push("z", "sub")), state("z")), sub=inner)
    plain = machine(state("a", arc("s")), state("s", arc("z"), transforms=change), state("z"))

    assert calls(pushed) - calls(plain) < RECORDS / 20
