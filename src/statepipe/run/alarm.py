"""Alarm: wakes one thread that waits for it; no error that comes in the midst leaves it locked."""

from __future__ import annotations

import threading


class Alarm:
    """Rung from any thread or signal handler, waited for by one thread.

    A ring between two waits is not lost; several are one. It is a bare lock, held while nobody has
    rung, and each method is one call into C. What `threading` builds of such locks in Python (an
    Event, a Condition) stays locked for good where Ctrl-C comes between two of its bytecodes.
    """

    def __init__(self) -> None:
        self._silence = threading.Lock()
        self._silence.acquire()

    def ring(self) -> None:
        try:
            self._silence.release()
        except RuntimeError:
            pass  # it has been rung, and nobody has waited since

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it has been rung since the last wait, or for `timeout_s`; return whether."""
        if timeout_s is None:
            return self._silence.acquire()
        return self._silence.acquire(timeout=min(max(timeout_s, 0.0), threading.TIMEOUT_MAX))
