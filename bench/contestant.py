"""One contestant in one fresh process: `python -m bench.contestant NAME SOURCE SINK`.

Prints one JSON object: `seconds` from the call to the closed output file and the `cpu_seconds` of
all threads and ended children in between, or `missing` with the reason why it cannot run here.
Imports are not in these, nor what a library loads at its first use: before, the contestant runs
one record. How long that took is `first_use_seconds`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import workload

OPTIONAL = ("polars", "duckdb", "bytewax")


@dataclass(frozen=True, slots=True)
class Contestant:
    """`run` is `module:function`, called with source and sink."""

    run: str
    keeps_order: bool = True


PEERS = {
    "hand json": Contestant("bench.by_hand:run_json"),
    "hand orjson by line": Contestant("bench.by_hand:run_orjson_by_line"),
    "hand orjson by chunk": Contestant("bench.by_hand:run_orjson_by_chunk"),
    "polars": Contestant("bench.by_polars:run"),
    "duckdb": Contestant("bench.by_duckdb:run"),
    "bytewax": Contestant("bench.by_bytewax:run", keeps_order=False),
}
OURS = {
    "statepipe chunk 1000": Contestant("bench.by_statepipe:run_plain"),
    "statepipe chunk 10": Contestant("bench.by_statepipe:run_small_chunks"),
    "statepipe checkpoint": Contestant("bench.by_statepipe:run_with_checkpoint"),
    "statepipe two workers": Contestant("bench.by_statepipe:run_two_workers"),
}
HEAVY = {
    "statepipe heavy": Contestant("bench.by_statepipe:run_heavy"),
    "statepipe heavy two workers": Contestant("bench.by_statepipe:run_heavy_two_workers"),
}
IN_MODES = {
    f"statepipe {base} {mode}": Contestant(f"bench.modes:run_{base}_{mode}")
    for base in ("plain", "changing")
    for mode in ("copy", "reference", "direct")
}
CONTESTANTS = {**PEERS, **OURS, **HEAVY, **IN_MODES}


def main(name: str, source: str, sink: str) -> dict[str, float | str]:
    contestant = CONTESTANTS[name]
    module, _, function = contestant.run.partition(":")
    try:
        run = vars(importlib.import_module(module))[function]
    except ModuleNotFoundError as error:
        if error.name not in OPTIONAL:
            raise
        return {"missing": str(error)}
    first_use_s = seconds_of_one_record(run, Path(sink).parent)
    begin, cpu_begin = time.perf_counter(), cpu_seconds()
    run(source, sink)
    return {
        "seconds": time.perf_counter() - begin,
        "cpu_seconds": cpu_seconds() - cpu_begin,
        "first_use_seconds": first_use_s,
    }


def seconds_of_one_record(run: Callable[[str, str], None], folder: Path) -> float:
    """Return how long `run` takes for one record, in files of their own in `folder`."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        source = Path(name) / "in.jsonl"
        workload.write_input(source, 1)
        begin = time.perf_counter()
        run(str(source), str(Path(name) / "out.jsonl"))
        return time.perf_counter() - begin


def cpu_seconds() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
