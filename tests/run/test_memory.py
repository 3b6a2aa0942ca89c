"""Tests of looking at the memory now and then."""

from __future__ import annotations

import mmap
import multiprocessing
import os

from statepipe.run.heap import settle_heap
from statepipe.run.memory import SAMPLE_S, MemoryGauge, give_back, resident_mb
from statepipe.testing import ManualClock


def test_a_sample_is_taken_at_once_and_then_after_some_time() -> None:
    clock = ManualClock(100.0)
    gauge = MemoryGauge(clock)
    taken = [gauge.sample([]), gauge.sample([])]
    clock.advance(SAMPLE_S / 2)
    taken.append(gauge.sample([]))
    clock.advance(SAMPLE_S / 2)
    taken.append(gauge.sample([]))

    assert taken == [True, False, False, True]


def test_the_peak_stays_when_memory_is_given_back() -> None:
    clock = ManualClock()
    gauge = MemoryGauge(clock)
    gauge.sample([])
    before = gauge.now_mb
    block = mmap.mmap(-1, 64 * 1024 * 1024)
    block.write(b"x" * len(block))
    clock.advance(SAMPLE_S)
    gauge.sample([])
    block.close()
    clock.advance(SAMPLE_S)
    gauge.sample([])

    assert gauge.peak_mb >= before + 60
    assert gauge.now_mb <= gauge.peak_mb - 60


def test_workers_count_too() -> None:
    gauge, alone = MemoryGauge(ManualClock()), MemoryGauge(ManualClock())
    alone.sample([])
    gauge.sample([os.getpid()])  # itself once more

    assert gauge.now_mb >= 1.5 * alone.now_mb


def test_a_process_that_has_ended_holds_nothing() -> None:
    process = multiprocessing.get_context("fork").Process(target=int)
    process.start()
    process.join()
    assert process.pid is not None

    assert resident_mb(process.pid) == 0.0
    assert resident_mb(os.getpid()) > 1


def test_a_look_is_taken_whether_one_is_due_or_not() -> None:
    gauge = MemoryGauge(ManualClock())
    gauge.sample([])
    gauge.now_mb = 0.0
    gauge.look([])

    assert gauge.now_mb > 1
    assert gauge.sample([]) is False


def test_what_was_freed_is_given_back() -> None:
    settle_heap()
    kept = [bytes(1000) for _ in range(100_000)]
    kept = kept[::100]  # holes that are no use to the system until it is told of them
    before = resident_mb(os.getpid())
    give_back()

    assert len(kept) == 1000
    assert resident_mb(os.getpid()) <= before - 60
