"""Own loop: an event loop for blocking code that has something to await."""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from statepipe import standard
from statepipe.interruption import Interruption, interruptible, sheltered
from statepipe.run.alarm import Alarm

Result = TypeVar("Result")

Start = Callable[[], Coroutine[Any, Any, Result]]


def run_in_own_loop(start: Start[Result]) -> Result:
    """Run a coroutine to its end from blocking code, in a loop of its own.

    Where a loop runs in this thread already, as in a notebook, another thread is used. An
    interrupt cancels the coroutine, and is raised when it has ended.
    """
    work = Work(start)
    try:
        standard.asyncio.get_running_loop()
    except RuntimeError:
        return run_here(work)
    return run_beside(work)


class Work(Generic[Result]):
    """A coroutine that runs in a loop, and that other threads and signal handlers may cancel."""

    def __init__(self, start: Start[Result]) -> None:
        self._start = start
        self._is_cancelled = False
        self._loop: standard.asyncio.AbstractEventLoop | None = None

    def run(self) -> Result:
        """Run it in a new loop of this thread."""
        return standard.asyncio.run(self._run())

    def cancel(self) -> None:
        self._is_cancelled = True
        if self._loop is None:
            return  # it is looked at when the loop begins
        try:
            self._loop.call_soon_threadsafe(self._task.cancel)
        except RuntimeError:
            if not self._loop.is_closed():
                raise

    async def _run(self) -> Result:
        asyncio = standard.asyncio
        task = asyncio.current_task()
        assert task is not None
        self._task: asyncio.Task[Any] = task
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(tell_but_interrupts)
        if self._is_cancelled:
            raise asyncio.CancelledError
        return await self._start()


def tell_but_interrupts(loop: standard.asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Do what a loop does with an error that nobody awaits; an interrupt is raised in any case."""
    if not isinstance(context.get("exception"), KeyboardInterrupt):
        loop.default_exception_handler(context)


@sheltered
def run_here(work: Work[Result]) -> Result:
    with interruptible(Interruption(work.cancel)):
        return work.run()


@sheltered
def run_beside(work: Work[Result]) -> Result:
    """Run `work` in another thread; what goes wrong here cancels it there."""
    outcome: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work.run())
        except BaseException as error:  # raised again in the caller's thread
            errors.append(error)
        over.ring()

    over = Alarm()  # a `join` that an error has cut short counts the thread as ended
    thread = threading.Thread(target=run, name="statepipe-loop", daemon=True)
    with interruptible(Interruption(work.cancel)):
        thread.start()
        try:
            over.wait()
        except BaseException:  # of a signal handler of the program's own
            work.cancel()
            over.wait()
            raise
    if errors:
        raise errors[0]
    return outcome[0]
