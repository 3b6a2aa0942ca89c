"""Tests of the views where there is no terminal."""

from __future__ import annotations

import pytest

from statepipe.cli.request import EndState, Options, request_of
from statepipe.cli.views import LineView, SilentView, progress_line, view_for
from statepipe.run.progress import Progress


def progress(elapsed_s: float, failed: int = 0, total_bytes: int | None = None) -> Progress:
    return Progress(1, 500, 500 - failed, failed, {}, (), 250, total_bytes, elapsed_s, 0, 0.0)


def test_a_line_tells_where_a_run_stands() -> None:
    assert progress_line(progress(10.0)) == "500 records, 50.0/s"
    assert progress_line(progress(10.0, failed=3, total_bytes=1000)) == (
        "500 records, 50.0/s, 25 %, 30 s left, 3 failed"
    )


def test_lines_come_every_few_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    view = LineView()

    for seconds in (0.1, 4.9, 5.1, 5.2, 9.9, 10.2, 60.0, 61.0):
        view.update(progress(seconds))

    assert len(capsys.readouterr().err.splitlines()) == 3


def test_json_on_standard_error_stands_there_alone() -> None:
    ends = [EndState("done", True, None)]

    alone = request_of(Options("f.yaml", "-", output="-", as_json=True), ends)
    beside = request_of(Options("f.yaml", "-", output="x.jsonl", as_json=True), ends)

    assert type(view_for(alone, "Shop")) is SilentView
    assert type(view_for(beside, "Shop")) is LineView
