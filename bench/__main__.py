"""Measure everything and write one result file: `python -m bench [--quick] [--rounds N]`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import machine, report, scaling, workload
from bench.contestant import CONTESTANTS, HEAVY, IN_MODES, OURS, PEERS
from bench.measure import (
    Timing,
    contest,
    difference,
    output_path,
    peak_of_fresh_process,
    run_in_fresh_process,
    run_rounds,
)

RESULTS = Path(__file__).parent / "results"
QUICK_DIVISOR = 20


def measure_throughput(
    names: list[str], records: int, rounds: int, folder: Path
) -> dict[str, Timing]:
    print(f"{records} records: {', '.join(names)}", file=sys.stderr)
    source = folder / f"input_{records}.jsonl"
    workload.write_input(source, records)
    return run_rounds(names, source, folder, rounds)


def wrong_outputs(timings: dict[str, Timing], folder: Path) -> dict[str, str]:
    """Compare each contestant's output with hand-written Python's; say what differs."""
    expected = output_path(folder, "hand json")
    found = {
        name: difference(expected, output_path(folder, name), CONTESTANTS[name].keeps_order)
        for name, timing in timings.items()
        if timing.missing is None
    }
    return {name: what for name, what in found.items() if what is not None}


def measure_memory(records: int, folder: Path) -> dict[str, Any]:
    """Return the peak of one core's process tree for `records` and for ten times as many."""
    found: dict[str, Any] = {}
    for size, count in {"small": records, "large": records * 10}.items():
        print(f"memory: {count} records", file=sys.stderr)
        source = folder / f"input_{count}.jsonl"
        workload.write_input(source, count)
        peak_mb = peak_of_fresh_process(contest("statepipe chunk 1000", source, folder))
        found[size] = {"records": count, "peak_mb": round(peak_mb, 1)}
    return found


def measure_import(times: int) -> dict[str, float]:
    said = [run_in_fresh_process(["bench.importing"]) for _ in range(times)]
    best = min(one["seconds"] for one in said)
    return {
        "seconds_best": round(best, 4),
        "rss_mb": round(min(one["rss_mb"] for one in said), 1),
    }


def measure_latency(records: int) -> dict[str, Any]:
    print("latency: 1000 records per second", file=sys.stderr)
    options = {"chunk_size=1": ("1", "5"), "max_wait_ms=5": ("1000", "5")}
    return {
        name: run_in_fresh_process(["bench.latency", *chosen, str(records)])
        for name, chosen in options.items()
    }


def reports(timings: dict[str, Timing], records: int) -> dict[str, Any]:
    return {name: timing.report(records) for name, timing in timings.items()}


def measure_all(divisor: int, rounds: int, folder: Path) -> dict[str, Any]:
    about = {**machine.describe(), "gain_of_two_bare_processes": scaling.two_process_gain()}
    plain = measure_throughput([*PEERS, *OURS], 400_000 // divisor, rounds, folder)
    wrong = wrong_outputs(plain, folder)
    heavy = measure_throughput([*HEAVY], 400_000 // divisor, rounds, folder)
    modes = measure_throughput([*IN_MODES], 400_000 // divisor, rounds, folder)
    throughput = reports(plain, 400_000 // divisor)
    heavy_throughput = reports(heavy, 400_000 // divisor)
    in_modes = reports(modes, 400_000 // divisor)
    found: dict[str, Any] = {
        "ratios": report.ratios({**throughput, **heavy_throughput, **in_modes}),
        "targets": [],
        "throughput": throughput,
        "throughput_heavy": heavy_throughput,
        "throughput_in_modes": in_modes,
        "memory": measure_memory(200_000 // divisor, folder),
        "import": measure_import(times=10),
        "latency": measure_latency(5000 // divisor),
        "wrong_output": wrong,
        "machine": about,
    }
    found["targets"] = report.targets(found)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure statepipe beside its peers.")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (5)")
    parser.add_argument("--quick", action="store_true", help="a twentieth of the records, no file")
    chosen = parser.parse_args()
    divisor = QUICK_DIVISOR if chosen.quick else 1
    with tempfile.TemporaryDirectory(prefix="statepipe-bench-") as folder:
        # Bytecode is kept, as it is for an installed package, whatever the environment says.
        os.environ["PYTHONDONTWRITEBYTECODE"] = ""
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(folder) / "bytecode")
        found = measure_all(divisor, chosen.rounds, Path(folder))
    report.print_report(found)
    if not chosen.quick:
        path = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        print(f"\nWritten to {path.relative_to(RESULTS.parent.parent)}")
    return 1 if found["wrong_output"] else 0


if __name__ == "__main__":
    sys.exit(main())
