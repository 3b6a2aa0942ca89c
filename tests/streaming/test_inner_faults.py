"""Sources, sinks and disks that break while records are in networks within networks."""

from __future__ import annotations

import asyncio
import os
import re
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from statepipe import AsyncSimpleFSM, Progress, Record, SinkError, StreamResult
from statepipe.connectors.formats import file_sink
from statepipe.testing import CollectingSink
from tests.reliability.flows import value
from tests.streaming.pushes import pushing
from tests.streaming.streams import (
    Stream,
    blocking_stream,
    check_sums,
    lines_of,
    on_workers,
    write_lines,
)
from tests.streaming.test_output_safety import FullDisk

ROOT = Path(__file__).parents[2]
OLD = b"what the run before left\n"
COUNT, HALF = 1000, 617


class BrokenError(Exception):
    """What breaks in these tests raises it."""


def records(count: int) -> list[Record]:
    return [{"value": value(n), "note": "x" * 300} for n in range(count)]


def outputs(folder: Path) -> dict[str, Any]:
    """Return a new folder's outputs, which an earlier run has left."""
    folder.mkdir()
    paths = {"output": folder / "out.jsonl", "negative": folder / "negative.jsonl"}
    for path in paths.values():
        path.write_bytes(OLD)
    return paths


def contents(folder: Path) -> dict[str, bytes]:
    """Return a folder's files, but for what letters call an iterator."""
    kind = re.compile(rb'"source":"[a-z_]+"')
    return {path.name: kind.sub(b"", path.read_bytes()) for path in folder.iterdir()}


def check_untouched(folder: Path) -> None:
    """Check that all stands as it did before: old files, no others."""
    assert contents(folder) == {"out.jsonl": OLD, "negative.jsonl": OLD}


def check_counts(error: BaseException, at_most: int) -> StreamResult:
    """Return the counts that an error tells, which add up."""
    result: StreamResult = vars(error)["result"]
    assert 0 < result.total_records <= at_most
    assert result.total_records == result.successful + result.failed
    assert sum(result.by_state.values()) == result.successful
    return result


@pytest.mark.parametrize("kind", ["iterator", "async iterator"])
def test_what_came_before_a_source_broke_is_written_and_counted(
    kind: str, stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    def broken() -> Iterator[Record]:
        yield from records(HALF)
        raise BrokenError("the source broke")

    async def broken_later() -> AsyncIterator[Record]:
        for record in broken():
            yield record

    whole, sinks = outputs(tmp_path / "whole"), outputs(tmp_path / "parts")
    blocking_stream(pushing(), records(HALF), whole)
    source = broken() if kind == "iterator" else broken_later()
    with pytest.raises(BrokenError, match="the source broke") as caught:
        stream(pushing(), source, sinks, stream_config=on_workers(parallelism))

    result = check_counts(caught.value, HALF)
    letters = lines_of(tmp_path / "parts" / "out.dead.jsonl")
    assert contents(tmp_path / "parts") == contents(tmp_path / "whole")
    assert result.total_records == HALF
    check_sums(result, written=result.emitted, letters=len(letters))


@pytest.mark.parametrize("broken", ["callable", "sink object", "progress"])
def test_what_raises_ends_the_stream_and_leaves_the_old_files(
    broken: str, stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    sinks, seen = outputs(tmp_path / "out"), list[Record]()

    def receive(record: Record) -> None:
        seen.append(record)
        if len(seen) == 100:
            raise BrokenError("enough")

    def on_progress(progress: Progress) -> None:
        if broken == "progress" and progress.records_processed > 500:
            raise BrokenError("enough")

    sink = {"callable": receive, "sink object": CollectingSink(fail_at=4)}.get(broken)
    source, options = records(COUNT), on_workers(parallelism, chunk_size=100)
    with pytest.raises((BrokenError, OSError), match=r"enough|told to refuse chunk 4") as caught:
        stream(
            pushing(),
            source,
            sinks if sink is None else {**sinks, "negative": sink},
            on_progress=on_progress,
            stream_config=options,
        )

    check_counts(caught.value, COUNT)
    check_untouched(tmp_path / "out")


def test_a_full_disk_is_named_and_the_old_files_stay(
    stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    sinks = outputs(tmp_path / "out")
    full = {**sinks, "output": file_sink(str(sinks["output"]), files=FullDisk())}
    with pytest.raises(SinkError, match=r"out.jsonl after \d+ bytes: No space left") as caught:
        stream(pushing(), records(COUNT), full, stream_config=on_workers(parallelism))

    check_counts(caught.value, COUNT)
    check_untouched(tmp_path / "out")


LIMITED = """
import sys
from pathlib import Path
from statepipe import StatepipeError
from tests.streaming.test_inner_faults import limited

try:
    limited(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
except StatepipeError as error:
    print(type(error).__name__, error)
"""


def sinks_in(folder: Path) -> dict[str, Path]:
    folder.mkdir(exist_ok=True)
    return {"output": folder / "out.jsonl", "negative": folder / "negative.jsonl"}


def limited(folder: Path, limit: int, workers: int) -> None:
    """Run a stream with a checkpoint, where no file may have more than `limit` bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    options = on_workers(workers, chunk_size=100)
    sinks = sinks_in(folder / "out")
    blocking_stream(
        pushing(), folder / "in.jsonl", sinks, stream_config=options, checkpoint=folder / "c"
    )


@pytest.mark.parametrize("limit", [40_000, 200_000])
def test_where_files_may_not_grow_it_is_said_and_gone_on_from(
    limit: int, parallelism: int, tmp_path: Path
) -> None:
    source = write_lines(tmp_path / "in.jsonl", records(COUNT))
    blocking_stream(pushing(), source, sinks_in(tmp_path / "whole"), checkpoint=tmp_path / "w")
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path), str(limit), str(parallelism)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=ROOT,
    )
    left = set(os.listdir(tmp_path / "out")) if (tmp_path / "out").exists() else set()
    blocking_stream(pushing(), source, sinks_in(tmp_path / "out"), checkpoint=tmp_path / "c")

    assert ended.stdout.startswith(("SinkError cannot write", "CheckpointError the checkpoint"))
    assert not {"out.jsonl", "negative.jsonl"} & left
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


async def test_a_cancelled_stream_leaves_the_old_files(parallelism: int, tmp_path: Path) -> None:
    sinks, midway = outputs(tmp_path / "out"), asyncio.Event()
    source = write_lines(tmp_path / "in.jsonl", records(50 * COUNT))

    def on_progress(progress: Progress) -> None:
        if progress.chunks_processed == 3:
            midway.set()

    stream = AsyncSimpleFSM(pushing()).process_stream(
        source, sinks, on_progress=on_progress, stream_config=on_workers(parallelism)
    )
    task = asyncio.create_task(stream)
    await asyncio.wait_for(midway.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 30)

    check_untouched(tmp_path / "out")
