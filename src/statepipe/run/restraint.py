"""Restraint: holds reading back, for slow sinks and for the memory's sake, and tells of it."""

from __future__ import annotations

from collections.abc import Sequence

from statepipe.ports.clock import Clock
from statepipe.run.flow import Flow
from statepipe.run.growth import FIRST_GUESS
from statepipe.run.intake import Intake
from statepipe.run.memory import MemoryGauge, give_back
from statepipe.run.options import StreamConfig
from statepipe.run.pressure import Pressure
from statepipe.run.progress import Load
from statepipe.run.underway import UnderWay, Weighed

LOOK_S = 0.25
"""Between two looks at the memory. One costs about 0.1 ms for each process."""


class Restraint:
    """Decides for one stream when its intake may be read, and makes it heed the sizes of the hour.

    Carries out what `flow` and `pressure` decide; `under_way` tells them of every chunk. From
    `look_due_s` on, by the clock, `look` is to be called.
    """

    def __init__(
        self, config: StreamConfig, intake: Intake, outlets: Sequence[Weighed], clock: Clock
    ) -> None:
        self.flow = Flow(config.buffer_size, config.backpressure_threshold)
        self.under_way = UnderWay(self.flow, outlets)
        self._pressure = Pressure(config)
        self._growth_times = FIRST_GUESS
        self._memory = MemoryGauge()
        self.look_due_s = 0.0
        self._intake = intake
        self._clock = clock
        self._paused_since: float | None = None
        self._paused_s = 0.0

    def start(self) -> None:
        """Let the intake begin to read."""
        self._resize()
        self._intake.start(self.flow)

    def may_read(self) -> bool:
        """Tell whether a chunk may be taken now; the time until one may be counts as paused."""
        if self.under_way.growth.times != self._growth_times:
            self._resize()
        sizes = self._pressure.sizes
        records, size = sizes.chunk_size, sizes.chunk_bytes
        if self._intake.heeds_flow or not self.flow.has_room(records, size):
            self.under_way.release()
            if not self.flow.may_read(records, size):
                if self._paused_since is None:
                    self._paused_since = self._clock.monotonic_s()
                return False
        if self._paused_since is not None:
            self._paused_s += self._clock.monotonic_s() - self._paused_since
            self._paused_since = None
        return True

    @property
    def is_pausing(self) -> bool:
        """Whether reading waits for something to be written."""
        return self._paused_since is not None

    def wait_s(self) -> float | None:
        """Return after how long there is something to take; None if only the bell tells."""
        return None if self.is_pausing else self._intake.wait_s()

    def look(self, workers: Sequence[int]) -> None:
        """Look at the memory, and heed what it is. `workers` are process ids."""
        self.look_due_s = self._clock.monotonic_s() + LOOK_S
        self._memory.look(workers)
        if self._pressure.is_near(self._memory.now_mb):
            give_back()
            self._memory.look(workers)
        if self._pressure.on_sample(self._memory.now_mb):
            self._resize()

    def load(self) -> Load:
        """Return where things stand."""
        self.under_way.release()
        return Load(
            in_flight=self.flow.in_flight + self._intake.waiting,
            in_flight_bytes=self.flow.in_flight_bytes + self._intake.waiting_bytes,
            paused_s=self._paused_s + self._intake.paused_s,
            memory_mb=self._memory.now_mb,
            peak_memory_mb=self._memory.peak_mb,
            chunk_size=self._pressure.sizes.chunk_size,
        )

    def _resize(self) -> None:
        sizes, self._growth_times = self._pressure.sizes, self.under_way.growth.times
        self.flow.tight, self.flow.limit_bytes = sizes.tight, sizes.flow_bytes
        self._intake.resize(sizes.before_growth(self._growth_times))
