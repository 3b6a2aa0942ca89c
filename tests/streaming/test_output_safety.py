"""Outputs: whole under their final name or as they were, and never the source itself."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from statepipe import SinkError, SourceError, StreamTimeoutError, UsageError
from statepipe.connectors.filesystem import LocalFiles
from statepipe.connectors.formats import file_sink
from statepipe.ports.filesystem import File
from tests.streaming.streams import (
    Stream,
    check_sums,
    divider,
    lines_of,
    on_workers,
    one_state,
    write_lines,
)


class Untouched(Iterator[Any]):
    """A source that tells whether it was ever read."""

    def __init__(self) -> None:
        self.advanced = 0

    def __next__(self) -> Any:
        self.advanced += 1
        return {"value": 1}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


UNWRITABLE = {
    "a folder that is not there": ("no/out.jsonl", "there is no folder"),
    "a folder": ("folder.jsonl", "it is a folder"),
}


@pytest.mark.parametrize("case", UNWRITABLE)
def test_an_unwritable_sink_is_refused_before_anything_is_read(
    case: str, stream: Stream, tmp_path: Path
) -> None:
    name, reason = UNWRITABLE[case]
    (tmp_path / "folder.jsonl").mkdir()
    source = Untouched()

    with pytest.raises(SinkError, match=f"(?i){reason}"):
        stream(one_state(), source, tmp_path / name)

    assert source.advanced == 0
    assert names(tmp_path) == ["folder.jsonl"]


def test_unwritable_dead_letters_are_refused_before_anything_is_read(
    stream: Stream, tmp_path: Path
) -> None:
    source = Untouched()

    with pytest.raises(SinkError, match="there is no folder"):
        stream(
            one_state(), source, tmp_path / "out.jsonl", dead_letters=tmp_path / "no" / "d.jsonl"
        )

    assert source.advanced == 0
    assert names(tmp_path) == []


def test_a_second_unwritable_sink_leaves_the_first_alone(stream: Stream, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_bytes(b"old\n")
    sinks = {"output": tmp_path / "out.jsonl", "negative": tmp_path / "no" / "out.jsonl"}

    with pytest.raises(SinkError):
        stream(divider(), [{"value": 1}], sinks)

    assert (tmp_path / "out.jsonl").read_bytes() == b"old\n"
    assert names(tmp_path) == ["out.jsonl"]


@pytest.mark.parametrize(
    "kind", ["itself", "relative", "symbolic link", "hard link", "dead letters"]
)
def test_writing_over_the_source_is_refused(
    kind: str, stream: Stream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_lines(tmp_path / "in.jsonl", [{"value": 1}])
    before = source.read_bytes()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "symbolic.jsonl").symlink_to(source)
    os.link(source, tmp_path / "hard.jsonl")
    sink: Any = {
        "itself": source,
        "relative": "../" + tmp_path.name + "/./in.jsonl",
        "symbolic link": tmp_path / "symbolic.jsonl",
        "hard link": tmp_path / "hard.jsonl",
        "dead letters": tmp_path / "out.jsonl",
    }[kind]
    options = {"dead_letters": "in.jsonl"} if kind == "dead letters" else {}

    with pytest.raises(UsageError, match="source itself"):
        stream(one_state(), source, sink, **options)

    assert source.read_bytes() == before


def test_dead_letters_into_a_sink_are_refused(stream: Stream, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"

    with pytest.raises(UsageError, match="the dead letters and a sink are the same file"):
        stream(one_state(), [], path, dead_letters=str(path))


@pytest.mark.parametrize("given", [17, ["dead.jsonl"], True])
def test_dead_letters_that_are_no_path_are_refused(given: Any, stream: Stream) -> None:
    with pytest.raises(UsageError, match="dead_letters must be a path or None, not"):
        stream(one_state(), [], dead_letters=given)


def test_a_missing_source_leaves_the_sink_alone(stream: Stream, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_bytes(b"old\n")

    with pytest.raises(SourceError, match="there is no file"):
        stream(one_state(), tmp_path / "in.jsonl", tmp_path / "out.jsonl")

    assert (tmp_path / "out.jsonl").read_bytes() == b"old\n"
    assert names(tmp_path) == ["out.jsonl"]


def test_the_final_name_shows_nothing_until_the_end(stream: Stream, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_bytes(b"old\n")
    seen: list[bytes] = []

    def look(progress: Any) -> None:
        seen.append((tmp_path / "out.jsonl").read_bytes())

    source = [{"value": n, "text": "x" * 1000} for n in range(1, 1000)]
    stream(divider(), source, tmp_path / "out.jsonl", on_progress=look)

    assert set(seen) == {b"old\n"}
    assert len(lines_of(tmp_path / "out.jsonl")) == 999
    assert names(tmp_path) == ["out.jsonl"]


def test_a_stream_that_takes_too_long_leaves_the_old_file(
    stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    (tmp_path / "out.jsonl").write_bytes(b"old\n")

    def endless() -> Any:
        while True:
            yield {"value": 1}

    with pytest.raises(StreamTimeoutError, match=r"took longer than 0.3 s") as caught:
        stream(
            one_state(),
            endless(),
            tmp_path / "out.jsonl",
            timeout=0.3,
            stream_config=on_workers(parallelism),
        )

    assert (tmp_path / "out.jsonl").read_bytes() == b"old\n"
    assert names(tmp_path) == ["out.jsonl"]
    assert caught.value.result.total_records > 0


ENDLESS = """
import sys, time
from statepipe import SimpleFSM, StreamConfig

def endless():
    n = 0
    while True:
        n += 1
        yield {"value": n % 9, "text": "x" * 2000}

config = {
    "name": "One",
    "states": [
        {"name": "input", "is_start": True, "transform": "lambda s: {'v': 1 / s.data['value']}"},
        {"name": "output", "is_end": True},
    ],
    "arcs": [{"from": "input", "to": "output"}],
}
SimpleFSM(config).process_stream(
    endless(),
    sys.argv[1],
    on_progress=lambda p: print(p.records_processed, flush=True),
    stream_config=StreamConfig(parallelism=int(sys.argv[2])),
)
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_killed_run_leaves_the_old_file_and_the_next_one_writes(
    workers: str, stream: Stream, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    out.write_bytes(b"old\n")
    run = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(out), workers], stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    while int(run.stdout.readline()) < 1000:
        pass
    run.send_signal(signal.SIGKILL)
    run.communicate()

    assert out.read_bytes() == b"old\n"
    deadline = time.monotonic() + 20  # until the killed run's workers have let go of its files
    while True:
        try:
            stream(one_state(), [{"value": 1}], out)
            break
        except SinkError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert lines_of(out) == [{"value": 1}]


class FullDisk(LocalFiles):
    """A disk on which a file can have `room` bytes."""

    room = 100_000

    def open_partial(self, path: str) -> File:
        return FullFile(super().open_partial(path), self.room)


class FullFile:
    def __init__(self, file: File, room: int) -> None:
        self._file = file
        self._room = room

    def read(self, size: int) -> bytes:
        return self._file.read(size)

    def write(self, data: bytes) -> None:
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._file.write(data)

    def seek(self, offset: int) -> None:
        self._file.seek(offset)

    def sync(self) -> None:
        self._file.sync()

    def close(self) -> None:
        self._file.close()


def test_a_full_disk_is_named_with_path_and_bytes_and_the_old_file_stays(
    stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    out.write_bytes(b"old\n")
    sink = file_sink(str(out), files=FullDisk())
    source = ({"text": "x" * 1000} for _ in range(5_000))

    with pytest.raises(SinkError, match=r"out.jsonl after \d+ bytes: No space left") as caught:
        stream(one_state(), source, sink, stream_config=on_workers(parallelism))

    assert out.read_bytes() == b"old\n"
    assert names(tmp_path) == ["out.jsonl"]
    assert caught.value.result is not None


def test_dead_letters_stand_beside_the_sink_unless_told(stream: Stream, tmp_path: Path) -> None:
    bad = [{"value": 0}, {"value": 1}]
    seen: list[Any] = []
    default = stream(divider(), bad, tmp_path / "out.jsonl.gz")
    own = stream(divider(), bad, tmp_path / "a.jsonl", dead_letters=tmp_path / "own.jsonl")
    none = stream(divider(), bad, tmp_path / "b.jsonl", dead_letters=None)
    nowhere = stream(divider(), bad, seen.append)
    clean = stream(divider(), bad[1:], tmp_path / "c.jsonl")

    assert default.dead_letters == str(tmp_path / "out.dead.jsonl")
    assert own.dead_letters == str(tmp_path / "own.jsonl")
    assert [r.dead_letters for r in (none, nowhere, clean)] == [None, None, None]
    assert [r.failed for r in (default, own, none, nowhere, clean)] == [1, 1, 1, 1, 0]
    assert names(tmp_path) == [
        "a.jsonl",
        "b.jsonl",
        "c.jsonl",
        "out.dead.jsonl",
        "out.jsonl.gz",
        "own.jsonl",
    ]


def test_a_device_has_no_dead_letters_beside_it(stream: Stream) -> None:
    result = stream(divider(), [{"value": 0}, {"value": 1}], "/dev/null", output_format="jsonl")

    assert result.dead_letters is None
    assert (result.failed, result.emitted) == (1, 1)


def test_a_dead_letter_tells_all_that_is_known(
    stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'{"value": 1}\n{"value":  0}\n')
    result = stream(divider(), path, tmp_path / "out.jsonl", stream_config=on_workers(parallelism))

    (letter,) = lines_of(tmp_path / "out.dead.jsonl")
    assert len(letter.pop("config_hash")) == 64
    assert letter.pop("span")["text"].startswith("lambda state: {**state.data, 'share': 12 / ")
    assert letter == {
        "version": 1,
        "original": '{"value":  0}',
        "kept": "whole",
        "source": str(path),
        "format": {"name": "json", "skip_empty_lines": True},
        "position": {"record": 1, "line": 2, "offset": 13},
        "machine": "Divider",
        "machines": ["Divider"],
        "path": ["input"],
        "state": "input",
        "arc": None,
        "role": "transform",
        "error_type": "ZeroDivisionError",
        "message": "ZeroDivisionError: division by zero",
        "hint": None,
        "notes": [],
        "place": "states[0].transform",
        "record": "{'value': 0}",
        "attempts": 1,
    }
    check_sums(result, written=1, letters=1)
