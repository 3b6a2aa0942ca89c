"""LastingLoop: an event loop in a thread of its own, for blocking callers of async code.

It lasts from one call to the next, so that what one of them has opened serves the others.
"""

from __future__ import annotations

import threading
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

from statepipe import standard
from statepipe.run.alarm import Alarm

Result = TypeVar("Result")

SLICE_S = 0.05


class Call(Generic[Result]):
    """What is awaited in a loop while another thread waits for it. `over` is rung at its end.

    (A future of `concurrent` has a Condition, which an interrupt of the waiting thread may leave
    locked; the loop would then wait for it for good.)
    """

    def __init__(self, work: Coroutine[Any, Any, Result]) -> None:
        self.over = Alarm()
        self._work = work
        self._task: standard.asyncio.Task[Result] | None = None

    def begin(self) -> None:
        """Begin, in the loop."""
        self._task = standard.asyncio.ensure_future(self._work)
        self._task.add_done_callback(lambda _task: self.over.ring())

    def cancel(self) -> None:
        """Cancel it, in the loop. Of what is done, nothing is left to cancel."""
        if self._task is not None:
            self._task.cancel()

    def result(self) -> Result:
        assert self._task is not None
        return self._task.result()


class LastingLoop:
    """Runs until it is closed."""

    def __init__(self) -> None:
        self._began = Alarm()
        self._thread = threading.Thread(target=self._work, name="statepipe-loop", daemon=True)
        self._thread.start()
        self._began.wait()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Await `work` there, and return what it gives. An interrupt here cancels it there."""
        call = Call(work)
        try:
            self._loop.call_soon_threadsafe(call.begin)
            while not call.over.wait(SLICE_S):
                pass  # an error that another thread raises here arrives between two waits
            return call.result()
        except BaseException:
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(call.cancel)
            raise

    def close(self) -> None:
        """End the loop, and all that still runs in it. Twice is fine."""
        self.stop()
        self._thread.join()

    def stop(self) -> None:
        """Let the loop end, and do not wait for it."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._closed.set)

    def _work(self) -> None:
        standard.asyncio.run(self._until_closed())

    async def _until_closed(self) -> None:
        self._loop = standard.asyncio.get_running_loop()
        self._closed = standard.asyncio.Event()
        self._began.ring()
        await self._closed.wait()
