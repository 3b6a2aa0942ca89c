"""Flow: when to read on and when to pause. Decides; touches nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Flow:
    """Counts the records under way, between reading and writing, against their limits.

    Reading stops at `pause_at` records under way, and goes on at half of that; `limit` is never
    passed, except by a single chunk that is larger: with nothing under way, one is let in.
    `tight` (memory is short) lets in one chunk at a time.
    """

    limit: int
    pause_at: int
    in_flight: int = 0
    paused: bool = False
    tight: bool = False

    @property
    def most(self) -> int:
        """The records at which an intake that reads ahead of the driver has to pause."""
        return min(self.limit, self.pause_at)

    def may_read(self, records: int) -> bool:
        """Tell whether a chunk of up to `records` records may be read now."""
        if self.in_flight == 0:
            self.paused = False
            return True
        if self.paused and self.in_flight <= self.pause_at // 2:
            self.paused = False
        return not (self.paused or self.tight) and self.in_flight + records <= self.limit

    def on_read(self, records: int) -> None:
        self.in_flight += records
        if self.in_flight >= self.pause_at:
            self.paused = True

    def on_written(self, records: int) -> None:
        self.in_flight -= records
