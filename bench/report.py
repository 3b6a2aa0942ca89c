"""From measured numbers to ratios, and each target beside what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

Numbers = Mapping[str, Any]
HAND = ("hand orjson by line", "hand orjson by chunk")


@dataclass(frozen=True, slots=True)
class Target:
    """One promise: `found` is None where a contestant was missing."""

    name: str
    found: float | None
    limit: str
    met: bool | None


def speed(throughput: Numbers, name: str) -> float | None:
    value = throughput.get(name, {}).get("records_per_s_best")
    return None if value is None else float(value)


def ratio(above: float | None, below: float | None) -> float | None:
    return None if above is None or not below else round(above / below, 3)


def best_hand(throughput: Numbers) -> float | None:
    """Return the faster of the two hand-written orjson loops: the bar is the best that is known."""
    speeds = [value for name in HAND if (value := speed(throughput, name)) is not None]
    return max(speeds, default=None)


def ratios(throughput: Numbers) -> dict[str, float | None]:
    ours = speed(throughput, "statepipe chunk 1000")
    heavy = speed(throughput, "statepipe heavy")
    peers = ("hand json", *HAND, "polars", "duckdb", "bytewax")
    return {
        "one core, chunk 1000 / hand orjson": ratio(ours, best_hand(throughput)),
        "one core, chunk 10 / hand orjson": ratio(
            speed(throughput, "statepipe chunk 10"), best_hand(throughput)
        ),
        "with a checkpoint / without": ratio(speed(throughput, "statepipe checkpoint"), ours),
        "two workers / one": ratio(speed(throughput, "statepipe two workers"), ours),
        "two workers / one, CPU-heavy": ratio(
            speed(throughput, "statepipe heavy two workers"), heavy
        ),
        **mode_ratios(throughput),
        **{
            f"one core, chunk 1000 / {name}": ratio(ours, speed(throughput, name)) for name in peers
        },
    }


def mode_ratios(throughput: Numbers) -> dict[str, float | None]:
    """Return what COPY costs: where no function changes its record, and where one does."""
    return {
        f"COPY / {mode.upper()}, {what}": ratio(
            speed(throughput, f"statepipe {base} copy"),
            speed(throughput, f"statepipe {base} {mode}"),
        )
        for base, what in (("plain", "nothing to copy"), ("changing", "two copies of a record"))
        for mode in ("reference", "direct")
    }


def at_least(name: str, found: float | None, limit: float) -> Target:
    return Target(name, found, f">= {limit}", None if found is None else found >= limit)


def at_most(name: str, found: float | None, limit: float) -> Target:
    return Target(name, found, f"<= {limit}", None if found is None else found <= limit)


def targets(found: Numbers) -> list[dict[str, Any]]:
    """Return each promise of the project with the number that was found for it."""
    all_ratios, memory = found["ratios"], found["memory"]
    growth = round(abs(memory["large"]["peak_mb"] - memory["small"]["peak_mb"]), 1)
    latency = found["latency"]
    promised = [
        at_least(name, all_ratios[name], limit)
        for name, limit in {
            "one core, chunk 1000 / hand orjson": 0.85,
            "one core, chunk 10 / hand orjson": 0.55,
            "with a checkpoint / without": 0.9,
            "two workers / one": 1.5,
            "two workers / one, CPU-heavy": 1.8,
        }.items()
    ]
    promised += [
        at_most("peak memory, ten times the records, MB more", growth, 10),
        at_most("peak memory at one core, MB", memory["large"]["peak_mb"], 100),
        at_most("import statepipe, s", found["import"]["seconds_best"], 0.25),
        at_most("import statepipe, MB", found["import"]["rss_mb"], 45),
        at_most("p99 at chunk_size=1, ms", latency["chunk_size=1"]["p99_ms"], 20),
        at_most("p99 with max_wait_ms=5, ms", latency["max_wait_ms=5"]["p99_ms"], 20),
    ]
    return [asdict(target) for target in promised]


def print_report(found: Numbers) -> None:
    measured = ("throughput", "throughput_heavy", "throughput_in_modes")
    for name, numbers in [pair for part in measured for pair in found[part].items()]:
        said = numbers.get("records_per_s_best", "missing here")
        cpu, peak = numbers.get("cpu_seconds_best", ""), numbers.get("peak_mb", "")
        print(f"{name:<32}{said:>12}  records/s   {cpu:>6} s of CPU   {peak:>7} MB")
    gain = found["machine"]["gain_of_two_bare_processes"]
    print(f"\nTwo bare Python processes do {gain} times the work of one here and now.\n")
    for target in found["targets"]:
        mark = {True: "ok", False: "MISSED", None: "not measured"}[target["met"]]
        print(f"{target['name']:<46}{target['found']!s:>9}  {target['limit']:<9} {mark}")
    print()
    for name, found_ratio in found["ratios"].items():
        if name.startswith("COPY"):
            print(f"{name:<46}{found_ratio!s:>9}")
    for name, reason in found["wrong_output"].items():
        print(f"WRONG OUTPUT of {name}: {reason}")
