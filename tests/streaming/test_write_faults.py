"""Tests of disks that fail, fill up, or take only a part: a named error, and nothing lost."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from statepipe import StatepipeError, StreamConfig
from statepipe.connectors.filesystem import open_stream
from statepipe.errors import SinkError
from statepipe.testing import Fault, Operation, SimulatedDisk
from tests.streaming.crashes import Scenario, scenario_of
from tests.streaming.streams import blocking_stream, divider, write_lines

ROOT = Path(__file__).parents[2]

CODES = [errno.EIO, errno.ENOSPC]


def failing_at(number: int, code: int) -> Fault:
    def fault(operation: Operation) -> OSError | None:
        if operation.number == number:
            return OSError(code, os.strerror(code), operation.path)
        return None

    return fault


def broken(scenario: Scenario, number: int, code: int, seed: int) -> tuple[SimulatedDisk, str]:
    """Run a stream whose operation `number` fails; return the disk, and the error as told."""
    disk = scenario.begun(seed)
    disk.fault = failing_at(number, code)
    said = ""
    try:
        scenario.run(disk)
    except StatepipeError as error:
        said = str(error)
    disk.fault = lambda operation: None
    return disk, said


def check_told(said: str, failed: Operation, code: int) -> None:
    """Check that the error names what broke, and why. (Room is made for dead letters in time.)"""
    if failed.kind == "remove":
        assert not said
        return
    name = os.path.basename(failed.path).removeprefix(".").removesuffix(".partial")
    assert os.strerror(code) in said
    assert failed.kind == "sync folder" or name in said


@pytest.mark.parametrize("code", CODES, ids=errno.errorcode.get)
def test_a_fault_at_any_operation_is_told_and_gone_on_from(code: int, tmp_path: Path) -> None:
    scenario = scenario_of(tmp_path)
    kinds = set()
    for number in range(1, scenario.operations + 1):
        disk, said = broken(scenario, number, code, seed=number)
        failed = disk.operations[number - 1]
        kinds.add(failed.kind)
        check_told(said, failed, code)
        assert not disk.locked and not disk.holders, failed
        scenario.check_names(disk)
        scenario.check_end(disk)
    print(f"{os.strerror(code)} at {scenario.operations} operations: {sorted(kinds)}")

    assert kinds >= {"create", "write", "sync", "rename", "sync folder", "remove", "save"}


def fsyncs(scenario: Scenario) -> Iterator[int]:
    """Yield the numbers of all fsyncs of files."""
    disk = scenario.begun()
    scenario.run(disk)
    yield from (each.number for each in disk.operations if each.kind == "sync")


def test_after_a_failed_fsync_nothing_is_synced_or_committed(tmp_path: Path) -> None:
    scenario = scenario_of(tmp_path)
    numbers = list(fsyncs(scenario))
    for number in numbers:
        disk, said = broken(scenario, number, errno.EIO, seed=number)
        after = {each.kind for each in disk.operations[number:]}

        assert "Input/output error" in said
        assert not after & {"sync", "save", "rename"}, f"{disk.operations[number - 1]}: {after}"
        scenario.check_end(disk.after_power_loss(number))
    print(f"{len(numbers)} fsyncs failed")

    assert len(numbers) > 15


def test_a_fault_while_the_outputs_are_placed_does_not_undo_the_end(tmp_path: Path) -> None:
    scenario = scenario_of(tmp_path)
    disk = scenario.begun()
    scenario.run(disk)
    renames = [each.number for each in disk.operations if each.kind == "rename"]
    for number in renames:
        left, said = broken(scenario, number, errno.EIO, seed=0)

        assert "cannot write" in said
        assert left.operations[-1].number == number
        scenario.check_end(left)


# -- the machine's own files ----------------------------------------------------------------


def source_of(folder: Path, count: int = 3000) -> Path:
    return write_lines(folder / "in.jsonl", [{"value": n % 50 - 10, "n": n} for n in range(count)])


def outputs(folder: Path) -> dict[str, Path]:
    folder.mkdir(exist_ok=True)
    return {"output": folder / "out.jsonl", "negative": folder / "negative.jsonl.gz"}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


LIMITED = """
import resource, sys
from pathlib import Path
from statepipe import StatepipeError
from tests.streaming.streams import blocking_stream, divider
from tests.streaming.test_write_faults import outputs

folder, limit = Path(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    source, sinks = folder / "in.jsonl", outputs(folder / "out")
    blocking_stream(divider(), source, sinks, checkpoint=folder / "c")
except StatepipeError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("limit", [2_000, 30_000, 60_000])
def test_where_files_may_not_grow_it_is_said_and_gone_on_from(limit: int, tmp_path: Path) -> None:
    """The system cuts the write at the limit off, and refuses the next: a disk that is full."""
    source = source_of(tmp_path)
    blocking_stream(divider(), source, outputs(tmp_path / "whole"), checkpoint=tmp_path / "w")
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path), str(limit)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=ROOT,
    )
    print(limit, ended.stdout)
    at_end = contents(tmp_path / "out") if (tmp_path / "out").exists() else {}
    blocking_stream(divider(), source, outputs(tmp_path / "out"), checkpoint=tmp_path / "c")

    assert ended.stdout.startswith(("SinkError cannot write", "CheckpointError the checkpoint"))
    assert not {"out.jsonl", "negative.jsonl.gz"} & set(at_end)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_full_device_is_named(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r"/dev/full.*No space left on device"):
        blocking_stream(
            divider(),
            source_of(tmp_path),
            "/dev/full",
            output_format="jsonl",
            dead_letters=None,
            stream_config=StreamConfig(chunk_size=1000),
        )


def test_writes_that_take_only_a_part_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, rng, writes = source_of(tmp_path), random.Random(7), [0]
    write = os.write

    def short_write(descriptor: int, data: memoryview) -> int:
        writes[0] += 1
        return write(descriptor, data[: rng.randint(1, 1000)])

    blocking_stream(divider(), source, outputs(tmp_path / "whole"), checkpoint=tmp_path / "w")
    with monkeypatch.context() as patch:
        patch.setattr("statepipe.connectors.filesystem.os.write", short_write)
        blocking_stream(divider(), source, outputs(tmp_path / "out"), checkpoint=tmp_path / "c")
    print(f"{writes[0]} short writes, seed 7")

    assert writes[0] > 100
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.fixture
def signals() -> Iterator[list[int]]:
    """Let a signal come every millisecond; give the list in which they are counted."""
    counted = [0]

    def count(number: int, frame: object) -> None:
        counted[0] += 1

    before = signal.signal(signal.SIGALRM, count)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    yield counted
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_signals_while_a_stream_runs_change_nothing(tmp_path: Path, signals: list[int]) -> None:
    source = source_of(tmp_path)
    blocking_stream(divider(), source, outputs(tmp_path / "out"), checkpoint=tmp_path / "c")
    print(f"{signals[0]} signals")
    signal.setitimer(signal.ITIMER_REAL, 0)
    blocking_stream(divider(), source, outputs(tmp_path / "whole"), checkpoint=tmp_path / "w")

    assert signals[0] > 0
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


SLOW_READER = """
import hashlib, sys, time
digest = hashlib.sha256()
with open(sys.argv[1], "rb", buffering=0) as pipe:
    while data := pipe.read(10_000):
        digest.update(data)
        time.sleep(0.001)
print(digest.hexdigest())
"""


def test_writes_that_signals_cut_short_go_on(
    tmp_path: Path, signals: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe, data = tmp_path / "pipe", random.Random(3).randbytes(2_000_000)
    os.mkfifo(pipe)
    write, short = os.write, [0]

    def counted_write(descriptor: int, part: memoryview) -> int:
        done = write(descriptor, part)
        short[0] += done < len(part)
        return done

    with subprocess.Popen(
        [sys.executable, "-c", SLOW_READER, pipe], stdout=subprocess.PIPE, text=True
    ) as reader:
        file = open_stream(str(pipe))
        monkeypatch.setattr("statepipe.connectors.filesystem.os.write", counted_write)
        file.write(data)
        file.close()
        read, _ = reader.communicate(timeout=60)
    print(f"{signals[0]} signals, {short[0]} writes cut short")

    assert short[0] > 0
    assert read.strip() == hashlib.sha256(data).hexdigest()
