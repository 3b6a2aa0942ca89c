"""Tests that a run survives a power loss, or its own death, at every single operation.

The real driver, writers and committer run on a simulated disk. `-s` shows what each test did.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from statepipe import SimpleFSM
from statepipe.connectors import gzip_stream
from statepipe.testing import CommitLimits
from tests.streaming.crashes import (
    Loss,
    crashes_while_going_on,
    first_failure,
    kill,
    power_loss,
    scenario_of,
)
from tests.streaming.pushes import pushing

OVERLAPPING = CommitLimits(interval_s=0.0, open_bytes=1)
"""Commits as often as can be, while the driver goes on."""


@pytest.fixture(autouse=True)
def small_members(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let gzip outputs of a few hundred bytes have several members."""
    monkeypatch.setattr(gzip_stream, "MEMBER_BYTES", 100)


FORMATS = [
    (".jsonl", ".jsonl"),
    (".jsonl", ".jsonl.gz"),
    (".jsonl.gz", ".csv"),
    ("", ".json.gz"),
    (".csv", ".csv.gz"),
]


@pytest.mark.parametrize("loss", [power_loss, kill])
@pytest.mark.parametrize(("source", "into"), FORMATS)
def test_a_crash_at_any_operation_changes_nothing(
    source: str, into: str, loss: Loss, tmp_path: Path
) -> None:
    scenario, seeds = scenario_of(tmp_path, source, into), range(4 if loss is power_loss else 2)
    failure, crashes = first_failure(scenario, seeds, loss)
    print(f"{loss.__name__}: {crashes} crashes at {scenario.operations} operations, {seeds}")

    assert failure is None, str(failure)
    assert crashes == len(seeds) * scenario.operations > 80


@pytest.mark.parametrize("loss", [power_loss, kill])
def test_a_crash_while_commits_and_chunks_overlap_changes_nothing(
    loss: Loss, tmp_path: Path
) -> None:
    scenario, seeds = scenario_of(tmp_path, limits=OVERLAPPING), range(100, 104)
    failure, crashes = first_failure(scenario, seeds, loss)
    print(f"{loss.__name__}: {crashes} crashes at {scenario.operations} operations, {seeds}")

    assert failure is None, str(failure)
    assert crashes > 50


def test_a_crash_with_workers_changes_nothing(tmp_path: Path) -> None:
    scenario, seeds = scenario_of(tmp_path, parallelism=2), range(1)
    failure, crashes = first_failure(scenario, seeds)
    print(f"{crashes} crashes at {scenario.operations} operations, {seeds}")

    assert failure is None, str(failure)
    assert crashes > 20


@pytest.mark.parametrize(("loss", "parallelism"), [(power_loss, 1), (kill, 1), (power_loss, 2)])
def test_a_crash_where_records_are_in_networks_changes_nothing(
    loss: Loss, parallelism: int, tmp_path: Path
) -> None:
    fsm, seeds = SimpleFSM(pushing()), range(200, 202 if parallelism == 1 else 201)
    scenario = scenario_of(tmp_path, parallelism=parallelism, fsm=fsm)
    failure, crashes = first_failure(scenario, seeds, loss)
    print(f"{loss.__name__}: {crashes} crashes at {scenario.operations} operations, {seeds}")

    assert failure is None, str(failure)
    assert crashes > 20
    assert scenario.counts[1:3] == [18, 4]


@pytest.mark.parametrize("into", [".jsonl", ".csv.gz"])
def test_a_crash_while_going_on_after_a_crash_changes_nothing(into: str, tmp_path: Path) -> None:
    scenario, seeds = scenario_of(tmp_path, into=into), range(3)
    firsts, seconds = crashes_while_going_on(scenario, seeds, every=9)
    print(f"{firsts} crashes, and {seconds} while going on, {seeds}")

    assert firsts > 12 and seconds > 10 * firsts
