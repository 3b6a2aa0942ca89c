"""Bell: how threads and tasks wake the driver. Its two kinds are all that the drivers differ in."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Protocol

from statepipe.interruption import Interruption, heed_what_was_swallowed
from statepipe.run.alarm import Alarm


class Bell(Protocol):
    """Rung from any thread; waited for by one driver. A ring between two waits is not lost."""

    @property
    def is_shared(self) -> bool:
        """Whether others run in the driver's thread, as tasks of its loop."""

    def ring(self) -> None: ...

    def heed(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was noted. Called where the stream may be left."""

    async def wait(self, timeout_s: float | None) -> bool:
        """Wait until the bell has been rung since the last wait, or for `timeout_s`.

        Return whether it was rung. Heeds Ctrl-C.
        """

    async def breathe(self) -> None:
        """Let others run. Called after every chunk, where the thread is shared."""

    async def aside(self, call: Callable[[], None]) -> None:
        """Make a call that blocks, as an fsync does; others run meanwhile if there are any.

        A call that has begun is made to its end, also where its caller is cancelled.
        """


class ThreadBell:
    """Waits by blocking its thread. Its coroutines never suspend."""

    is_shared = False

    def __init__(self) -> None:
        self._alarm = Alarm()
        self.interruption = Interruption(self._alarm.ring)
        self.ring = self._alarm.ring
        self.heed = self.interruption.heed

    async def wait(self, timeout_s: float | None) -> bool:
        self.heed()
        rung = self._alarm.wait(timeout_s)
        self.heed()
        return rung

    async def breathe(self) -> None:
        """Nobody else is there."""

    async def aside(self, call: Callable[[], None]) -> None:
        call()


class LoopBell:
    """Waits in the running event loop, and gives it a turn every `TURN_S` seconds of work.

    A loop that an interrupt has ended in the midst of a turn may have lost a callback, and then
    runs on to clean up. So every `LOOK_S` a call aside is looked at, whether it told of its end.
    """

    TURN_S = 0.005
    LOOK_S = 0.1
    is_shared = True

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._rung = asyncio.Event()
        self._last_turn = self._loop.time()

    def ring(self) -> None:
        if threading.get_ident() == self._thread:
            self._rung.set()
        else:
            self._call(self._rung.set)

    def heed(self) -> None:
        """What was noted cancels the task."""
        heed_what_was_swallowed()

    async def wait(self, timeout_s: float | None) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                await self._rung.wait()
        except TimeoutError:
            pass  # not rung, which is what is returned
        rung = self._rung.is_set()
        self._rung.clear()
        self._last_turn = self._loop.time()
        return rung

    async def breathe(self) -> None:
        if self._loop.time() - self._last_turn > self.TURN_S:
            await asyncio.sleep(0)
            self._last_turn = self._loop.time()

    async def aside(self, call: Callable[[], None]) -> None:
        done, errors, ended = asyncio.Event(), list[BaseException](), Alarm()

        def work() -> None:
            try:
                call()
            except BaseException as error:  # raised again in the caller's thread
                errors.append(error)
            ended.ring()
            self._call(done.set)

        thread = threading.Thread(target=work, name="statepipe-aside", daemon=True)
        thread.start()
        cancelled: asyncio.CancelledError | None = None
        while not ended.wait(0):
            told = asyncio.ensure_future(done.wait())
            try:
                await asyncio.wait([told], timeout=self.LOOK_S)
            except asyncio.CancelledError as error:  # raised again when the call has ended
                cancelled = error
            finally:
                told.cancel()
        thread.join()
        self._last_turn = self._loop.time()
        if cancelled is not None:
            raise cancelled
        if errors:
            raise errors[0]

    def _call(self, callback: Callable[[], None]) -> None:
        """Have the loop call `callback`, from another thread, unless the loop is over."""
        try:
            self._loop.call_soon_threadsafe(callback)
        except RuntimeError:
            if not self._loop.is_closed():
                raise
