"""The workloads: the mission's network over generated JSON lines, plain and CPU-heavy."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import orjson

from examples.end_to_end_streaming import create_streaming_fsm_config

GRIND = """
def grind(state):
    x = state.data['id']
    for i in range(200):
        x = (x * 31 + i) % 1000003
    return {**state.data, 'ground': x}
"""


def input_record(i: int) -> dict[str, Any]:
    """Return record `i`; one in 20 has a negative value and goes to the error state."""
    value = (i % 10007) * 10 if i % 20 else -1
    return {"id": i, "value": value, "category": f"cat_{i % 5}", "status": "pending"}


def write_input(path: Path, count: int) -> None:
    with path.open("wb") as file:
        for i in range(count):
            file.write(orjson.dumps(input_record(i), option=orjson.OPT_APPEND_NEWLINE))


def plain_config() -> dict[str, Any]:
    config: dict[str, Any] = create_streaming_fsm_config()
    return config


def heavy_config() -> dict[str, Any]:
    """Return the plain network with one more state, which loops 200 times per record."""
    config = copy.deepcopy(plain_config())
    network = config["networks"][0]
    work = {"type": "inline", "code": GRIND}
    network["states"].append({"name": "grind", "functions": {"transform": work}})
    arcs = [arc for arc in network["arcs"] if arc["from"] != "enrich"]
    arcs += [{"from": "enrich", "to": "grind"}, {"from": "grind", "to": "categorize"}]
    network["arcs"] = arcs
    return config
