"""Deadlines and waits: end Python code that takes too long, in the thread that runs it."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any, TypeVar

from statepipe import standard
from statepipe.run.watchdog import WATCHDOG, Watch

Result = TypeVar("Result")

SLICE_S = 0.02
"""How long a wait may go without looking up: an error reaches a thread between two of these."""


class SystemTiming:
    """The `Timing` of a process: its own clock, threads and chance."""

    def within(self, seconds: float, error: type[Exception], call: Callable[[], Result]) -> Result:
        if seconds <= 0:
            raise error
        return within(seconds, error, call)

    async def within_async(
        self, seconds: float, error: type[Exception], work: Coroutine[Any, Any, Result]
    ) -> Result:
        if seconds <= 0:
            work.close()
            raise error
        return await within_async(seconds, error, work)

    def sleep(self, seconds: float) -> None:
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            time.sleep(min(left_s, SLICE_S))

    async def sleep_async(self, seconds: float) -> None:
        await standard.asyncio.sleep(seconds)

    def random(self) -> float:
        return random.random()


def within(seconds: float, error: type[Exception], call: Callable[[], Result]) -> Result:
    """Make a call, and raise `error` in it when it takes longer than `seconds`.

    It is raised between two bytecodes: a call into C that never returns is not ended. One that
    comes back late has failed as well: its error may have been swallowed.
    """
    watch = Watch(seconds, error, sys._getframe())
    try:
        try:
            WATCHDOG.add(watch)
            result = call()
        finally:
            WATCHDOG.remove(watch)
    finally:
        WATCHDOG.remove(watch)  # an error may have come in the midst of the other one
    if watch.is_late:
        raise error
    return result


async def within_async(
    seconds: float, error: type[Exception], work: Coroutine[Any, Any, Result]
) -> Result:
    """Await `work`, and raise `error` when it takes longer, be it in waiting or in computing."""
    try:
        async with standard.asyncio.timeout(seconds) as timeout:
            result = await Bounded(work, seconds, error)
    except TimeoutError as exc:
        if not timeout.expired():
            raise
        raise error from exc
    if timeout.expired():  # the work has swallowed its cancellation
        raise error
    return result


class Bounded(Awaitable[Result]):
    """Awaits a coroutine, and ends it where it computes for too long without awaiting.

    What it awaits for too long is for `asyncio.timeout` to end.
    """

    def __init__(
        self, coroutine: Coroutine[Any, Any, Result], seconds: float, error: type[Exception]
    ) -> None:
        self._coroutine = coroutine
        self._error = error
        self._until = time.monotonic() + seconds

    def __await__(self) -> Generator[Any, Any, Result]:
        step: Callable[[], Any] = partial(self._coroutine.send, None)
        while True:
            try:
                left_s = max(0.0, self._until - time.monotonic())
                waited_for = within(left_s, self._error, step)
            except StopIteration as done:
                if time.monotonic() > self._until:  # it has swallowed the error
                    raise self._error from None
                result: Result = done.value
                return result
            try:
                step = partial(self._coroutine.send, (yield waited_for))
            except BaseException as error:  # a cancellation: the coroutine is to hear of it
                step = partial(self._coroutine.throw, error)
