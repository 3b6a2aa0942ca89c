"""Ctrl-C, pressed by a test."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

from tests.run.sources import WAIT_S


def press_when(true: Callable[[], object], times: int = 1) -> threading.Thread:
    """Press Ctrl-C `times` times once something is true."""

    def press() -> None:
        late_s = time.monotonic() + WAIT_S
        while not true() and time.monotonic() < late_s:
            time.sleep(0.001)
        for _ in range(times):
            time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    return thread
