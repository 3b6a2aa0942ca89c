"""What can be counted instead of timed: framework calls per record, and memory."""

import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import statepipe
from bench import workload
from bench.measure import peak_of_fresh_process, run_in_fresh_process
from statepipe import CoreStreamConfig, SimpleFSM
from statepipe.run import alarm
from statepipe.run.stream import Stream

PACKAGE = str(Path(statepipe.__file__).parent)
ALARM = alarm.__file__
RECORDS = 20_000
WAIT = Stream._wait.__code__


class CallCount:
    """Counts Python calls in all threads of a `with` block, by whether the framework is called.

    Everything in the package counts as the framework, and so do the methods that dataclasses
    generate; what the standard library does inside is counted apart, and with it the alarm that
    stands for its Event. What a driver does while it
    waits for other threads is left out: how often it has to depends on the machine.
    """

    def __init__(self) -> None:
        self.framework = 0
        self.others = 0
        self._waiting: int | None = None  # the thread that waits

    def count(self, frame: FrameType, event: str, _argument: Any) -> None:
        if frame.f_code is WAIT and event in ("call", "return"):
            self._waiting = threading.get_ident() if event == "call" else None
        elif event == "call" and self._waiting != threading.get_ident():
            file = frame.f_code.co_filename
            if file.startswith((PACKAGE, "<string>", "<statepipe")) and file != ALARM:
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


def count_calls(tmp_path: Path, records: int) -> CallCount:
    source = tmp_path / f"{records}.jsonl"
    workload.write_input(source, records)
    options = CoreStreamConfig(chunk_size=1000)
    with SimpleFSM(workload.plain_config()) as fsm, CallCount() as calls:
        result = fsm.process_stream(str(source), str(tmp_path / "out.jsonl"), stream_config=options)

    assert result.successful == records
    return calls


def calls_for_more_records(tmp_path: Path) -> tuple[int, int]:
    """Return the calls, the framework's and others, that 50,000 more records take.

    The difference of two runs: what is called once per run does not count.
    """
    few, many = count_calls(tmp_path, 10_000), count_calls(tmp_path, 60_000)
    assert few.framework > 0
    return many.framework - few.framework, many.others - few.others


def test_almost_no_call_is_made_per_record(tmp_path: Path) -> None:
    # The least of three: a driver that has to wait for a busy machine's threads calls for it.
    framework, others = min(calls_for_more_records(tmp_path) for _ in range(3))

    assert framework / 50_000 <= 0.05
    assert others / 50_000 <= 0.05


def peak_mb(tmp_path: Path, records: int) -> float:
    path = tmp_path / f"{records}.jsonl"
    workload.write_input(path, records)
    arguments = ["bench.contestant", "statepipe chunk 1000", str(path), str(tmp_path / "out.jsonl")]
    return peak_of_fresh_process(arguments)


def test_peak_memory_does_not_grow_with_the_input(tmp_path: Path) -> None:
    small, large = peak_mb(tmp_path, 30_000), peak_mb(tmp_path, 300_000)

    assert large - small <= 10
    assert large <= 100


def test_importing_statepipe_takes_little_memory() -> None:
    said = run_in_fresh_process(["bench.importing"])

    assert said["rss_mb"] <= 45
