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
    lets one that has not arrived arrive there. Source: the C API's PyThreadState_SetAsyncExc.
    """

    def __init__(self, seconds: float, caller: FrameType) -> None:
        self._seconds = seconds
        self._caller: FrameType | None = caller
        self._target = threading.get_ident()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._sent = False

    def start(self) -> None:
        threading.Thread(target=self._watch, name="statepipe-deadline", daemon=True).start()

    def stop(self) -> None:
        """Send no error from now on. Safe to call more than once."""
        with self._lock:
            self._over.set()
            self._caller = None
        if self._sent:
            swallow_pending_error()

    def _watch(self) -> None:
        wait_s = self._seconds
        while not self._over.wait(wait_s):
            with self._lock:
                if self._is_in_call():
                    self._sent = True
                    raise_in(self._target)
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


def raise_in(thread: int) -> None:
    """Raise RecordTimeoutError in a thread at its next check for errors."""
    error = ctypes.py_object(RecordTimeoutError)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), error)


def swallow_pending_error() -> None:
    """Make sure that no error is on its way to this thread: send one more, and wait for it.

    A thread has room for one, so that it takes the place of an earlier one. Taking an error back,
    as the C API allows, leaves CPython 3.11 looking for it at every jump for good; a function
    that is profiled then never gets past its first instruction.
    """
    try:
        raise_in(threading.get_ident())
        while True:
            pass
    except RecordTimeoutError:
        return
