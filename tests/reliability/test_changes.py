"""What people do to files between a run that was killed and the one that goes on with it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from statepipe.errors import SinkError, SourceError, UsageError
from tests.reliability.flows import FLOWS, Flow, files_of, undisturbed
from tests.reliability.victims import Job, Pace, Victim

RECORDS = 4000
PLAIN, GZIP = FLOWS[0], FLOWS[2]
ACCEPT = "Go on all the same with accept_changes=True or --accept-changes"
BRING_BACK = "Bring it back, or start over with another checkpoint directory"


def killed(flow: Flow, folder: Path) -> Job:
    """Return a job that was killed on the way, after it had committed something."""
    job = flow.job(folder, "parts", RECORDS)
    with Victim(job, pace=Pace(chunk_s=0.002, limit=RECORDS // 2)) as victim:
        assert victim.until(lambda board: board["committed"] > 500), victim.text()
    return job


def source_of(job: Job) -> Path:
    path = job.source()
    assert isinstance(path, Path)
    return path


def partial_of(job: Job) -> Path:
    output: Path = job.sink["output"]
    return output.with_name(f".{output.name}.partial")


def edit(path: Path, at: int) -> None:
    """Change one byte, and let size and time be what they were."""
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def check_goes_on(job: Job, folder: Path, flow: Flow = PLAIN, **options: bool) -> None:
    """Run a job to its end, and see that it gives what it gives undisturbed."""
    result = job.run(**options)
    whole, _ = undisturbed(flow.job(folder, "whole", RECORDS))

    assert result.resumed_at > 500
    assert files_of(job) == whole


# -- the source ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flow", "at", "fact"), [(PLAIN, 5, "begin"), (PLAIN, -3, "end"), (GZIP, -6, "end")]
)
def test_a_source_of_the_same_size_and_time_is_known_by_its_content(
    flow: Flow, at: int, fact: str, tmp_path: Path
) -> None:
    job = killed(flow, tmp_path)
    edit(source_of(job), at)

    with pytest.raises(UsageError, match=f"the source is not the one .*{fact} has changed") as told:
        job.run()
    assert ACCEPT in str(told.value)
    edit(source_of(job), at)
    check_goes_on(job, tmp_path, flow)


def test_a_source_that_was_touched_has_to_be_accepted(tmp_path: Path) -> None:
    job = killed(PLAIN, tmp_path)
    os.utime(source_of(job), ns=(0, 1_000_000_000 * 86_400))

    with pytest.raises(UsageError, match=r"modified was .* UTC and is 1970-01-02 00:00:00\.0+ UTC"):
        job.run()
    check_goes_on(job, tmp_path, accept_changes=True)


def test_a_source_that_was_moved_has_to_be_accepted(tmp_path: Path) -> None:
    job = killed(PLAIN, tmp_path)
    moved = source_of(job).rename(tmp_path / "moved.jsonl")
    elsewhere = replace(job, source=lambda: moved)

    with pytest.raises(UsageError, match=r"path was .*in\.jsonl and is .*moved\.jsonl"):
        elsewhere.run()
    result = elsewhere.run(accept_changes=True)
    assert (result.total_records, result.resumed_at > 500) == (RECORDS, True)


def test_a_source_that_is_gone_can_be_brought_back(tmp_path: Path) -> None:
    job = killed(PLAIN, tmp_path)
    away = source_of(job).rename(tmp_path / "away")
    before = files_of(job)

    with pytest.raises(SourceError, match=r"in\.jsonl"):
        job.run()
    assert files_of(job) == before
    away.rename(source_of(job))
    check_goes_on(job, tmp_path)


@pytest.mark.parametrize("flow", [PLAIN, GZIP], ids=["plain", "gzip"])
def test_a_source_that_ends_before_what_was_done_cannot_be_accepted(
    flow: Flow, tmp_path: Path
) -> None:
    job = killed(flow, tmp_path)
    content = source_of(job).read_bytes()
    source_of(job).write_bytes(content[:200])

    with pytest.raises(UsageError, match=r"size was .* and is 200"):
        job.run()
    with pytest.raises(SourceError, match=r"were read before|is cut off|content ends before"):
        job.run(accept_changes=True)
    source_of(job).write_bytes(content)
    check_goes_on(job, tmp_path, flow, accept_changes=True)


# -- the outputs ---------------------------------------------------------------------------


def test_what_somebody_else_put_in_place_meanwhile_is_replaced_whole(tmp_path: Path) -> None:
    job = killed(PLAIN, tmp_path)
    job.sink["negative"].write_bytes(b"somebody else's\n")
    job.sink["negative"].chmod(0o640)
    check_goes_on(job, tmp_path)

    assert job.sink["negative"].stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("put", "said"), [(Path.mkdir, "it is a folder"), (os.mkfifo, "it is no regular file")]
)
def test_what_cannot_be_replaced_is_told_before_anything_is_read(
    put: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    job = killed(PLAIN, tmp_path)
    job.sink["negative"].unlink(missing_ok=True)
    put(job.sink["negative"])

    with pytest.raises(SinkError, match=rf"negative\.jsonl.*{said}"):
        job.run()
    shutil.move(job.sink["negative"], tmp_path / "away")
    check_goes_on(job, tmp_path)


def test_a_link_in_place_of_an_output_on_the_way_is_not_followed(tmp_path: Path) -> None:
    job = killed(PLAIN, tmp_path)
    away = tmp_path / "away"
    shutil.move(partial_of(job), away)
    partial_of(job).symlink_to(away)
    before = away.read_bytes()

    with pytest.raises(SinkError, match=r"output\.jsonl.*\.partial is a link, and is not followed"):
        job.run()
    assert away.read_bytes() == before
    partial_of(job).unlink()
    shutil.move(away, partial_of(job))
    check_goes_on(job, tmp_path)


@pytest.mark.parametrize("name", ["output", "letters"])
@pytest.mark.parametrize("damage", ["shortened", "edited", "removed"])
def test_an_output_that_is_not_what_was_committed_is_refused(
    damage: str, name: str, tmp_path: Path
) -> None:
    job = killed(PLAIN, tmp_path)
    (path,) = partial_of(job).parent.glob(f".{name}*.partial")
    content = path.read_bytes()
    match damage:
        case "shortened":
            path.write_bytes(content[:100])
        case "edited":
            path.write_bytes(b"X" + content[1:])
        case "removed":
            path.unlink()

    with pytest.raises(SinkError, match=rf"the output .*{name}.* is not what .*{BRING_BACK}"):
        job.run()
    path.write_bytes(content)
    check_goes_on(job, tmp_path)


# -- the checkpoint ------------------------------------------------------------------------


def test_a_checkpoint_that_was_copied_can_be_used_until_its_original_is(tmp_path: Path) -> None:
    job = killed(PLAIN, tmp_path)
    for name in ("first", "late"):
        shutil.copytree(job.checkpoint, tmp_path / name)
    check_goes_on(replace(job, checkpoint=tmp_path / "first"), tmp_path)

    with pytest.raises(SinkError, match=rf"there is no .*\.partial\. {BRING_BACK}"):
        replace(job, checkpoint=tmp_path / "late").run()
    with pytest.raises(SinkError, match=rf"there is no .*\.partial\. {BRING_BACK}"):
        job.run()


def test_a_checkpoint_of_other_outputs_is_refused(tmp_path: Path) -> None:
    job = killed(PLAIN, tmp_path)
    other = replace(PLAIN.job(tmp_path, "other", RECORDS), checkpoint=job.checkpoint)
    before = files_of(other)

    for options in ({}, {"accept_changes": True}):
        with pytest.raises(UsageError, match=re.escape(str(job.sink["output"]))):
            other.run(**options)
    assert files_of(other) == before
    check_goes_on(job, tmp_path)
