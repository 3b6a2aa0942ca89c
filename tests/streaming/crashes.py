"""What the crash tests share: runs on a simulated disk that are cut short, and gone on with."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from statepipe import Progress, SimpleFSM, StatepipeError, StreamResult
from statepipe.connectors.checkpoint_document import saved_of
from statepipe.testing import EVERY_CHUNK, CommitLimits, SimulatedCrashError, SimulatedDisk, outside
from tests.streaming.streams import divider, on_workers

RECORDS = 22
CHUNK = 4
OLD = b"an old output\n"
COUNTS = ("total_records", "successful", "failed", "malformed", "emitted", "by_state")


@dataclass
class Scenario:
    """A stream over a small source, with the disk that it is to write to.

    `expected` is what an uninterrupted run has written, `counts` what it counted. `begun` makes
    a disk before the first run.
    """

    folder: Path
    source: Any
    sinks: dict[str, Path]
    limits: CommitLimits = EVERY_CHUNK
    parallelism: int = 1
    fsm: SimpleFSM = field(default_factory=lambda: SimpleFSM(machine()))
    expected: dict[str, bytes] = field(default_factory=dict)
    counts: list[Any] = field(default_factory=list)
    operations: int = 0

    def __post_init__(self) -> None:
        disk = self.begun()
        result = self.run(disk)
        self.counts = [result[name] for name in COUNTS]
        self.operations = len(disk.operations)
        self.expected = disk.files()

    def begun(self, seed: int = 0) -> SimulatedDisk:
        """Return a disk on which one of the outputs has been made long ago."""
        disk = SimulatedDisk(seed)
        disk.put(str(next(iter(self.sinks.values()))), OLD)
        return disk

    def run(
        self, disk: SimulatedDisk, on_progress: Callable[[Progress], None] | None = None
    ) -> StreamResult:
        outside(self.fsm, files=disk, commit_limits=self.limits)
        return self.fsm.process_stream(
            self.source,
            self.sinks,
            on_progress=on_progress,
            stream_config=on_workers(self.parallelism, chunk_size=CHUNK),
            checkpoint=self.folder / "checkpoint",
        )

    def cut_short(self, disk: SimulatedDisk) -> bool:
        """Run until the power goes; return whether it went. Check what the run told of itself."""
        told = [0]

        def on_progress(progress: Progress) -> None:
            told.append(progress.committed_records or 0)

        try:
            self.run(disk, on_progress)
        except (StatepipeError, SimulatedCrashError) as error:
            if disk.crashed_at is None:
                raise
            if isinstance(error, StatepipeError):
                told.append(vars(error).get("last_checkpoint") or 0)
        safe = self.safe_records(disk)
        assert max(told) <= safe, f"{max(told)} records were told to be safe, and {safe} are"
        return disk.crashed_at is not None

    def safe_records(self, disk: SimulatedDisk) -> int:
        kept = disk.checkpoints.get(str(self.folder / "checkpoint"))
        return saved_of(kept.document).counts.total if kept else 0

    def check_names(self, disk: SimulatedDisk) -> None:
        """Check that every final name shows nothing, what was there before, or all of it."""
        for path, content in disk.files().items():
            if not path.endswith((".partial", ".copy")):
                assert content in (OLD, self.expected[path]), f"{path} is half written: {content!r}"

    def check_end(self, disk: SimulatedDisk) -> None:
        """Go on to the end, and check that nothing tells it from an uninterrupted run."""
        result = self.run(disk)

        files, counts = disk.files(), [result[name] for name in COUNTS]
        other = [
            path for path in files | self.expected if files.get(path) != self.expected.get(path)
        ]
        assert not other, f"other files: {other}"
        assert counts == self.counts, f"other counts: {counts}, not {self.counts}"
        assert result.total_records == result.successful + result.failed


@dataclass(frozen=True)
class Failure:
    """What a crash led to. `crashes` tell seeds and operations."""

    crashes: str
    error: BaseException

    def __str__(self) -> str:
        return f"{self.crashes}: {type(self.error).__name__}: {self.error}"


Loss = Callable[[SimulatedDisk, int], SimulatedDisk]


def power_loss(disk: SimulatedDisk, seed: int) -> SimulatedDisk:
    return disk.after_power_loss(seed)


def kill(disk: SimulatedDisk, seed: int) -> SimulatedDisk:
    return disk.after_kill(seed)


def crash(
    scenario: Scenario, disk: SimulatedDisk, at: int, seed: int, loss: Loss
) -> tuple[SimulatedDisk, bool]:
    """Crash a run at operation `at` of `disk`, or where it has less, after its end.

    Return the disk as it is left, and whether the run had ended.
    """
    disk.crash_at = at
    ended = not scenario.cut_short(disk)
    left = loss(disk, seed)
    scenario.check_names(left)
    return left, ended


def first_failure(
    scenario: Scenario, seeds: range, loss: Loss = power_loss
) -> tuple[Failure | None, int]:
    """Crash at every operation, with every seed; return the first failure, and how many crashes."""
    crashes = 0
    for seed in seeds:
        for at in range(1, scenario.operations + 2):
            disk = scenario.begun(seed)
            try:
                left, ended = crash(scenario, disk, at, seed, loss)
                crashes += not ended
                scenario.check_end(left)
            except (AssertionError, StatepipeError, SimulatedCrashError) as error:
                return Failure(f"seed {seed}, {disk.crashed_at or 'after the end'}", error), crashes
    return None, crashes


def crashes_while_going_on(scenario: Scenario, seeds: range, *, every: int) -> tuple[int, int]:
    """Crash at some operations, and each time at every operation of the run that goes on.

    Some of the first crashes leave what was not synced as it is. Return how many first and second
    crashes there were.
    """
    firsts = seconds = 0
    for seed in seeds:
        loss = kill if seed % 3 == 0 else power_loss
        for at in range(1 + seed % every, scenario.operations + 1, every):
            first, _ = crash(scenario, scenario.begun(seed), at, seed, loss)
            firsts += 1
            again, ended = 0, False
            while not ended:
                again += 1
                disk = first.after_kill(seed + again)  # a copy of it
                left, ended = crash(scenario, disk, again, seed + again, power_loss)
                seconds += not ended
                scenario.check_end(left)
    return firsts, seconds


# -- sources ---------------------------------------------------------------------------------


def values() -> Iterator[int]:
    """Yield what is divided by: every sixth is zero and fails, every third is negative."""
    for n in range(1, RECORDS + 1):
        yield 0 if n % 6 == 0 else -n if n % 3 == 0 else n


def source_file(folder: Path, suffix: str) -> Path:
    """Write a source in which a record is malformed, where its format can have one."""
    rng = random.Random(1)
    notes = ["".join(rng.choices("abcdefgh", k=rng.randint(1, 30))) for _ in range(RECORDS)]
    pairs = list(zip(values(), notes, strict=True))
    if suffix.startswith(".csv"):
        lines = ["value,note", *(f'{value},"{note}\n"' for value, note in pairs)]
    else:
        lines = [json.dumps({"value": value, "note": note}) for value, note in pairs]
        lines[9] = "no json"
    text = "\n".join(lines).encode() + b"\n"
    path = folder / f"in{suffix}"
    path.write_bytes(gzip.compress(text) if suffix.endswith(".gz") else text)
    return path


def machine() -> dict[str, Any]:
    """Return `divider` for records whose value may be text."""
    config = divider()
    code = "lambda s: {**s.data, 'value': int(s.data['value']), 'share': 12 / int(s.data['value'])}"
    config["states"][0]["transform"] = code
    return config


def scenario_of(
    folder: Path, source: str = ".jsonl", into: str = ".jsonl", **facts: Any
) -> Scenario:
    folder.mkdir(exist_ok=True)
    given: Any = source_file(folder, source) if source else [{"value": v} for v in values()]
    sinks = {"output": folder / f"out{into}", "negative": folder / f"negative{into}"}
    return Scenario(folder, given, sinks, **facts)
