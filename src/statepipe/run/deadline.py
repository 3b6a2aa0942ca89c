"""Deadlines: end Python code that takes too long, in the thread that runs it."""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from types import FrameType
from typing import Any, TypeVar

Result = TypeVar("Result")

AGAIN_S = 0.05
"""Between two attempts: code that swallows the first error meets the next."""


class RecordTimeoutError(Exception):
    """The record took longer than it was given."""

    def __init__(self) -> None:
        super().__init__("the record took longer than it was given")


def within(seconds: float, call: Callable[[], Result]) -> Result:
    """Make a call, and raise RecordTimeoutError in it when it takes longer than `seconds`.

    It is raised between two bytecodes: a call into C that never returns is not ended.
    """
    watch = Watch(seconds, sys._getframe())
    try:
        watch.start()
        try:
            return call()
        finally:
            watch.stop()
    except RecordTimeoutError:
        watch.stop()  # the error may have come in the midst of the other one
        raise


class Watch:
    """Raises RecordTimeoutError in what the frame `caller` calls, until it is stopped.

    Never anywhere else: the error is sent only while the thread stands in the call, and `stop`
    takes back one that has not arrived. Source: the C API's PyThreadState_SetAsyncExc.
    """

    def __init__(self, seconds: float, caller: FrameType) -> None:
        self._seconds = seconds
        self._caller: FrameType | None = caller
        self._target = threading.get_ident()
        self._over = threading.Event()
        self._lock = threading.Lock()

    def start(self) -> None:
        threading.Thread(target=self._watch, name="statepipe-deadline", daemon=True).start()

    def stop(self) -> None:
        """Send no error from now on. Safe to call more than once."""
        with self._lock:
            self._over.set()
            self._caller = None
            raise_in(self._target, None)

    def _watch(self) -> None:
        wait_s = self._seconds
        while not self._over.wait(wait_s):
            with self._lock:
                if self._is_in_call():
                    raise_in(self._target, RecordTimeoutError)
            wait_s = AGAIN_S

    def _is_in_call(self) -> bool:
        """Tell whether the thread is in what the caller calls, and not on its way out."""
        inner, frame = None, sys._current_frames().get(self._target)
        while frame is not None and frame is not self._caller:
            inner, frame = frame, frame.f_back
        return frame is not None and inner is not None and inner.f_code is not STOP


STOP = Watch.stop.__code__


class Bounded(Awaitable[Result]):
    """Awaits a coroutine, and ends it where it computes for too long without awaiting.

    What it awaits for too long is for `asyncio.timeout` to end.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, Result], seconds: float) -> None:
        self._coroutine = coroutine
        self._until = time.monotonic() + seconds

    def __await__(self) -> Generator[Any, Any, Result]:
        step: Callable[[], Any] = partial(self._coroutine.send, None)
        while True:
            try:
                waited_for = within(max(0.0, self._until - time.monotonic()), step)
            except StopIteration as done:
                result: Result = done.value
                return result
            try:
                step = partial(self._coroutine.send, (yield waited_for))
            except BaseException as error:  # a cancellation: the coroutine is to hear of it
                step = partial(self._coroutine.throw, error)


def raise_in(thread: int, error: type[Exception] | None) -> None:
    """Raise `error` in a thread at its next check for errors; None takes back a pending one."""
    value = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), value)
