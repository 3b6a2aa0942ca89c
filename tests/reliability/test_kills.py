"""Runs that are killed at random instants, again and again, give the bytes of one that is not."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from tests.reliability.flows import FLOWS, OLD, Flow, counts_of, files_of, undisturbed
from tests.reliability.victims import Job, Pace, Victim, assert_no_survivors

SEED = int(os.environ.get("STATEPIPE_KILL_SEED") or random.SystemRandom().randrange(10**6))
RECORDS = 12_000
KILLS = 12
SOAK_KILLS = 150


@dataclass(slots=True)
class Siege:
    """Kills one stream again and again, and holds each time what must hold then."""

    job: Job
    whole: dict[str, bytes]
    rng: random.Random
    total: int = RECORDS
    kinds: Counter[str] = field(default_factory=Counter)
    groups: list[int] = field(default_factory=list)
    committed: int = 0
    resumes: int = 0

    def kill_on_the_way(self, kills: int) -> None:
        """Kill a third of the runs in their first moments, the rest after some commits."""
        early = set(self.rng.sample(range(1, kills + 1), kills // 3))
        for left in range(kills, 0, -1):
            if left in early:
                pace = Pace(chunk_s=0.002, limit=(self.committed + self.total) // 2)
                self._kill(self._in_its_first_moments, "begin", pace)
                continue
            step = (self.total - self.committed) / (left + 1)
            target = self.committed + int(step * self.rng.uniform(0.2, 1.0))
            # Where it waits for its end: a busy machine must not let it be over before.
            pace = Pace(chunk_s=0.002, limit=min(target + 1500, self.total - 1))
            self._kill(partial(self._after_commit, records=target), "middle", pace)

    def kill_while_finishing(self, kills: int) -> None:
        """Kill runs that rename their outputs, also the one that does so for an earlier one."""
        for _ in range(kills):
            self._kill(self._while_renaming, "end", Pace(rename_s=0.03))

    def _in_its_first_moments(self, victim: Victim) -> None:
        victim.until(lambda board: board["started"] == 1)
        time.sleep(self.rng.uniform(0, 0.05))

    def _after_commit(self, victim: Victim, records: int) -> None:
        limit = min(records + 1500, self.total - 1)
        victim.until(lambda board: board["committed"] > records or board["processed"] >= limit)
        time.sleep(self.rng.uniform(0, 0.02))

    def _while_renaming(self, victim: Victim) -> None:
        victim.until(lambda board: board["renaming"] > 0)
        time.sleep(self.rng.uniform(0, 0.05))

    def _kill(self, wait: Callable[[Victim], None], kind: str, pace: Pace) -> None:
        """Run the stream, wait for an instant, and kill it, if it is still there."""
        with Victim(self.job, pace=pace) as victim:
            self.groups.append(victim.pid)
            wait(victim)
            if victim.is_running and self.rng.random() < 0.5:
                os.kill(victim.pid, signal.SIGKILL)  # its workers have to notice for themselves
            elif victim.is_running:
                os.killpg(victim.pid, signal.SIGKILL)
            self._hold(victim, victim.wait(), kind)

    def _hold(self, victim: Victim, code: int, kind: str) -> None:
        """Assert what must hold whenever a run has been killed."""
        board = victim.board
        self._outputs_are_old_or_whole()

        assert code in (0, -signal.SIGKILL), victim.text()
        if board["processed"]:
            assert board["resumed"] >= self.committed, "what was told as committed is lost"
            self.committed = max(self.committed, board["committed"])
            self.resumes += board["resumed"] > 0
        if code:
            assert 0 <= board["processed"] <= self.total
            within = 0 < board["processed"] < self.total
            self.kinds["mid-run" if within else kind] += 1

    def _outputs_are_old_or_whole(self) -> None:
        for name, content in files_of(self.job).items():
            if not name.endswith(".partial"):
                assert content in (OLD, self.whole[name]), f"{name} is torn"


def besieged(flow: Flow, folder: Path, kills: int) -> Siege:
    """Kill a stream `kills` times, let it end, and compare it with one that nobody disturbed."""
    print(f"STATEPIPE_KILL_SEED={SEED}: {flow.name}")
    whole, expected = undisturbed(flow.job(folder, "whole", RECORDS))
    siege = Siege(flow.job(folder, "parts", RECORDS), whole, random.Random(f"{SEED} {flow.name}"))
    siege.kill_on_the_way(kills)
    siege.kill_while_finishing(3)
    result = siege.job.run()
    print(f"killed {siege.kinds.total()} times: {dict(siege.kinds)}, resumed {siege.resumes} times")

    assert files_of(siege.job) == whole
    assert counts_of(result) == counts_of(expected)
    assert result.resumed_at is not None and result.resumed_at >= siege.committed
    assert_no_survivors(siege.groups)
    return siege


@dataclass(slots=True)
class Tally:
    """What all sieges of this test session did together."""

    kinds: Counter[str] = field(default_factory=Counter)
    resumes: int = 0
    flows: int = 0


@pytest.fixture(scope="module")
def tally() -> Tally:
    return Tally()


@pytest.mark.parametrize("flow", FLOWS, ids=[flow.name for flow in FLOWS])
def test_a_run_killed_at_any_instant_gives_the_same_bytes(
    flow: Flow, tmp_path: Path, tally: Tally
) -> None:
    siege = besieged(flow, tmp_path, KILLS)
    tally.kinds.update(siege.kinds)
    tally.resumes += siege.resumes
    tally.flows += 1

    assert siege.kinds.total() >= KILLS
    assert siege.kinds["mid-run"] >= KILLS * 2 // 3
    assert siege.resumes >= KILLS // 2


def test_the_kills_were_many_and_fell_into_every_part_of_a_run(tally: Tally) -> None:
    if tally.flows < len(FLOWS):
        pytest.skip("only some of the sieges ran")
    print(f"{tally.kinds.total()} kills: {dict(tally.kinds)}; {tally.resumes} resumes")

    assert tally.kinds.total() >= 100
    assert tally.kinds["mid-run"] >= 50
    assert tally.kinds["begin"] >= 10
    assert tally.kinds["end"] >= 10
    assert tally.resumes >= 50


@pytest.mark.soak
@pytest.mark.parametrize("flow", FLOWS, ids=[flow.name for flow in FLOWS])
def test_a_long_siege_gives_the_same_bytes(flow: Flow, tmp_path: Path) -> None:
    siege = besieged(flow, tmp_path, SOAK_KILLS)

    assert siege.kinds.total() >= SOAK_KILLS
