"""Leaving: how a worker ends in the midst of its work, so that it can close what it has open."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Coroutine
from types import FrameType
from typing import Any, TypeVar

from statepipe.interruption import Region, region_of

LEAVE = signal.SIGUSR2
"""Tells a worker to end. Sent only where it may have something to close, and until it is gone."""

PATIENCE_S = 1.0
"""How long code of the author's may take to clean up before it is told again."""

Result = TypeVar("Result")


class Leaving:
    """What a worker knows of being told to end.

    `LEAVE` raises SystemExit in code of the author's, which may take for ever. Where a resource is
    being opened or a function set up it does not, or nobody would know what to close: the next
    one, soon after, meets another place. An event loop has its task cancelled first. What does not
    come to its end by that is struck again after `PATIENCE_S`. From `begin_end` on nothing is
    raised any more.
    """

    def __init__(self) -> None:
        self._is_told = False
        self._is_ending = False
        self._strikes_from_s = 0.0
        self._task: asyncio.Task[Any] | None = None

    def listen(self) -> None:
        """Be told from now on. In the main thread."""
        signal.signal(LEAVE, self._hear)

    def heed(self) -> None:
        """Raise SystemExit if it was told to end. Called where there is nothing in hand."""
        if self._is_told:
            raise SystemExit(0)

    def begin_end(self) -> None:
        self._is_ending = True

    def run(self, loop: asyncio.Runner, work: Coroutine[Any, Any, Result]) -> Result:
        """Run `work`, and cancel it when told to end. Raises SystemExit then."""
        try:
            return loop.run(self._cancellable(work))
        except asyncio.CancelledError:
            self.heed()
            raise

    async def _cancellable(self, work: Coroutine[Any, Any, Result]) -> Result:
        self._task = asyncio.current_task()
        try:
            return await work
        finally:
            self._task = None

    def _hear(self, _number: int, frame: FrameType | None) -> None:
        self._is_told = True
        now_s = time.monotonic()
        if self._is_ending or now_s < self._strikes_from_s:
            return
        if self._task is not None and not self._task.cancelling():
            self._strikes_from_s = now_s + PATIENCE_S
            self._task.cancel()
            self._task.get_loop().call_soon_threadsafe(nothing)  # wakes it where it waits
        elif region_of(frame) is Region.EXPOSED:
            self._strikes_from_s = now_s + PATIENCE_S
            raise SystemExit(0)


def nothing() -> None:
    """Do nothing, in a loop that is to go around once."""


def end_all(loop: asyncio.Runner) -> None:
    """Cancel the tasks that a SystemExit has left in a loop, and wait for them."""
    loop.run(_end_all())


async def _end_all() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left)
    for task in left:
        if not task.cancelled():
            task.exception()  # so that the loop does not complain of it
