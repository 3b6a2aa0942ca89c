"""Clock and Randomness: time and chance, and the run that begins with them."""

from __future__ import annotations

from typing import Protocol

from statepipe.record import Run


class Clock(Protocol):
    def monotonic_s(self) -> float: ...

    def now_s(self) -> float:
        """Return seconds since the epoch, UTC."""


class Randomness(Protocol):
    def random_bytes(self, count: int) -> bytes:
        """Return bytes that nobody can foresee."""


def begin_run(clock: Clock, randomness: Randomness) -> Run:
    """Return a new run, which begins now."""
    return Run(randomness.random_bytes(16).hex(), clock.now_s())
