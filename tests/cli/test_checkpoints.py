"""Tests of runs with a checkpoint and of `statepipe status`, as people meet them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from statepipe.connectors.checkpoint_status import status_of
from statepipe.errors import CheckpointError
from tests.cli.shop import (
    records_in,
    run_command,
    start_command,
    wait_until,
    write_shop,
    write_slow_flow,
)

COUNT = 1200
RUN = ("run", "slow.yaml", "in.jsonl", "-o", "out.jsonl", "--trust", "--checkpoint", "progress")


def stopped(folder: Path, number: signal.Signals, *more: str) -> tuple[int, str, str]:
    """Run until something is committed, then send a signal to all of the run's processes.

    Return code, output and errors.
    """
    process = start_command(folder, *RUN, "--chunk-size", "10", *more, start_new_session=True)
    try:
        wait_until(lambda: committed(folder) > 0)
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    return process.returncode, out, err


def committed(folder: Path) -> int:
    try:
        saved = status_of(str(folder / "progress")).saved
    except CheckpointError:  # it is just being made
        return 0
    return saved.counts.total if saved is not None else 0


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_commits_what_is_done_and_tells_how_to_go_on(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    write_slow_flow(tmp_path, COUNT)
    ended, out, err = stopped(tmp_path, number)
    done = int(out.split()[-1].replace(",", ""))

    assert ended == code
    assert 0 < done < COUNT and done % 10 == 0
    assert f"nothing was put in place; {done:,} records safe in progress" in err
    again = f"statepipe {' '.join(RUN)} --chunk-size 10"
    assert err.splitlines()[-1] == f"go on with: {again}"
    assert committed(tmp_path) == done
    assert not (tmp_path / "out.jsonl").exists()

    last = run_command(tmp_path, *RUN)
    assert last.returncode == 0
    assert f"went on at record {done + 1:,} from progress" in last.stdout
    assert records_in(tmp_path / "out.jsonl") == records_in(tmp_path / "in.jsonl")


def test_a_signal_to_all_processes_lets_workers_finish_what_they_have(tmp_path: Path) -> None:
    write_slow_flow(tmp_path, COUNT)
    ended, _, err = stopped(tmp_path, signal.SIGTERM, "--parallelism", "2")

    assert ended == 143
    assert "interrupted by SIGTERM" in err
    assert "error" not in err
    assert run_command(tmp_path, *RUN, "--parallelism", "2").returncode == 0
    assert records_in(tmp_path / "out.jsonl") == records_in(tmp_path / "in.jsonl")


def test_a_killed_run_goes_on_and_a_finished_one_says_so(tmp_path: Path) -> None:
    write_slow_flow(tmp_path, COUNT)
    ended, _, _ = stopped(tmp_path, signal.SIGKILL)
    left = run_command(tmp_path, "status", "progress").stdout
    first = run_command(tmp_path, *RUN)
    second = run_command(tmp_path, *RUN)

    assert ended == -signal.SIGKILL
    assert left.startswith("progress: left\n")
    assert "the same command goes on where it was left" in left
    assert (first.returncode, second.returncode) == (0, 0)
    assert "went on at record" in first.stdout
    assert second.stdout.startswith(
        "nothing to do: the run of checkpoint progress is finished already"
    )
    told = json.loads(run_command(tmp_path, "status", "progress", "--json").stdout)
    assert (told["state"], told["total"], told["process"]) == ("finished", COUNT, None)
    assert records_in(tmp_path / "out.jsonl") == records_in(tmp_path / "in.jsonl")


def test_a_run_under_way_is_told_of_with_its_process(tmp_path: Path) -> None:
    write_slow_flow(tmp_path, 100_000)
    process = start_command(tmp_path, *RUN)
    try:
        wait_until(lambda: committed(tmp_path) > 0)
        told = run_command(tmp_path, "status", "progress").stdout
        refused = run_command(tmp_path, *RUN)
    finally:
        process.kill()
        process.communicate()

    assert told.startswith(f"progress: running (process {process.pid})\n")
    assert refused.returncode == 3
    assert f"process {process.pid} is working on the checkpoint progress" in refused.stderr


def test_a_changed_flow_is_refused_unless_accepted(tmp_path: Path) -> None:
    write_slow_flow(tmp_path, COUNT)
    stopped(tmp_path, signal.SIGTERM)
    flow = (tmp_path / "slow.yaml").read_text()
    (tmp_path / "slow.yaml").write_text(flow.replace("0.002", "0.0001"))
    refused = run_command(tmp_path, *RUN)
    accepted = run_command(tmp_path, *RUN, "--accept-changes")

    assert refused.returncode == 2
    assert "state 'work' has changed" in refused.stderr
    assert "--accept-changes" in refused.stderr
    assert accepted.returncode == 0
    assert len(records_in(tmp_path / "out.jsonl")) == COUNT


def test_standard_input_and_output_cannot_be_gone_on_with(tmp_path: Path) -> None:
    write_shop(tmp_path)
    from_input = run_command(tmp_path, "run", "flow.yaml", "-", "-o", "o.json", "--checkpoint", "c")
    to_output = run_command(
        tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "-", "--checkpoint", "c"
    )

    assert from_input.returncode == 2
    assert "standard input cannot be read again" in from_input.stderr
    assert to_output.returncode == 2
    assert "every sink must be a file, which standard output is not" in to_output.stderr


def test_status_of_what_is_no_checkpoint_says_so(tmp_path: Path) -> None:
    done = run_command(tmp_path, "status", "nowhere")

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "error: there is no checkpoint in nowhere: it has no state.db\n"
    assert list(tmp_path.iterdir()) == []


def test_the_result_as_json_tells_where_it_went_on(tmp_path: Path) -> None:
    write_shop(tmp_path)
    run = ("run", "flow.yaml", "in.jsonl", "-o", "out.jsonl", "--checkpoint", "c", "--json")
    first, second = (json.loads(run_command(tmp_path, *run).stdout) for _ in range(2))

    assert (first["resumed_at"], first["already_finished"]) == (None, False)
    assert (second["resumed_at"], second["already_finished"]) == (2, True)


def test_code_that_does_not_end_is_ended_in_time(tmp_path: Path) -> None:
    write_slow_flow(tmp_path, COUNT)
    flow = (tmp_path / "slow.yaml").read_text()
    (tmp_path / "slow.yaml").write_text(flow.replace("time.sleep(0.002)", "time.sleep(60)"))
    process = start_command(tmp_path, *RUN)
    try:
        wait_until((tmp_path / ".out.jsonl.partial").exists)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        pytest.fail("it did not end in time")
    finally:
        process.kill()

    assert process.returncode == 143
    assert "0 records safe in progress" in err
