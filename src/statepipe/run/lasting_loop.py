"""LastingLoop: an event loop in a thread of its own, for blocking callers of async code.

It lasts from one call to the next, so that what one of them has opened serves the others.
"""

from __future__ import annotations

import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from statepipe import standard

Result = TypeVar("Result")

SLICE_S = 0.05


class LastingLoop:
    """Runs until it is closed."""

    def __init__(self) -> None:
        self._began = threading.Event()
        self._thread = threading.Thread(target=self._work, name="statepipe-loop", daemon=True)
        self._thread.start()
        self._began.wait()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Await `work` there, and return what it gives. An interrupt here cancels it there."""
        future = standard.asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            while not standard.futures.wait([future], timeout=SLICE_S).done:
                pass  # an error that another thread raises here arrives between two waits
            return future.result()
        finally:
            future.cancel()  # of what is done, nothing is left to cancel

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
        self._began.set()
        await self._closed.wait()
