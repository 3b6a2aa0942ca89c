"""Flow: when to read on and when to pause. Decides; touches nothing."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(slots=True)
class Flow:
    """Counts records and bytes under way, between reading and writing, against their limits.

    Reading stops at `pause_at` records under way or `limit_bytes`, and goes on at half of that.
    `limit` is never passed, except by a single chunk that is larger: with nothing under way, one
    is let in. `tight` (memory is short) lets in one chunk at a time. What is found out later of
    what is under way may be added to `in_flight_bytes`; what is still to be expected of it,
    `growth_bytes`, counts as if it were there.
    """

    limit: int
    pause_at: int
    in_flight: int = 0
    paused: bool = False
    tight: bool = False
    limit_bytes: int = sys.maxsize
    in_flight_bytes: int = 0
    growth_bytes: int = 0

    @property
    def weight_bytes(self) -> int:
        """What is under way, as it will be."""
        return self.in_flight_bytes + self.growth_bytes

    @property
    def most(self) -> int:
        """The records at which an intake that reads ahead of the driver has to pause."""
        return min(self.limit, self.pause_at)

    def may_read(self, records: int, size: int = 0) -> bool:
        """Tell whether a chunk of up to `records` records and `size` bytes may be read now."""
        if self.in_flight == 0:
            self.paused = False
            return True
        if self.in_flight_bytes + self.growth_bytes >= self.limit_bytes:
            self.paused = True
        elif self.paused and self._at_half():
            self.paused = False
        if self.paused or self.tight or self.in_flight + records > self.limit:
            return False
        return self.in_flight_bytes + self.growth_bytes + size <= self.limit_bytes

    def has_room(self, records: int, size: int) -> bool:
        """Tell whether so much more may be read, whatever was written since it was last told."""
        if self.paused or self.tight or self.in_flight + records > self.limit:
            return False
        few = self.in_flight + records < self.pause_at
        return few and self.in_flight_bytes + self.growth_bytes + size < self.limit_bytes

    def on_read(self, records: int, size: int = 0) -> None:
        self.in_flight += records
        self.in_flight_bytes += size
        if (
            self.in_flight >= self.pause_at
            or self.in_flight_bytes + self.growth_bytes >= self.limit_bytes
        ):
            self.paused = True

    def on_written(self, records: int, size: int = 0) -> None:
        self.in_flight -= records
        self.in_flight_bytes -= size

    def _at_half(self) -> bool:
        few = self.in_flight <= self.pause_at // 2
        return few and self.in_flight_bytes + self.growth_bytes <= self.limit_bytes // 2
