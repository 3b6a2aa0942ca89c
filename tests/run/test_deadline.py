"""Tests of ending code that takes too long."""

from __future__ import annotations

import asyncio
import multiprocessing
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from statepipe.plan.refusals import RecordTimeoutError, StateTimeoutError
from statepipe.run.deadline import Bounded, SystemTiming, within, within_async
from statepipe.run.watchdog import WATCHDOG
from tests.run.sources import until


def spin() -> None:
    while True:
        pass


def test_code_that_never_ends_is_ended() -> None:
    with pytest.raises(RecordTimeoutError, match="took longer than it was given"):
        within(0.05, RecordTimeoutError, spin)


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
        within(0.01, RecordTimeoutError, stubborn)

    assert swallowed == 1


def test_what_is_given_or_raised_in_time_comes_through() -> None:
    def fail() -> None:
        raise KeyError("own")

    assert within(60, RecordTimeoutError, lambda: 7) == 7
    with pytest.raises(KeyError, match="own"):
        within(60, RecordTimeoutError, fail)


def test_no_error_arrives_behind_the_call() -> None:
    late = 0
    for _ in range(200):  # each ends at about the time at which it is to be ended
        end = time.monotonic() + 0.001

        def work(end: float = end) -> None:
            while time.monotonic() < end:
                pass

        try:
            within(0.001, RecordTimeoutError, work)
        except RecordTimeoutError:
            late += 1
        for _ in range(1000):
            pass

    assert 0 <= late <= 200
    wait_for_watches()


def wait_for_watches() -> None:
    until(lambda: WATCHDOG._thread is None)


def test_each_call_may_have_its_own_deadline() -> None:
    def inner() -> None:
        within(60, RecordTimeoutError, spin)

    with pytest.raises(RecordTimeoutError):
        within(0.05, RecordTimeoutError, inner)
    wait_for_watches()


async def test_a_coroutine_that_computes_for_too_long_is_ended() -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        spin()

    with pytest.raises(RecordTimeoutError):
        await Bounded(work(), 0.05, RecordTimeoutError)


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
        return await Bounded(work(), 60, RecordTimeoutError)

    task = asyncio.create_task(bounded())
    await asyncio.sleep(0)
    task.cancel()

    assert await task == 7
    assert len(heard) == 1


PROFILED = """
import sys
from statepipe.plan.refusals import RecordTimeoutError
from statepipe.run.watchdog import WATCHDOG
from tests.run.sources import until
from statepipe.run.deadline import within

def spin():
    while True:
        pass

within(30, RecordTimeoutError, int)
try:
    within(0.01, RecordTimeoutError, spin)
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


# -- limits, one within the other ------------------------------------------------------------------


def inner_limit() -> None:
    within(60, StateTimeoutError, spin)


def outer_limit() -> None:
    within(60, RecordTimeoutError, partial(within, 0.05, StateTimeoutError, spin))


def test_the_limit_that_is_over_first_is_told_be_it_the_outer_or_the_inner() -> None:
    with pytest.raises(RecordTimeoutError):
        within(0.05, RecordTimeoutError, inner_limit)
    with pytest.raises(StateTimeoutError):
        outer_limit()
    wait_for_watches()


def swallow(error: type[Exception]) -> str:
    try:
        spin()
    except error:
        pass
    return "as if nothing had been"


def test_a_call_that_swallows_the_error_and_comes_back_late_has_failed() -> None:
    with pytest.raises(StateTimeoutError):
        within(0.02, StateTimeoutError, partial(swallow, StateTimeoutError))


def test_many_limits_in_many_threads_strike_only_their_own() -> None:
    struck: list[str] = []

    def one(seconds: float, work: Callable[[], None]) -> None:
        try:
            within(seconds, StateTimeoutError, work)
            struck.append("in time")
        except StateTimeoutError:
            struck.append("late")

    def short() -> None:
        time.sleep(0.001)

    jobs = [(0.02, spin), (60.0, short)] * 4
    threads = [threading.Thread(target=one, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(struck) == ["in time"] * 4 + ["late"] * 4
    wait_for_watches()


def test_a_forked_process_has_a_watchdog_of_its_own() -> None:
    within(60, StateTimeoutError, int)  # the parent's is there
    process = multiprocessing.get_context("fork").Process(target=ended_by_its_limit)
    process.start()
    process.join(30)

    assert process.exitcode == 7


def ended_by_its_limit() -> None:
    try:
        within(0.02, StateTimeoutError, spin)
    except StateTimeoutError:
        sys.exit(7)


# -- the timing of a process -----------------------------------------------------------------------


def test_a_wait_is_ended_by_the_limit_around_it() -> None:
    timing = SystemTiming()
    with pytest.raises(RecordTimeoutError):
        timing.within(0.05, RecordTimeoutError, partial(timing.sleep, 3600))


def test_a_wait_takes_its_time() -> None:
    timing, began_s = SystemTiming(), time.monotonic()
    timing.sleep(0.03)
    asyncio.run(timing.sleep_async(0.03))

    assert time.monotonic() - began_s >= 0.06
    assert 0 <= timing.random() < 1


async def forever() -> None:
    await asyncio.Event().wait()


async def spin_async() -> None:
    await asyncio.sleep(0)
    spin()


async def swallow_cancellation() -> str:
    try:
        await forever()
    except asyncio.CancelledError:
        pass
    return "as if nothing had been"


async def swallow_async() -> str:
    return swallow(StateTimeoutError)


@pytest.mark.parametrize("work", [forever, spin_async, swallow_cancellation, swallow_async])
async def test_async_work_that_takes_too_long_is_ended(work: Callable[[], Any]) -> None:
    with pytest.raises(StateTimeoutError):
        await SystemTiming().within_async(0.05, StateTimeoutError, work())


async def test_async_work_keeps_its_own_result_and_its_own_timeouts() -> None:
    async def own(error: type[Exception] | None) -> int:
        await asyncio.sleep(0)
        if error is not None:
            raise error("own")
        return 7

    assert await within_async(60, StateTimeoutError, own(None)) == 7
    for error in (KeyError, TimeoutError):
        with pytest.raises(error, match="own"):
            await within_async(60, StateTimeoutError, own(error))
