"""Tests of the one thread that looks after all limits of time."""

from __future__ import annotations

import dis
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from statepipe.run import watchdog
from statepipe.run.watchdog import Watch, Watchdog
from tests.run.sources import until

FILES = (watchdog.__file__, threading.__file__)


class LateError(Exception):
    pass


def threads() -> set[int]:
    """Return the threads that run Python, be they known to `threading` or not."""
    return set(sys._current_frames())


def watched(dog: Watchdog, seconds: float, call: Callable[[], None]) -> str:
    watch = Watch(seconds, LateError, sys._getframe())
    try:
        dog.add(watch)
        call()
        return "in time"
    except LateError:
        return "late"
    finally:
        dog.remove(watch)
        dog.remove(watch)


def spin() -> None:
    while True:
        pass


def test_many_calls_share_one_thread() -> None:
    dog, before = Watchdog(), threads()
    for _ in range(100):
        assert watched(dog, 60, lambda: None) == "in time"

    until(lambda: dog._thread in threads())
    assert len(threads() - before) == 1


def test_a_short_limit_is_seen_beside_a_long_one() -> None:
    dog = Watchdog()

    assert watched(dog, 60, lambda: None) == "in time"
    assert watched(dog, 0.02, spin) == "late"


def test_the_thread_goes_when_there_is_nothing_to_watch_and_comes_back() -> None:
    dog = Watchdog()
    watched(dog, 60, lambda: None)
    until(lambda: dog._thread is not None)
    mine = dog._thread
    until(lambda: dog._thread is None)

    assert mine is not None
    assert watched(dog, 0.02, spin) == "late"


def test_a_watch_that_was_taken_away_strikes_nobody() -> None:
    dog = Watchdog()
    watch = Watch(0.001, LateError, sys._getframe())
    dog.add(watch)
    dog.remove(watch)
    end = time.monotonic() + 0.1
    while time.monotonic() < end:
        pass

    assert not watch.is_late


class At:
    """Raises KeyboardInterrupt at the `number`th place of a watchdog where one may come.

    That is where a function begins, and behind each call: there Python looks for signals.
    """

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, frame: FrameType, event: str, _argument: object) -> At | None:
        if frame.f_code.co_filename not in FILES:
            return None
        frame.f_trace_opcodes = True
        if event == "call" or (event == "opcode" and follows_a_call(frame)):
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self


def follows_a_call(frame: FrameType) -> bool:
    code, at = frame.f_code.co_code, frame.f_lasti - 2
    while code[at] == dis.opmap["CACHE"]:
        at -= 2
    return code[at] == dis.opmap["CALL"]


def added(dog: Watchdog, at: At) -> bool:
    """Add a watch; return whether the interrupt came."""
    watch = Watch(60, LateError, sys._getframe())
    before = sys.gettrace()
    sys.settrace(at)
    try:
        dog.add(watch)
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
        dog.remove(watch)
    return False


def test_an_interrupt_anywhere_leaves_it_at_work() -> None:
    number = 0
    while added(dog := Watchdog(), At(number := number + 1)):
        assert watched(dog, 0.001, spin) == "late"
    assert number > 3
