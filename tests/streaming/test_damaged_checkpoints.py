"""Tests of runs that died and whose checkpoint is damaged before they are run again.

`-s` shows how many were refused, and how many went on.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from statepipe import Progress, SimpleFSM, StatepipeError, StreamResult
from statepipe.connectors.checkpoint_db import CheckpointDb
from statepipe.connectors.file_writer import AtomicPlace
from statepipe.ports.filesystem import File
from statepipe.testing import EVERY_CHUNK, CommitLimits, outside
from tests.streaming.streams import divider, write_lines

ROOT = Path(__file__).parents[2]
COUNT = 400
OLD = b"an old output\n"
DAMAGES = 36
REFUSALS = ("cannot be used", "is not what the checkpoint says")
REMEDY = "start over with another"


def run(
    folder: Path, limits: CommitLimits | None = None, checkpoint: str = "c", **options: Any
) -> StreamResult:
    fsm = SimpleFSM(divider())
    outside(fsm, commit_limits=limits)
    sinks = {"output": folder / "out/out.jsonl", "negative": folder / "out/negative.csv.gz"}
    return fsm.process_stream(
        folder / "in.jsonl", sinks, checkpoint=folder / checkpoint, chunk_size=20, **options
    )


def die(*given: object, **options: object) -> None:
    os._exit(9)


def leave(folder: Path, when: str) -> None:
    """Run, and die in the midst of it, after one output has its name, or with all done."""

    def die_on_the_way(progress: Progress) -> None:
        if progress.records_processed >= COUNT // 2:
            die()

    def place_one(self: AtomicPlace, file: File) -> None:
        self.files.replace(self.partial, self.target)
        die()

    if when == "finishing":
        AtomicPlace.put_synced = place_one  # type: ignore[method-assign]  # in a process to end
    CheckpointDb.close = die  # type: ignore[assignment]  # as above
    run(folder, EVERY_CHUNK, on_progress=die_on_the_way if when == "running" else None)


LEAVE = """
import sys
from pathlib import Path
from tests.streaming.test_damaged_checkpoints import leave
leave(Path(sys.argv[1]), sys.argv[2])
"""


def uninterrupted(folder: Path) -> dict[str, bytes]:
    """Make the source; return the outputs of a run that is left alone, which are removed."""
    (folder / "out").mkdir(parents=True)
    write_lines(folder / "in.jsonl", [{"value": n % 40 - 10, "n": n} for n in range(COUNT)])
    run(folder, checkpoint="whole")
    whole = contents(folder / "out")
    shutil.rmtree(folder / "out")
    return whole


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def die_in(folder: Path, when: str) -> None:
    """Let a process die in a folder, in which one of the outputs was made long ago."""
    (folder / "out").mkdir()
    (folder / "out/out.jsonl").write_bytes(OLD)
    ended = subprocess.run(
        [sys.executable, "-c", LEAVE, str(folder), when], cwd=ROOT, check=False, timeout=60
    )
    assert ended.returncode == 9
    assert (folder / "c/state.db-wal").stat().st_size > 20_000


class Left:
    """What a run that died has left, to be brought back as often as it takes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("c", "out"):
            shutil.copytree(folder / name, folder / "kept" / name)

    def bring_back(self) -> None:
        for name in ("c", "out"):
            shutil.rmtree(self.folder / name)
            shutil.copytree(self.folder / "kept" / name, self.folder / name)


def damage(path: Path, number: int) -> None:
    """Flip a bit, or every third time cut the file off, in the `number`th of its regions."""
    content, rng = bytearray(path.read_bytes()), random.Random(number)
    at = (len(content) * number + rng.randrange(len(content))) // DAMAGES
    if number % 3 == 0:
        del content[at:]
    else:
        content[at] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def what_comes_of(kept: Left, whole: dict[str, bytes]) -> str:
    """Run again; return whether that was refused. Check that nothing wrong is under a name."""
    out = kept.folder / "out"
    try:
        result = run(kept.folder)
    except StatepipeError as error:
        said = str(error)
        assert any(each in said for each in REFUSALS) and REMEDY in said, said
        found = {name: data for name, data in contents(out).items() if name in whole}
        assert all(data in (OLD, whole[name]) for name, data in found.items())
        return "refused"
    assert contents(out) == whole
    assert result.total_records == result.successful + result.failed == COUNT
    return "nothing to do" if result.already_finished else "went on"


@pytest.mark.parametrize("name", ["state.db", "state.db-wal"])
@pytest.mark.parametrize("when", ["running", "finishing", "done"])
def test_a_damaged_checkpoint_never_leads_to_wrong_output(
    when: str, name: str, tmp_path: Path
) -> None:
    folder = tmp_path / "left"
    whole = uninterrupted(folder)
    die_in(folder, when)
    if name == "state.db":
        CheckpointDb(str(folder / "c")).close()  # folds the log in
    kept, ends = Left(folder), Counter[str]()
    for number in range(DAMAGES):
        kept.bring_back()
        damage(folder / "c" / name, number)
        ends[what_comes_of(kept, whole)] += 1
    print(f"{when}, {name}: {dict(ends)} of {DAMAGES}, seeds 0 to {DAMAGES - 1}")

    assert ends["refused"] > 0 if name == "state.db" else ends["refused"] < DAMAGES
