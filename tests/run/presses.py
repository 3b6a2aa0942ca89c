"""Ctrl-C, pressed by a test."""

from __future__ import annotations

import concurrent.futures
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import statepipe
from statepipe import interruption
from tests.run.sources import WAIT_S

PACKAGE = Path(statepipe.__file__).parent
OURS = tuple(
    str(PACKAGE / part) for part in ("run", "connectors", "api/moving.py", "api/single.py")
)
EXECUTORS = str(Path(concurrent.futures.__file__).parent)
PLACES = (*OURS, interruption.__file__, threading.__file__, EXECUTORS)


@pytest.fixture(autouse=True)
def default_handler() -> Iterator[None]:
    """Let Ctrl-C do what it does in a program that says nothing; end what hangs."""

    def hangs(number: int, frame: object) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    alarm = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(2 * WAIT_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, alarm)
    signal.signal(signal.SIGINT, before)


class PressAt:
    """Sends SIGINT before the `number`th line that the main thread runs of what runs are made of.

    That is our code but the author's, and what it uses of Python's to begin and await threads.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.lines = 0
        self.place: str | None = None

    def trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(PLACES):
            return None
        if event == "line":
            self.lines += 1
            if self.lines == self.number:
                self.place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                signal.raise_signal(signal.SIGINT)
        return self.trace


def run_until(press: PressAt, run: Callable[[], object]) -> bool:
    """Run; return whether Ctrl-C came out of it."""
    before = sys.gettrace()
    sys.settrace(press.trace)
    try:
        run()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def press_when(true: Callable[[], object], times: int = 1) -> threading.Thread:
    """Press Ctrl-C `times` times once something is true."""

    def press() -> None:
        late_s = time.monotonic() + WAIT_S
        while not true() and time.monotonic() < late_s:
            time.sleep(0.001)
        for _ in range(times):
            time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    return thread
