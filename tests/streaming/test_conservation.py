"""Conservation: whatever network, input, limit or fault, every record ends up in one place."""

from __future__ import annotations

import base64
import errno
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statepipe import SimpleFSM, SinkError, StreamConfig, StreamResult
from statepipe.connectors.filesystem import LocalFiles
from statepipe.connectors.formats import file_sink
from statepipe.ports.filesystem import File
from tests.streaming.chaos import (
    KEEPING,
    LATER_KEEPING,
    OUTPUTS,
    Input,
    Target,
    configs,
    ends_of,
    inputs,
    networks,
    numbers_in,
    target_of,
)
from tests.streaming.streams import check_sums, lines_of

CHAOS = settings(max_examples=250, deadline=None, print_blob=True)
"""What fails is printed with a line that repeats it."""

kinds = st.lists(st.sampled_from(OUTPUTS), min_size=1, max_size=3)
choices = st.lists(st.sampled_from([0, 0, 1, 1, 2, 2, -1]), min_size=5, max_size=5)


def sinks_of(config: dict[str, Any], chosen: list[int], targets: list[Target]) -> Any:
    """Return a mapping of end states to sinks, some of them left out; or one sink for all."""
    if chosen[0] == chosen[1]:
        return targets[0].sink
    ends = zip(ends_of(config), chosen, strict=False)
    return {end: targets[at % len(targets)].sink for end, at in ends if at >= 0}


def check_conservation(
    result: StreamResult, given_: Input, targets: list[Target], letters: list[Any], ordered: bool
) -> None:
    """Check that the numbers add up, and that each record stands where the numbers say, once."""
    written = [target.numbers() for target in targets]
    dead = [letter["position"]["record"] for letter in letters]
    everywhere = [number for numbers in [*written, dead] for number in numbers]
    excluded = sum(result.excluded_by_state.values())

    check_sums(result, written=sum(map(len, written)), letters=len(dead))
    assert result.total_records == given_.total
    assert len(everywhere) == len(set(everywhere)), "a record stands in two places"
    assert set(everywhere) <= set(range(given_.total))
    assert len(everywhere) + excluded == given_.total, "a record is lost"
    assert dead == sorted(dead)
    if ordered:
        assert all(numbers == sorted(numbers) for numbers in written)


def check_originals(given_: Input, letters: list[Any]) -> None:
    """Check that the letters hold the bytes that stood in the source."""
    for letter in letters:
        piece = given_.pieces[letter["position"]["record"]]
        if piece is None:
            continue
        raw = letter.get("original_base64")
        original = letter["original"].encode() if raw is None else base64.b64decode(raw)
        assert piece.startswith(original)
        assert (original == piece) or letter["kept"] == "head"


@CHAOS
@given(
    networks(KEEPING) | networks(KEEPING) | networks(LATER_KEEPING),
    inputs,
    configs,
    kinds,
    choices,
)
def test_every_record_ends_up_in_one_place(
    tmp_path_factory: pytest.TempPathFactory,
    config: dict[str, Any],
    given_: Input,
    stream_config: StreamConfig,
    kinds_: list[str],
    chosen: list[int],
) -> None:
    folder = tmp_path_factory.mktemp("chaos")
    targets = [target_of(folder, number, kind) for number, kind in enumerate(kinds_)]

    result = SimpleFSM(config).process_stream(
        given_.source(folder),
        sinks_of(config, chosen, targets),
        stream_config=stream_config,
        dead_letters=folder / "dead.jsonl",
    )
    letters = lines_of(folder / "dead.jsonl")

    check_conservation(result, given_, targets, letters, stream_config.ordered)
    check_originals(given_, letters)
    assert not [path for path in folder.iterdir() if path.name.endswith(".partial")]


# -- sinks that break ----------------------------------------------------------------------------


class BreakingDisk(LocalFiles):
    """A disk on which something breaks: a write after `room` bytes, an fsync, or a rename."""

    def __init__(self, where: str, room: int) -> None:
        self.where = where
        self.room = room

    def open_partial(self, path: str) -> File:
        return BreakingFile(super().open_partial(path), self.where, self.room)

    def replace(self, source: str, target: str) -> None:
        if self.where == "rename":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().replace(source, target)


class BreakingFile:
    def __init__(self, file: File, where: str, room: int) -> None:
        self._file = file
        self._where = where
        self._room = room
        self.seek, self.close, self.read = file.seek, file.close, file.read

    def write(self, data: bytes) -> None:
        before, self._room = self._room, self._room - len(data)
        if self._where == "write" and before >= 0 > self._room:  # and never again
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._file.write(data)

    def sync(self) -> None:
        if self._where == "sync":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self._file.sync()


OLD = b"what the run before left\n"

SPLITTER = {
    "name": "Splitter",
    "states": [
        {"name": "start", "is_start": True},
        {"name": "even", "is_end": True},
        {"name": "odd", "is_end": True},
    ],
    "arcs": [
        {"from": "start", "to": "even", "condition": "int(data['text'].split(':')[0]) % 2 == 0"},
        {"from": "start", "to": "odd"},
    ],
}
"""Most of what it reads reaches a sink, so that most sinks come to break."""


@settings(CHAOS, max_examples=100)
@given(
    networks(KEEPING) | st.just(SPLITTER) | st.just(SPLITTER),
    inputs,
    configs,
    st.sampled_from(["write", "write", "sync", "rename"]),
    st.integers(0, 60),
    st.booleans(),
)
def test_a_sink_that_breaks_leaves_nothing_that_looks_finished(
    tmp_path_factory: pytest.TempPathFactory,
    config: dict[str, Any],
    given_: Input,
    stream_config: StreamConfig,
    where: str,
    room: int,
    first: bool,
) -> None:
    folder = tmp_path_factory.mktemp("breaking")
    good, bad, dead = (folder / name for name in ("good.jsonl", "bad.jsonl", "dead.jsonl"))
    for path in (good, bad, dead):
        path.write_bytes(OLD)
    breaking = file_sink(str(bad), files=BreakingDisk(where, room))
    ends = ends_of(config)
    sinks = {end: good if (at % 2 == 0) == first else breaking for at, end in enumerate(ends)}
    fsm, source = SimpleFSM(config), given_.source(folder)

    result, error = ended(
        fsm, source, sinks, stream_config=stream_config, dead_letters=folder / "dead.jsonl"
    )

    if error is None:
        used = [Target(None, path, partial(numbers_in, path)) for path in (good, bad)]
        kept = [target for target in used if target.path and target.path.read_bytes() != OLD]
        letters = lines_of(dead) if result.dead_letters else []
        check_conservation(result, given_, kept, letters, stream_config.ordered)
        assert where == "write" or breaking not in sinks.values()
    else:
        assert str(error).startswith(f"cannot write {bad}")
        assert bad.read_bytes() == dead.read_bytes() == OLD
        assert good.read_bytes() == OLD or is_whole(good)
    assert result.total_records == result.successful + result.failed <= given_.total
    assert sum(result.by_state.values()) == result.successful
    assert not [path for path in folder.iterdir() if path.name.endswith(".partial")]


def ended(fsm: SimpleFSM, *given_: Any, **options: Any) -> tuple[StreamResult, SinkError | None]:
    """Run a stream; return its counts, and the error that ended it, if one did."""
    try:
        return fsm.process_stream(*given_, **options), None
    except SinkError as error:
        return error.result, error


def is_whole(path: Path) -> bool:
    """Tell whether a file that was put in place before another broke is a whole one."""
    data = path.read_bytes()
    return data == b"" or (data.endswith(b"\n") and all(map(json.loads, data.splitlines())))
