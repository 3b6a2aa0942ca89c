"""Memory of the process and its workers, sampled now and then."""

from __future__ import annotations

import psutil

from statepipe.ports import Clock

SAMPLE_S = 0.25
"""Between two samples; one costs about 0.1 ms for each process."""

MB = 1024 * 1024


class MemoryGauge:
    """Samples the resident memory of the process tree, and keeps the peak, in MB."""

    def __init__(self, clock: Clock, *, children: bool) -> None:
        self._clock = clock
        self._process = psutil.Process()
        self._children = children
        self._next_s = 0.0
        self.now_mb = 0.0
        self.peak_mb = 0.0

    def sample(self) -> bool:
        """Take a sample if one is due; return whether one was taken."""
        now = self._clock.monotonic_s()
        if now < self._next_s:
            return False
        self._next_s = now + SAMPLE_S
        self.now_mb = resident_mb(self._process, self._children)
        self.peak_mb = max(self.peak_mb, self.now_mb)
        return True


def resident_mb(process: psutil.Process, children: bool) -> float:
    """Return the resident memory of `process`, and of its children if they are wanted.

    Pages that they share count for each. Looking for children reads the whole process table.
    """
    total = process.memory_info().rss
    for child in process.children(recursive=True) if children else ():
        try:
            total += child.memory_info().rss
        except psutil.NoSuchProcess:
            continue  # it ended between the listing and the look
    return float(total / MB)
