"""Tests of where Ctrl-C may be raised, and of what becomes of it elsewhere."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from statepipe.interruption import (
    Interruption,
    Presses,
    Region,
    exposed,
    interruptible,
    note,
    region_of,
    sheltered,
    strike,
)


def here() -> Region:
    return region_of(sys._getframe())


@sheltered
def in_shelter(call: Callable[[], Region]) -> Region:
    return call()


@exposed
def in_the_open(call: Callable[[], Region]) -> Region:
    return call()


def generated(call: Callable[[], Region]) -> Region:
    names: dict[str, Callable[..., Region]] = {}
    exec(compile("def run(call): return call()", "<statepipe One:main 0>", "exec"), names)
    return names["run"](call)


def test_the_innermost_mark_decides_where_a_thread_is() -> None:
    assert here() is Region.OUTSIDE
    assert in_shelter(here) is Region.SHELTERED
    assert in_shelter(lambda: in_the_open(here)) is Region.EXPOSED
    assert in_the_open(lambda: in_shelter(here)) is Region.SHELTERED
    assert in_shelter(lambda: generated(here)) is Region.EXPOSED


@pytest.fixture(autouse=True)
def default_handler() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_strike_in_a_shelter_is_noted_and_raised_when_it_is_heeded() -> None:
    woken: list[bool] = []
    interruption = Interruption(lambda: woken.append(True))

    @sheltered
    def run() -> None:
        with interruptible(interruption):
            strike(sys._getframe())
            with pytest.raises(KeyboardInterrupt):
                interruption.heed()
            interruption.heed()

    run()
    assert woken == [True]


def test_a_strike_in_the_open_or_outside_is_raised_at_once() -> None:
    @exposed
    def run() -> None:
        strike(sys._getframe())

    with pytest.raises(KeyboardInterrupt), interruptible(Interruption(lambda: None)):
        run()
    with pytest.raises(KeyboardInterrupt):
        strike(sys._getframe())


def test_where_no_stream_would_raise_it_a_strike_does() -> None:
    @sheltered
    def run() -> None:
        strike(sys._getframe())

    note()
    with pytest.raises(KeyboardInterrupt):
        run()


def test_what_was_noted_and_not_heeded_is_raised_at_the_end() -> None:
    @sheltered
    def run() -> None:
        with interruptible(Interruption(lambda: None)):
            signal.raise_signal(signal.SIGINT)
            done.append(True)

    done: list[bool] = []
    with pytest.raises(KeyboardInterrupt):
        run()

    assert done == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_press_counts_as_the_second_only_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    @sheltered
    def run(presses: Presses, count: int) -> None:
        with interruptible(Interruption(lambda: None)):
            for _ in range(count):
                presses(signal.SIGINT, sys._getframe())
            done.append(count)

    done: list[int] = []
    for patience_s in (1000.0, -1.0):
        monkeypatch.setattr("statepipe.interruption.PRESS_S", patience_s)
        with pytest.raises(KeyboardInterrupt):
            run(Presses(), 2)

    assert done == [2]


def test_another_thread_takes_no_signal_over() -> None:
    def run() -> None:
        with interruptible(Interruption(lambda: None)):
            seen.append(signal.getsignal(signal.SIGINT))
            strike(None)

    seen: list[object] = []

    def run_in_thread() -> None:
        with pytest.raises(KeyboardInterrupt):
            run()
        seen.append("raised")

    thread = threading.Thread(target=run_in_thread)
    thread.start()
    thread.join()

    assert seen == [signal.default_int_handler, "raised"]
