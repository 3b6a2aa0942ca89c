"""Memory of the process and its workers, sampled now and then."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Sequence
from functools import cache

import psutil

MB = 1024 * 1024


class MemoryGauge:
    """Samples the resident memory of the process and its workers, and keeps the peak, in MB."""

    def __init__(self) -> None:
        self.now_mb = 0.0
        self.peak_mb = 0.0

    def look(self, workers: Sequence[int]) -> None:
        """Take a sample now. `workers` are process ids."""
        self.now_mb = sum(map(resident_mb, [os.getpid(), *workers]))
        self.peak_mb = max(self.peak_mb, self.now_mb)


def give_back() -> None:
    """Return what is free to the system: what was freed counts as used until then.

    glibc keeps much, the more after `heap.settle_heap`; other C libraries are not asked.
    Source: malloc_trim(3).
    """
    library = glibc()
    if library is not None:
        library.malloc_trim(0)


@cache
def glibc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process; 0 if it has ended. Shared pages count for each."""
    try:
        return float(psutil.Process(pid).memory_info().rss / MB)
    except psutil.NoSuchProcess:
        return 0.0
