"""A process that hangs is taken over from; when it goes on, it touches nothing of the other's."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from statepipe.connectors.checkpoint_db import CheckpointDb
from statepipe.errors import CheckpointError
from tests.reliability.flows import FLOWS, Flow, files_of, taking_over, undisturbed
from tests.reliability.victims import Board, Job, Pace, Victim

SEED = int(os.environ.get("STATEPIPE_KILL_SEED") or random.SystemRandom().randrange(10**6))
RECORDS = 4000
SLOW = Pace(chunk_s=0.002, place_s=0.05)
TAKEN_OVER = "CheckpointError: another process has taken over the checkpoint"
TWO_SINKS, TWO_WORKERS, GZIP = FLOWS[0], FLOWS[1], FLOWS[2]


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process, not the stopped one, wait less for another's commit."""
    monkeypatch.setattr("statepipe.connectors.checkpoint_db.BUSY_S", 0.3)


def committed(records: int) -> Callable[[Board], bool]:
    return lambda board: board["committed"] > records


def stopped_at(first: Victim, instant: Callable[[Board], bool], more_s: float = 0.0) -> None:
    assert first.until(instant), first.text()
    time.sleep(more_s)
    assert first.stop(), first.text()


def may_take_over(job: Job, first: Victim) -> bool:
    """Return whether a stopped process can be taken over from: not if it is within a commit."""
    try:
        CheckpointDb(str(job.checkpoint), take_over=True).close()
    except CheckpointError as error:
        said = str(error)
    else:
        return True
    assert f"process {first.pid} is within a commit to the checkpoint {job.checkpoint}" in said
    assert "let it go on or kill it, and run again" in said
    return False


def take_over_from(job: Job, first: Victim) -> Any:
    """Run a job in place of a process that is stopped; where it must be, it is let go on a bit."""
    while not may_take_over(job, first):
        first.go_on()
        time.sleep(0.003)
        assert first.stop(), "it has come to its end"
    return taking_over(job).run()


def last_words(first: Victim) -> str:
    """Let a process that was taken over from go on; return what it raises."""
    first.go_on()
    assert first.wait() == 1, "it took itself for the owner still"
    return first.text()


def check_taken_over(first: Victim, job: Job, whole: dict[str, bytes]) -> None:
    """Take over from a stopped process, let it go on, and see that it changes nothing."""
    result = take_over_from(job, first)
    after = files_of(job)
    said = last_words(first)

    assert after == whole
    assert result.total_records == RECORDS
    assert TAKEN_OVER in said
    assert files_of(job) == whole
    assert job.run().already_finished


@pytest.mark.parametrize("flow", [TWO_SINKS, TWO_WORKERS, GZIP], ids=lambda flow: flow.name)
@pytest.mark.parametrize("number", range(6))
def test_a_run_that_was_taken_over_from_touches_nothing(
    number: int, flow: Flow, tmp_path: Path
) -> None:
    print(f"STATEPIPE_KILL_SEED={SEED}")
    rng = random.Random(f"{SEED} {flow.name} {number}")
    whole, _ = undisturbed(flow.job(tmp_path, "whole", RECORDS))
    job = flow.job(tmp_path, "parts", RECORDS)
    with Victim(job, pace=SLOW) as first:
        stopped_at(first, committed(rng.randrange(RECORDS // 2)), rng.uniform(0, 0.02))
        check_taken_over(first, job, whole)


@pytest.mark.parametrize("names", [1, 2, 3])
def test_a_run_that_gives_its_outputs_their_names_can_be_taken_over_from(
    names: int, tmp_path: Path
) -> None:
    whole, _ = undisturbed(TWO_SINKS.job(tmp_path, "whole", RECORDS))
    job = TWO_SINKS.job(tmp_path, "parts", RECORDS)
    with Victim(job, pace=Pace(place_s=0.2)) as first:
        stopped_at(first, lambda board: board["placing"] == names)
        check_taken_over(first, job, whole)


def test_a_run_that_is_renaming_cannot_be_taken_over_from(tmp_path: Path) -> None:
    whole, _ = undisturbed(TWO_SINKS.job(tmp_path, "whole", RECORDS))
    job = TWO_SINKS.job(tmp_path, "parts", RECORDS)
    with Victim(job, pace=Pace(rename_s=0.2)) as first:
        stopped_at(first, lambda board: board["renaming"] == 2)
        refused = not may_take_over(job, first)
        first.go_on()
        code = first.wait()

    assert refused and code == 0
    assert files_of(job) == whole


def test_a_run_that_has_committed_nothing_yet_can_be_taken_over_from(tmp_path: Path) -> None:
    whole, _ = undisturbed(TWO_SINKS.job(tmp_path, "whole", RECORDS))
    job = TWO_SINKS.job(tmp_path, "parts", RECORDS)
    with Victim(job, pace=Pace(chunk_s=0.002, commit_s=60)) as first:
        stopped_at(first, lambda board: board["processed"] > 1000)
        check_taken_over(first, job, whole)


@pytest.mark.parametrize("number", range(8))
def test_a_run_in_its_first_moments_can_be_taken_over_from(number: int, tmp_path: Path) -> None:
    """It may be stopped before it has locked the checkpoint: then it finds it finished."""
    print(f"STATEPIPE_KILL_SEED={SEED}")
    rng = random.Random(f"{SEED} first {number}")
    whole, _ = undisturbed(TWO_SINKS.job(tmp_path, "whole", RECORDS))
    job = TWO_SINKS.job(tmp_path, "parts", RECORDS)
    with Victim(job, pace=SLOW) as first:
        stopped_at(first, lambda board: board["started"] == 1, rng.uniform(0, 0.03))
        take_over_from(job, first)
        after = files_of(job)
        first.go_on()
        code = first.wait()

    assert after == files_of(job) == whole
    assert TAKEN_OVER in first.text() if code else first.board["finished"] == 2


@pytest.mark.parametrize("number", range(3))
def test_both_may_run_at_once(number: int, tmp_path: Path) -> None:
    """The one that was taken over from goes on while the other is on its way."""
    print(f"STATEPIPE_KILL_SEED={SEED}")
    rng = random.Random(f"{SEED} both {number}")
    whole, _ = undisturbed(TWO_WORKERS.job(tmp_path, "whole", RECORDS))
    job = TWO_WORKERS.job(tmp_path, "parts", RECORDS)
    with Victim(job, pace=SLOW) as first:
        stopped_at(first, committed(1000), rng.uniform(0, 0.02))
        assert may_take_over(job, first) or first.board["committed"]
        with Victim(taking_over(job), pace=SLOW) as second:
            going = second.until(committed(rng.randrange(1500, 2500)))
            said = last_words(first)
            code = second.wait()

    assert going and code == 0, second.text()
    assert TAKEN_OVER in said
    assert files_of(job) == whole


def test_a_run_beside_one_that_is_stopped_is_refused_by_its_pid(tmp_path: Path) -> None:
    job = TWO_SINKS.job(tmp_path, "parts", RECORDS)
    with Victim(job, pace=SLOW) as first:
        stopped_at(first, committed(500))
        before = files_of(job)
        with pytest.raises(CheckpointError) as refusal:
            job.run()

    assert f"process {first.pid} is working on the checkpoint {job.checkpoint}" in str(refusal)
    assert "take_over=True or --take-over" in str(refusal)
    assert files_of(job) == before


# -- the store alone -----------------------------------------------------------------------


def stopped_within_a_commit(directory: Path) -> int:
    """Fork a process that opens a checkpoint and stops itself within a transaction."""
    pid = os.fork()
    if pid == 0:
        try:
            with CheckpointDb(str(directory)).held():
                os.kill(os.getpid(), signal.SIGSTOP)
        finally:
            os._exit(0)
    os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)
    return pid


def test_a_process_within_a_commit_has_to_be_ended_first(tmp_path: Path) -> None:
    pid = stopped_within_a_commit(tmp_path / "c")
    try:
        with pytest.raises(CheckpointError, match=f"process {pid} is within a commit"):
            CheckpointDb(str(tmp_path / "c"), take_over=True)
        with pytest.raises(CheckpointError, match=f"process {pid} is working on the checkpoint"):
            CheckpointDb(str(tmp_path / "c"))
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    CheckpointDb(str(tmp_path / "c")).close()


def test_a_forked_process_does_not_keep_the_lock(tmp_path: Path) -> None:
    store = CheckpointDb(str(tmp_path / "c"))
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(write_end, b"x")
        signal.pause()
        os._exit(0)
    try:
        os.read(read_end, 1)
        store.close()
        CheckpointDb(str(tmp_path / "c")).close()
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
