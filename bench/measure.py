"""Run contestants in fresh processes: interleaved rounds, memory of the process tree, output."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parent.parent
SAMPLE_EVERY_S = 0.01
MEGABYTE = 1e6


class ContestantFailedError(Exception):
    """A contestant's process ended with an error; the message is what it said."""


@dataclass(slots=True)
class Timing:
    """The seconds of one contestant's rounds, and the peak of its process tree in MB.

    CPU seconds tell what was done from what was waited for, on a machine with other work.
    `first_use_s` are those of the one record before each round.
    """

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    first_use_s: list[float] = field(default_factory=list)
    peak_mb: float = 0.0
    missing: str | None = None

    def report(self, records: int) -> dict[str, Any]:
        if self.missing is not None:
            return {"missing": self.missing}
        return {
            "records_per_s_best": round(records / min(self.seconds)),
            "records_per_s_median": round(records / statistics.median(self.seconds)),
            "seconds": [round(value, 4) for value in self.seconds],
            "cpu_seconds_best": round(min(self.cpu_seconds), 2),
            "first_use_seconds_best": round(min(self.first_use_s), 3),
            "peak_mb": round(self.peak_mb, 1),
        }


def tree_bytes(process: psutil.Process) -> int:
    """Return the resident bytes of `process` and all below it; shared pages count in each."""
    try:
        tree = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    return sum(resident_bytes(member) for member in tree)


def resident_bytes(process: psutil.Process) -> int:
    """Return the resident bytes of `process`, 0 if it has ended meanwhile."""
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def start(arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(child: subprocess.Popen[str], timeout_s: float | None = None) -> dict[str, Any]:
    """Return what `child` printed last, as JSON; raises TimeoutExpired while it runs."""
    out, err = child.communicate(timeout=timeout_s)
    if child.returncode != 0:
        raise ContestantFailedError(f"{child.args!r}:\n{err}")
    said: dict[str, Any] = json.loads(out.splitlines()[-1])
    return said


def run_in_fresh_process(arguments: list[str]) -> dict[str, Any]:
    """Run `python -m ARGUMENTS` and return what it printed last, as JSON."""
    return finish(start(arguments))


def peak_of_fresh_process(arguments: list[str]) -> float:
    """Return the peak of resident memory of `python -m ARGUMENTS` and all below it, in MB."""
    child = start(arguments)
    process, peak = psutil.Process(child.pid), 0
    while True:
        peak = max(peak, tree_bytes(process))
        try:
            finish(child, SAMPLE_EVERY_S)
        except subprocess.TimeoutExpired:
            continue
        return peak / MEGABYTE


def run_rounds(names: Iterable[str], source: Path, folder: Path, rounds: int) -> dict[str, Timing]:
    """Run each contestant once per round, so that a slow minute hits all of them alike.

    One more round, untimed, samples memory: the sampling itself takes a share of the machine.
    """
    timings = {name: Timing() for name in names}
    for number in range(rounds):
        for name, timing in timings.items():
            if timing.missing is None:
                add_round(timing, run_in_fresh_process(contest(name, source, folder)))
        print(f"  round {number + 1} of {rounds} done", file=sys.stderr)
    for name, timing in timings.items():
        if timing.missing is None:
            timing.peak_mb = peak_of_fresh_process(contest(name, source, folder))
    return timings


def add_round(timing: Timing, said: dict[str, Any]) -> None:
    timing.missing = said.get("missing")
    if timing.missing is None:
        timing.seconds.append(said["seconds"])
        timing.cpu_seconds.append(said["cpu_seconds"])
        timing.first_use_s.append(said["first_use_seconds"])


def contest(name: str, source: Path, folder: Path) -> list[str]:
    return ["bench.contestant", name, str(source), str(output_path(folder, name))]


def output_path(folder: Path, name: str) -> Path:
    return folder / f"{name.replace(' ', '_')}.jsonl"


def read_records(path: Path) -> list[dict[str, Any]]:
    with path.open("rb") as lines:
        return [json.loads(line) for line in lines]


def difference(expected: Path, got: Path, keeps_order: bool) -> str | None:
    """Return the first record that differs, as text, or None if all are the same."""
    ours, theirs = read_records(expected), read_records(got)
    if not keeps_order:
        ours.sort(key=record_id)
        theirs.sort(key=record_id)
    if len(ours) != len(theirs):
        return f"{len(theirs)} records in place of {len(ours)}"
    pairs = zip(ours, theirs, strict=True)
    return next((f"{b} in place of {a}" for a, b in pairs if a != b), None)


def record_id(record: dict[str, Any]) -> int:
    return int(record["id"])
