"""Tests of ending a run early: signals to real processes while a slow flow runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.cli.shop import default_signals, run_command, start_command, wait_until, write_slow_flow

RUN = ("run", "slow.yaml", "in.jsonl", "-o", "out.jsonl", "--trust", "--chunk-size", "10")


def interrupted(
    process: subprocess.Popen[str], folder: Path, number: signal.Signals
) -> tuple[str, str, float]:
    """Send a signal once records have been read; return what was printed, and the seconds to it."""
    wait_until((folder / ".out.jsonl.partial").exists)
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(number)
    try:
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()  # nothing, where it has ended as it should
    return out, err, time.monotonic() - began


@pytest.mark.parametrize(
    ("number", "name", "code"),
    [
        (signal.SIGINT, "Ctrl-C", 130),
        (signal.SIGTERM, "SIGTERM", 143),
        (signal.SIGHUP, "a hangup", 129),
    ],
)
def test_a_signal_ends_the_run_and_the_old_output_stays(
    tmp_path: Path, number: signal.Signals, name: str, code: int
) -> None:
    write_slow_flow(tmp_path)
    (tmp_path / "out.jsonl").write_text("old\n")

    process = start_command(tmp_path, *RUN)
    out, err, seconds = interrupted(process, tmp_path, number)

    assert process.returncode == code
    left = "nothing was put in place, out.jsonl is as it was"
    assert err == f"interrupted by {name}; {left}\n"
    assert out.splitlines()[-1].split()[0] == "total"
    assert int(out.split()[-1].replace(",", "")) > 0
    assert (tmp_path / "out.jsonl").read_text() == "old\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "in.jsonl",
        "out.jsonl",
        "slow.yaml",
    ]
    assert seconds < 5


@pytest.mark.parametrize("command", ["check", "run"])
def test_an_interrupt_while_loading_is_no_traceback(tmp_path: Path, command: str) -> None:
    write_slow_flow(tmp_path)
    (tmp_path / "late.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    flow = (
        "name: Own\nstates:\n  - name: all\n    is_start: true\n    is_end: true\n"
        "    transform: {type: custom, module: late, name: price}\narcs: []\n"
    )
    (tmp_path / "own.yaml").write_text(flow)
    more = ["in.jsonl", "-o", "out.jsonl"] if command == "run" else []

    done = run_command(tmp_path, command, "own.yaml", "--trust", *more)

    assert (done.returncode, done.stderr) == (130, "interrupted by Ctrl-C\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_no_worker_outlives_an_interrupted_run(tmp_path: Path, number: signal.Signals) -> None:
    write_slow_flow(tmp_path)

    process = start_command(tmp_path, *RUN, "--parallelism", "2")
    parent = psutil.Process(process.pid)
    wait_until(lambda: len(parent.children(recursive=True)) == 3)
    workers = parent.children(recursive=True)
    _, err, seconds = interrupted(process, tmp_path, number)

    assert process.returncode == 128 + number
    assert err.startswith("interrupted by ")
    assert len(err.splitlines()) == 1
    assert [worker for worker in workers if worker.is_running()] == []
    assert not (tmp_path / ".out.jsonl.partial").exists()
    assert seconds < 5


def test_ctrl_c_reaches_workers_too_and_none_of_them_complains(tmp_path: Path) -> None:
    write_slow_flow(tmp_path)

    process = start_command(tmp_path, *RUN, "--parallelism", "2", start_new_session=True)
    parent = psutil.Process(process.pid)
    wait_until(lambda: len(parent.children(recursive=True)) == 3)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 130
    assert len(err.splitlines()) == 1


def test_workers_end_when_the_command_is_killed(tmp_path: Path) -> None:
    write_slow_flow(tmp_path)

    process = start_command(tmp_path, *RUN, "--parallelism", "2")
    parent = psutil.Process(process.pid)
    wait_until(lambda: len(parent.children(recursive=True)) == 3)
    workers = parent.children(recursive=True)
    process.kill()
    process.communicate(timeout=20)

    wait_until(lambda: not any(worker.is_running() for worker in workers))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_workers_that_hang_or_die_do_not_outlive_an_interrupted_run(
    tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "bad.yaml").write_text(BAD_FLOW)
    (tmp_path / "in.jsonl").write_text("".join(f'{{"id": {n}}}\n' for n in range(400)))
    run = ("run", "bad.yaml", "in.jsonl", "-o", "out.jsonl", "--trust", "--parallelism", "2")

    process = start_command(tmp_path, *run, "--chunk-size", "10", "--max-deliveries", "1000000")
    parent = psutil.Process(process.pid)
    wait_until(lambda: len(parent.children(recursive=True)) == 3)
    seen = parent.children(recursive=True)
    wait_until(lambda: {*parent.children(recursive=True)} - {*seen})  # one has been replaced
    process.send_signal(number)
    while process.poll() is None:
        seen += parent.children(recursive=True) if parent.is_running() else []
        time.sleep(0.01)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 128 + number
    assert err.startswith("interrupted by ")
    wait_until(lambda: not any(worker.is_running() for worker in seen))


BAD_FLOW = """\
name: Bad
states:
  - name: all
    is_start: true
    is_end: true
    transform: |
      import os, time
      if data["id"] == 5:
          os._exit(3)
      if data["id"] == 395:
          time.sleep(1000)
      return data
arcs: []
"""


def test_a_second_signal_does_not_cut_the_cleaning_up_short(tmp_path: Path) -> None:
    write_slow_flow(tmp_path)

    process = start_command(tmp_path, *RUN)
    wait_until((tmp_path / ".out.jsonl.partial").exists)
    for _ in range(5):
        process.send_signal(signal.SIGINT)
        time.sleep(0.005)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 130
    assert "Traceback" not in err
    assert not (tmp_path / ".out.jsonl.partial").exists()


def test_a_run_that_waits_for_standard_input_can_be_interrupted(tmp_path: Path) -> None:
    write_slow_flow(tmp_path)

    process = start_command(
        tmp_path, "run", "slow.yaml", "-", "-o", "out.jsonl", "--trust", stdin=subprocess.PIPE
    )
    wait_until((tmp_path / ".out.jsonl.partial").exists)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=10)

    assert process.returncode == 130
    assert process.stdin is not None
    process.stdin.close()
    process.stdin = None
    _, err = process.communicate()
    assert err == (
        "interrupted by Ctrl-C before a chunk of records was done; nothing was put in place\n"
    )


def test_async_flows_are_interrupted_as_well(tmp_path: Path) -> None:
    write_slow_flow(tmp_path)
    flow = (tmp_path / "slow.yaml").read_text()
    flow = flow.replace("def slow", "async def slow").replace("import time", "import asyncio")
    flow = flow.replace("time.sleep(0.002)", "await asyncio.sleep(0.02)")
    (tmp_path / "slow.yaml").write_text(flow)

    process = start_command(tmp_path, *RUN)
    _, err, seconds = interrupted(process, tmp_path, signal.SIGTERM)

    assert process.returncode == 143
    assert err == "interrupted by SIGTERM; nothing was put in place\n"
    assert not (tmp_path / ".out.jsonl.partial").exists()
    assert seconds < 5


def test_an_interrupt_does_not_wait_for_the_chunk(tmp_path: Path) -> None:
    write_slow_flow(tmp_path)

    process = start_command(tmp_path, *RUN, "--chunk-size", "100000")
    _, err, seconds = interrupted(process, tmp_path, signal.SIGTERM)

    assert process.returncode == 143
    assert err == (
        "interrupted by SIGTERM before a chunk of records was done; nothing was put in place\n"
    )
    assert seconds < 3


def test_an_interrupt_that_a_record_swallows_ends_the_run_with_its_chunk(tmp_path: Path) -> None:
    write_slow_flow(tmp_path)
    flow = (tmp_path / "slow.yaml").read_text()
    deaf = "try: time.sleep(0.002)\n          except BaseException: pass"
    (tmp_path / "slow.yaml").write_text(flow.replace("time.sleep(0.002)", deaf))

    process = start_command(tmp_path, *RUN)
    _, err, seconds = interrupted(process, tmp_path, signal.SIGTERM)

    assert (process.returncode, len(err.splitlines())) == (143, 1)
    assert err.startswith("interrupted by SIGTERM; nothing was put in place")
    assert seconds < 3


def test_code_that_swallows_every_interrupt_is_ended_by_force(tmp_path: Path) -> None:
    write_slow_flow(tmp_path)
    flow = (tmp_path / "slow.yaml").read_text()
    stubborn = (
        "while True:\n              try: time.sleep(60)\n              except BaseException: pass"
    )
    (tmp_path / "slow.yaml").write_text(flow.replace("time.sleep(0.002)", stubborn))

    process = start_command(tmp_path, *RUN)
    _, err, seconds = interrupted(process, tmp_path, signal.SIGTERM)

    assert process.returncode == 143
    assert err == "the run did not stop by itself: ended by force\n"
    assert 4 < seconds < 10


def ignore_hangups() -> None:
    default_signals()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def test_nohup_is_respected(tmp_path: Path) -> None:
    write_slow_flow(tmp_path, records=400)

    process = start_command(tmp_path, *RUN, preexec_fn=ignore_hangups)
    _, err, _ = interrupted(process, tmp_path, signal.SIGHUP)

    assert (process.returncode, err) == (0, "")


def test_json_tells_what_an_interrupted_run_did(tmp_path: Path) -> None:
    write_slow_flow(tmp_path)

    process = start_command(tmp_path, *RUN, "--json")
    out, err, _ = interrupted(process, tmp_path, signal.SIGINT)
    result = json.loads(out)

    assert err == ""
    assert (result["finished"], result["interrupted_by"]) == (False, "SIGINT")
    assert (result["exit_code"], result["placed"]) == (130, [])
    assert result["total_records"] == result["by_state"]["done"] > 0
