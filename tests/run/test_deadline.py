"""Tests of ending code that takes too long."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from statepipe.run.deadline import Bounded, RecordTimeoutError, within


def spin() -> None:
    while True:
        pass


def test_code_that_never_ends_is_ended() -> None:
    with pytest.raises(RecordTimeoutError, match="took longer than it was given"):
        within(0.05, spin)


def test_code_that_swallows_the_first_error_meets_the_next() -> None:
    swallowed = 0

    def stubborn() -> None:
        nonlocal swallowed
        try:
            spin()
        except RecordTimeoutError:
            swallowed += 1
        spin()

    with pytest.raises(RecordTimeoutError):
        within(0.01, stubborn)

    assert swallowed == 1


def test_what_is_given_or_raised_in_time_comes_through() -> None:
    def fail() -> None:
        raise KeyError("own")

    assert within(60, lambda: 7) == 7
    with pytest.raises(KeyError, match="own"):
        within(60, fail)


def test_no_error_arrives_behind_the_call() -> None:
    late = 0
    for _ in range(200):  # each ends at about the time at which it is to be ended
        end = time.monotonic() + 0.001

        def work(end: float = end) -> None:
            while time.monotonic() < end:
                pass

        try:
            within(0.001, work)
        except RecordTimeoutError:
            late += 1
        for _ in range(1000):
            pass

    assert 0 <= late <= 200
    wait_for_watches()


def wait_for_watches() -> None:
    deadline = time.monotonic() + 10
    while any(thread.name == "statepipe-deadline" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_each_call_may_have_its_own_deadline() -> None:
    def inner() -> None:
        within(60, spin)

    with pytest.raises(RecordTimeoutError):
        within(0.05, inner)
    wait_for_watches()


async def test_a_coroutine_that_computes_for_too_long_is_ended() -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        spin()

    with pytest.raises(RecordTimeoutError):
        await Bounded(work(), 0.05)


async def test_a_coroutine_hears_of_its_cancellation_and_may_go_on() -> None:
    heard: list[Any] = []

    async def work() -> int:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            heard.append(error)
        await asyncio.sleep(0)
        return 7

    async def bounded() -> int:
        return await Bounded(work(), 60)

    task = asyncio.create_task(bounded())
    await asyncio.sleep(0)
    task.cancel()

    assert await task == 7
    assert len(heard) == 1


PROFILED = """
import sys
from statepipe.run.deadline import RecordTimeoutError, within

def spin():
    while True:
        pass

within(30, int)
try:
    within(0.01, spin)
except RecordTimeoutError:
    print("ended")

def call():
    return 1

sys.setprofile(lambda *event: None)
call()
sys.setprofile(None)
print("profiled")
"""


def test_a_deadline_leaves_nothing_that_a_profiled_call_would_wait_for() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROFILED], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.split() == ["ended", "profiled"]
