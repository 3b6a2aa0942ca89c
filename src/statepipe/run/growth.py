"""Growth: how many times what was read of records their results weigh. Decides; touches nothing."""

from __future__ import annotations

from math import ceil

FIRST_GUESS = 8.0
"""For chunks that are read before there is a result. Of small ones this holds none back."""

STEPS = 8
"""In one: how finely growth is told, so that it does not change with every chunk."""

MEMORY = 16
"""Chunks after which the next ones count more than all before."""


class Growth:
    """`times` is what chunks are taken to grow by, at least 1: the mean of those before."""

    def __init__(self) -> None:
        self.times = FIRST_GUESS
        self._read = 0.0
        self._results = 0.0

    def on_result(self, read: int, results: int) -> None:
        """Take note of a chunk, or of a part of one: the bytes read of it and to be written."""
        kept = 1 - 1 / MEMORY
        self._read = self._read * kept + read
        self._results = self._results * kept + results
        self.times = max(1.0, ceil(STEPS * self._results / max(1.0, self._read)) / STEPS)
