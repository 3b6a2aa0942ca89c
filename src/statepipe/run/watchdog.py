"""Watchdog: one thread that raises errors in other threads, whose time is over."""

from __future__ import annotations

import _thread
import ctypes
import math
import os
import sys
import threading
import time
from types import FrameType

from statepipe.run.alarm import Alarm

AGAIN_S = 0.05
"""Between two errors for one call: code that swallows the first meets the next."""

IDLE_S = 1.0
"""How long the thread stays when there is nothing to watch: a process forks best without it."""


class Watch:
    """The time that a call of the function in the frame `caller` has, in the current thread.

    When it is over, `error` is raised in what `caller` calls. Never anywhere else: it is sent only
    while the thread stands in the call, and taking the watch away lets one that has not arrived
    arrive there. Source: the C API's PyThreadState_SetAsyncExc.
    """

    __slots__ = ("caller", "due_s", "error", "is_late", "thread")

    def __init__(self, seconds: float, error: type[Exception], caller: FrameType) -> None:
        self.due_s = time.monotonic() + seconds
        self.error = error
        self.caller: FrameType | None = caller
        self.thread = threading.get_ident()
        self.is_late = False

    def strike(self) -> None:
        """Send the error, if the call is still under way; again later, if that does not help."""
        if self._is_in_call():
            self.is_late = True
            raise_in(self.thread, self.error)
        self.due_s = time.monotonic() + AGAIN_S

    def _is_in_call(self) -> bool:
        """Tell whether the thread is in what the caller calls, and not on its way out."""
        inner, frame = None, sys._current_frames().get(self.thread)
        while frame is not None and frame is not self.caller:
            inner, frame = frame, frame.f_back
        return frame is not None and inner is not None and inner.f_code is not REMOVE


class Watchdog:
    """Looks after the watches of a process, in a thread that is there while there are any.

    What the watched threads do here may be interrupted by an error at any bytecode. So the locks
    are bare ones, which `with` takes and lets go whatever happens; a Condition's are not. And the
    thread is begun by one call into C: one of `threading` that is interrupted while it begins is
    never heard of again.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew: a forked process has the watches, but not the thread."""
        self._lock = threading.Lock()
        self._alarm = Alarm()
        self._watches: dict[int, Watch] = {}
        self._looks_at_s = math.inf
        self._is_begun = False
        self._thread: int | None = None

    def add(self, watch: Watch) -> None:
        with self._lock:
            self._watches[id(watch)] = watch
            if not self._is_begun:
                _thread.start_new_thread(self._look, ())
                self._is_begun = True
            elif watch.due_s < self._looks_at_s:
                self._alarm.ring()

    def remove(self, watch: Watch) -> None:
        """Send no error from now on. Safe to call more than once."""
        with self._lock:
            self._watches.pop(id(watch), None)
            watch.caller = None
        if watch.is_late:
            swallow_pending(watch.error)

    def _look(self) -> None:
        with self._lock:
            if self._thread is not None:
                return  # an error came before the one that was begun was known of
            self._thread = threading.get_ident()
        while (wait_s := self._next_wait_s()) is not None:
            self._alarm.wait(wait_s)

    def _next_wait_s(self) -> float | None:
        """Strike where time is over; return how long to wait, None where there is nothing left."""
        with self._lock:
            now_s = time.monotonic()
            idle = self._looks_at_s <= now_s and not self._watches
            for watch in self._watches.values():
                if watch.due_s <= now_s:
                    watch.strike()
            if idle:
                self._looks_at_s, self._thread, self._is_begun = math.inf, None, False
                return None
            due_s = [watch.due_s for watch in self._watches.values()]
            self._looks_at_s = min([now_s + IDLE_S, *due_s])
            return max(0.0, self._looks_at_s - now_s)


def raise_in(thread: int, error: type[BaseException]) -> None:
    """Raise `error` in a thread at its next check for errors."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))


def swallow_pending(error: type[Exception]) -> None:
    """Make sure that no error is on its way to this thread: send one more, and wait for it.

    A thread has room for one, so that it takes the place of an earlier one. Taking an error back,
    as the C API allows, leaves CPython 3.11 looking for it at every jump for good; a function
    that is profiled then never gets past its first instruction.
    """
    try:
        raise_in(threading.get_ident(), error)
        while True:
            pass
    except error:
        return


REMOVE = Watchdog.remove.__code__
WATCHDOG = Watchdog()
os.register_at_fork(after_in_child=WATCHDOG.reset)
