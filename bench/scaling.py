"""What two processes can gain on this machine at this moment, with no framework in between.

Cores that other work is using, or that share one physical core, give less than 2; the speed-up of
two workers is to be read beside this number.
"""

from __future__ import annotations

import subprocess
import sys
import time

LOOP = "x = 0\nfor i in range(20_000_000):\n    x = (x * 31 + i) % 1000003"
TRIES = 3


def seconds_of(processes: int) -> float:
    """Return the best time in which `processes` processes each finish one bare loop."""
    return min(run_once(processes) for _ in range(TRIES))


def run_once(processes: int) -> float:
    begin = time.perf_counter()
    running = [subprocess.Popen([sys.executable, "-c", LOOP]) for _ in range(processes)]
    for process in running:
        process.wait()
    return time.perf_counter() - begin


def two_process_gain() -> float:
    return round(2 * seconds_of(1) / seconds_of(2), 2)
