"""What COPY costs: the workload in each data mode, as it is and with a function that changes it.

As it is, every lambda is proved to read and give, and COPY copies nothing. The function is called,
may do anything for all statepipe knows, and so costs COPY two copies of each record.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from bench import workload
from statepipe import CoreStreamConfig, DataHandlingMode, SimpleFSM

COPY, REFERENCE, DIRECT = DataHandlingMode


def mark(state: Any) -> None:
    """Change the record in place."""
    state.data["marked"] = True


FUNCTIONS: Mapping[str, Callable[..., Any]] = {"mark": mark}


def changing_config() -> dict[str, Any]:
    """Return the plain network with one more state, whose function changes its record."""
    config = copy.deepcopy(workload.plain_config())
    network = config["networks"][0]
    function = {"type": "registered", "name": "mark"}
    network["states"].append({"name": "mark", "functions": {"transform": function}})
    arcs = [arc for arc in network["arcs"] if arc["from"] != "enrich"]
    network["arcs"] = [
        *arcs,
        {"from": "enrich", "to": "mark"},
        {"from": "mark", "to": "categorize"},
    ]
    return config


def run(config: dict[str, Any], mode: DataHandlingMode, source: str, sink: str) -> None:
    options = CoreStreamConfig(chunk_size=1000)
    with SimpleFSM(config, data_mode=mode, custom_functions=FUNCTIONS) as fsm:
        fsm.process_stream(source, sink, stream_config=options)


def run_plain_copy(source: str, sink: str) -> None:
    run(workload.plain_config(), COPY, source, sink)


def run_plain_reference(source: str, sink: str) -> None:
    run(workload.plain_config(), REFERENCE, source, sink)


def run_plain_direct(source: str, sink: str) -> None:
    run(workload.plain_config(), DIRECT, source, sink)


def run_changing_copy(source: str, sink: str) -> None:
    run(changing_config(), COPY, source, sink)


def run_changing_reference(source: str, sink: str) -> None:
    run(changing_config(), REFERENCE, source, sink)


def run_changing_direct(source: str, sink: str) -> None:
    run(changing_config(), DIRECT, source, sink)
