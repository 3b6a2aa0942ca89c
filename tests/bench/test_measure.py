"""Fresh processes, rounds, and the comparison of outputs."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench import workload
from bench.measure import (
    ContestantFailedError,
    Timing,
    difference,
    peak_of_fresh_process,
    run_in_fresh_process,
    run_rounds,
)


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_every_contestant_runs_once_per_round(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    workload.write_input(source, 100)

    timings = run_rounds(["hand json", "hand orjson by line"], source, tmp_path, rounds=2)

    assert [len(timing.seconds) for timing in timings.values()] == [2, 2]
    assert all(timing.peak_mb > 1 for timing in timings.values())


def test_a_process_that_fails_is_an_error_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(ContestantFailedError) as caught:
        run_in_fresh_process(["bench.contestant", "hand json", "no such file", "out"])

    assert "no such file" in str(caught.value)


def test_a_report_gives_best_and_median() -> None:
    timing = Timing([2.0, 1.0, 4.0], cpu_seconds=[1.5, 0.9], first_use_s=[0.2, 0.1], peak_mb=12.34)

    assert timing.report(100) == {
        "records_per_s_best": 100,
        "records_per_s_median": 50,
        "seconds": [2.0, 1.0, 4.0],
        "cpu_seconds_best": 0.9,
        "first_use_seconds_best": 0.1,
        "peak_mb": 12.3,
    }


def test_a_missing_contestant_stays_in_the_report() -> None:
    assert Timing(missing="No module named 'polars'").report(1) == {
        "missing": "No module named 'polars'"
    }


def test_a_failing_process_is_an_error_while_memory_is_sampled(tmp_path: Path) -> None:
    with pytest.raises(ContestantFailedError):
        peak_of_fresh_process(["bench.contestant", "hand json", "no such file", "out"])


@pytest.mark.parametrize(
    ("got", "keeps_order", "expected"),
    [
        ([{"id": 1}, {"id": 2}], True, None),
        ([{"id": 2}, {"id": 1}], False, None),
        ([{"id": 2}, {"id": 1}], True, "{'id': 2} in place of {'id': 1}"),
        ([{"id": 1}], True, "1 records in place of 2"),
    ],
)
def test_outputs_are_compared_record_by_record(
    tmp_path: Path, got: list[dict[str, Any]], keeps_order: bool, expected: str | None
) -> None:
    first = write(tmp_path / "a", [{"id": 1}, {"id": 2}])

    assert difference(first, write(tmp_path / "b", got), keeps_order) == expected
