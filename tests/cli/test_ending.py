"""Tests of how a run came to its end."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from statepipe.cli.ending import Ending, changed, traces
from statepipe.errors import SinkError, SourceError, StreamError
from statepipe.run.progress import StreamResult


def result(failed: int) -> StreamResult:
    return StreamResult(
        9, 9 - failed, failed, 0, 9, {}, {}, 1.0, 9.0, [], 0.0, 0.0, 1, "dead.jsonl"
    )


def broken_pipe() -> SinkError:
    error = SinkError("cannot write standard output after 0 bytes: Broken pipe")
    error.__cause__ = BrokenPipeError()
    return error


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        (Ending(result(0)), 0),
        (Ending(result(2)), 0),
        (Ending(result(3)), 1),
        (Ending(result(3), error=SourceError("gone")), 3),
        (Ending(None, error=StreamError("a worker died")), 3),
        (Ending(None, error=broken_pipe()), 141),
        (Ending(result(3), signal=signal.SIGINT), 130),
        (Ending(None, signal=signal.SIGTERM), 143),
    ],
)
def test_the_exit_code_says_how_a_run_ended(ending: Ending, code: int) -> None:
    assert ending.exit_code(max_errors=2) == code


def test_dead_letters_are_there_only_after_a_run_that_finished() -> None:
    assert Ending(result(1)).dead_letters == "dead.jsonl"
    assert Ending(result(1), error=SinkError("full")).dead_letters is None


def test_files_that_changed_are_found(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("same", "new", "replaced", "never")]
    for path in (paths[0], paths[2]):
        Path(path).write_text("old")
    before = traces(paths)

    Path(paths[1]).write_text("new")
    (tmp_path / "other").write_text("old")
    (tmp_path / "other").rename(paths[2])

    assert changed(before) == (paths[1], paths[2])
