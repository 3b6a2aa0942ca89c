"""Tests of putting another world in the place of the machine's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from statepipe import Progress, SimpleFSM
from statepipe.testing import (
    EVERY_CHUNK,
    CommitLimits,
    ManualClock,
    SimulatedDisk,
    SimulatedStore,
    outside,
)
from tests.streaming.streams import divider, one_state

RECORDS = [{"value": n} for n in range(1, 41)]


def stream(fsm: Any, folder: Path, **options: Any) -> Any:
    return fsm.process_stream(RECORDS, folder / "out.jsonl", chunk_size=10, **options)


def test_a_stream_writes_to_the_disk_it_is_given(tmp_path: Path) -> None:
    fsm, disk = SimpleFSM(divider()), SimulatedDisk()
    outside(fsm, files=disk)
    stream(fsm, tmp_path, checkpoint=tmp_path / "c")

    assert not list(tmp_path.iterdir())
    assert disk.files()[str(tmp_path / "out.jsonl")].count(b"\n") == 40
    assert set(disk.checkpoints) == {str(tmp_path / "c")}


def test_every_machine_of_a_pipeline_is_told(tmp_path: Path) -> None:
    pipeline, disk = SimpleFSM(divider()) | SimpleFSM(one_state()), SimulatedDisk()
    outside(pipeline, files=disk)
    stream(pipeline, tmp_path)

    assert list(disk.files()) == [str(tmp_path / "out.jsonl")]


def test_what_is_not_given_stays(tmp_path: Path) -> None:
    fsm, disk, clock = SimpleFSM(divider()), SimulatedDisk(), ManualClock()
    other = SimulatedDisk()
    outside(fsm, files=disk, clock=clock)
    outside(fsm, open_store=lambda path, take_over: SimulatedStore(other, path))
    result = stream(fsm, tmp_path, checkpoint=tmp_path / "c")

    assert result.duration == 0.0
    assert (len(disk.checkpoints), len(other.checkpoints)) == (0, 1)
    assert len(disk.files()) == 1


@pytest.mark.parametrize(
    ("limits", "committed"), [(EVERY_CHUNK, [0, 10, 20, 30]), (CommitLimits(1000), [0, 0, 0, 0])]
)
def test_the_limits_say_how_often_a_stream_commits(
    limits: CommitLimits, committed: list[int], tmp_path: Path
) -> None:
    fsm, seen = SimpleFSM(divider()), list[int | None]()
    outside(fsm, files=SimulatedDisk(), commit_limits=limits)

    def on_progress(progress: Progress) -> None:
        seen.append(progress.committed_records)

    stream(fsm, tmp_path, checkpoint=tmp_path / "c", on_progress=on_progress)

    assert seen == committed
