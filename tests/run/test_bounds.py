"""Tests of the bound on a worker's memory."""

from __future__ import annotations

import resource
import sys
from multiprocessing.context import ForkProcess

import pytest

from statepipe.run.bounds import LEAST_MB, MB, bound_growth, share_mb

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RLIMIT_DATA is Linux's")


def exit_code_of(work: object) -> int | None:
    process = ForkProcess(target=work)  # type: ignore[arg-type]  # any callable
    process.start()
    process.join()
    return process.exitcode


@linux
def test_python_refuses_what_is_beyond_the_bound_and_goes_on() -> None:
    def take() -> None:
        bound_growth(100)
        kept = [bytearray(MB) for _ in range(50)]
        try:
            bytearray(100 * MB)
        except MemoryError:
            sys.exit(len(kept))

    assert exit_code_of(take) == 50


@linux
def test_a_bound_from_outside_is_not_widened() -> None:
    def take() -> None:
        tight = 10_000 * MB
        resource.setrlimit(resource.RLIMIT_DATA, (tight, tight))
        bound_growth(1_000_000)
        sys.exit(0 if resource.getrlimit(resource.RLIMIT_DATA) == (tight, tight) else 1)

    assert exit_code_of(take) == 0


def test_workers_share_what_there_is_but_each_can_hold_a_chunk() -> None:
    assert share_mb(1024, 2) == 512
    assert share_mb(10, 2) == LEAST_MB
