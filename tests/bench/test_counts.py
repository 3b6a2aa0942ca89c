"""What can be counted instead of timed: framework calls per record, and memory."""

import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import statepipe
from bench import workload
from bench.measure import run_in_fresh_process
from statepipe import CoreStreamConfig, SimpleFSM

PACKAGE = str(Path(statepipe.__file__).parent)
RECORDS = 20_000


class CallCount:
    """Counts Python calls in all threads of a `with` block: the framework's, and all others."""

    def __init__(self) -> None:
        self.framework = 0
        self.others = 0

    def count(self, frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call":
            if frame.f_code.co_filename.startswith(PACKAGE):
                self.framework += 1
            else:
                self.others += 1

    def __enter__(self) -> "CallCount":
        threading.setprofile(self.count)
        sys.setprofile(self.count)
        return self

    def __exit__(self, *_exc: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "in.jsonl"
    workload.write_input(path, RECORDS)
    return str(path)


def test_the_framework_makes_almost_no_call_per_record(source: str, tmp_path: Path) -> None:
    options = CoreStreamConfig(chunk_size=1000)
    with SimpleFSM(workload.plain_config()) as fsm, CallCount() as calls:
        result = fsm.process_stream(source, str(tmp_path / "out.jsonl"), stream_config=options)

    assert result.successful == RECORDS
    assert calls.framework > 0
    assert calls.framework / RECORDS <= 0.05


def test_the_authors_lambdas_are_not_called_but_part_of_one_function(
    source: str, tmp_path: Path
) -> None:
    options = CoreStreamConfig(chunk_size=1000)
    with SimpleFSM(workload.plain_config()) as fsm, CallCount() as calls:
        fsm.process_stream(source, str(tmp_path / "out.jsonl"), stream_config=options)

    assert calls.others / RECORDS <= 0.05


def peak_mb(tmp_path: Path, records: int) -> float:
    path = tmp_path / f"{records}.jsonl"
    workload.write_input(path, records)
    arguments = ["bench.contestant", "statepipe chunk 1000", str(path), str(tmp_path / "out.jsonl")]
    return run_in_fresh_process(arguments)[1]


def test_peak_memory_does_not_grow_with_the_input(tmp_path: Path) -> None:
    small, large = peak_mb(tmp_path, 30_000), peak_mb(tmp_path, 300_000)

    assert large - small <= 10
    assert large <= 100


def test_importing_statepipe_takes_little_memory() -> None:
    said, _ = run_in_fresh_process(["bench.importing"])

    assert said["rss_mb"] <= 45
