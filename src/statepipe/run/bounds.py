"""Bounds: how much memory a worker may take, so that Python says no before the system kills."""

from __future__ import annotations

import resource
import sys

import psutil

MB = 1024 * 1024

LEAST_MB = 64.0
"""What a worker may take whatever the limit: below it, it could not hold a chunk."""


def share_mb(limit_mb: float, workers: int) -> float:
    """Return what each worker may take of a limit for all processes."""
    return max(LEAST_MB, limit_mb / workers)


def bound_growth(most_mb: float) -> None:
    """Let this process take `most_mb` more than it has; beyond that, it gets MemoryError.

    Counted is memory for data (RLIMIT_DATA, which Linux heeds for all that is private and
    writable). Elsewhere nothing is bounded.
    """
    if not sys.platform.startswith("linux"):
        return
    most = int(psutil.Process().memory_info().data + most_mb * MB)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
