"""Tests of the one thread that looks after all limits of time."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

from statepipe.run.watchdog import IDLE_S, Watch, Watchdog


class LateError(Exception):
    pass


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


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
    dog, before = Watchdog(), len(threads())
    for _ in range(100):
        assert watched(dog, 60, lambda: None) == "in time"

    assert len(threads()) <= before + 1


def test_a_short_limit_is_seen_beside_a_long_one() -> None:
    dog = Watchdog()

    assert watched(dog, 60, lambda: None) == "in time"
    assert watched(dog, 0.02, spin) == "late"


def test_the_thread_goes_when_there_is_nothing_to_watch_and_comes_back() -> None:
    dog = Watchdog()
    watched(dog, 60, lambda: None)
    mine = dog._thread
    assert mine is not None
    mine.join(20 * IDLE_S)

    assert not mine.is_alive()
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
