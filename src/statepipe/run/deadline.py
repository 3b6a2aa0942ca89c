"""Deadline: ends Python code that takes too long, in the thread that runs it."""

from __future__ import annotations

import ctypes
import threading
from types import TracebackType

AGAIN_S = 0.05
"""Between two attempts: code that swallows the first error meets the next."""


class RecordTimeoutError(Exception):
    """The record took longer than it was given."""

    def __init__(self) -> None:
        super().__init__("the record took longer than it was given")


class Deadline:
    """Raises RecordTimeoutError in the thread that entered it, `seconds` later, until it leaves.

    It is raised between two bytecodes: a call into C that never returns is not ended.
    Source: the C API's PyThreadState_SetAsyncExc.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._target = threading.get_ident()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="statepipe-deadline", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        while True:
            try:
                with self._lock:
                    self._over.set()
                    raise_in(self._target, None)
                return
            except RecordTimeoutError:
                continue  # it was on its way when the work ended

    def _watch(self) -> None:
        wait = self._seconds
        while not self._over.wait(wait):
            with self._lock:
                if not self._over.is_set():
                    raise_in(self._target, RecordTimeoutError)
            wait = AGAIN_S


def raise_in(thread: int, error: type[Exception] | None) -> None:
    """Raise `error` in a thread at its next bytecode; None takes back one that is pending."""
    value = ctypes.py_object(error) if error is not None else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), value)
