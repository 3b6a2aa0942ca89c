"""StepsDue: tells the parent of a worker by when the step in hand has to be done."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from statepipe.ports.timing import Result, Timing
from statepipe.run.in_hand import InHand


class StepsDue:
    """The deadlines of the steps in hand, of which there are several in an async plan.

    Made before workers are forked; each sets its own `in_hand`. Where it is None, nobody is told.
    """

    def __init__(self) -> None:
        self.in_hand: InHand | None = None
        self._open: list[float] = []

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Announce, for as long as the context lasts, that it should not last longer."""
        due_s = time.monotonic() + seconds
        self._open.append(due_s)
        self._announce()
        try:
            yield
        finally:
            self._open.remove(due_s)
            self._announce()

    def _announce(self) -> None:
        if self.in_hand is not None:
            self.in_hand.due_s = min(self._open, default=None)


class AnnouncedTiming:
    """The `Timing` of a worker: what it cannot end itself, a call into C, its parent ends."""

    def __init__(self, inner: Timing, due: StepsDue) -> None:
        self._inner = inner
        self._due = due

    def within(self, seconds: float, error: type[Exception], call: Callable[[], Result]) -> Result:
        with self._due.within(seconds):
            return self._inner.within(seconds, error, call)

    async def within_async(
        self, seconds: float, error: type[Exception], work: Coroutine[Any, Any, Result]
    ) -> Result:
        with self._due.within(seconds):
            return await self._inner.within_async(seconds, error, work)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        await self._inner.sleep_async(seconds)

    def random(self) -> float:
        return self._inner.random()
