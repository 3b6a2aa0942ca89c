"""Tests of looking at the memory now and then."""

from __future__ import annotations

import mmap
import multiprocessing
import os

from statepipe.run.heap import settle_heap
from statepipe.run.memory import MemoryGauge, give_back, resident_mb


def test_the_peak_stays_when_memory_is_given_back() -> None:
    gauge = MemoryGauge()
    gauge.look([])
    before = gauge.now_mb
    block = mmap.mmap(-1, 64 * 1024 * 1024)
    block.write(b"x" * len(block))
    gauge.look([])
    block.close()
    gauge.look([])

    assert gauge.peak_mb >= before + 60
    assert gauge.now_mb <= gauge.peak_mb - 60


def test_workers_count_too() -> None:
    gauge, alone = MemoryGauge(), MemoryGauge()
    alone.look([])
    gauge.look([os.getpid()])  # itself once more

    assert gauge.now_mb >= 1.5 * alone.now_mb


def test_a_process_that_has_ended_holds_nothing() -> None:
    process = multiprocessing.get_context("fork").Process(target=int)
    process.start()
    process.join()
    assert process.pid is not None

    assert resident_mb(process.pid) == 0.0
    assert resident_mb(os.getpid()) > 1


def test_what_was_freed_is_given_back() -> None:
    settle_heap()
    kept = [bytes(1000) for _ in range(100_000)]
    kept = kept[::100]  # holes that are no use to the system until it is told of them
    before = resident_mb(os.getpid())
    give_back()

    assert len(kept) == 1000
    assert resident_mb(os.getpid()) <= before - 60
