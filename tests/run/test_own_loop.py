"""Tests of awaiting from blocking code."""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import Any

import pytest

from statepipe.run.own_loop import Work, run_in_own_loop
from tests.run.presses import press_when


async def where() -> threading.Thread:
    await asyncio.sleep(0)
    return threading.current_thread()


async def broken() -> None:
    await asyncio.sleep(0)
    raise KeyError("gone")


def test_without_a_loop_the_callers_own_thread_is_used() -> None:
    assert run_in_own_loop(where) is threading.current_thread()


async def test_where_a_loop_runs_already_another_thread_is_used() -> None:
    assert run_in_own_loop(where) is not threading.current_thread()


async def test_an_error_is_raised_in_the_callers_thread() -> None:
    with pytest.raises(KeyError, match="gone"):
        run_in_own_loop(broken)


def own_handler(number: int, frame: object) -> None:
    raise InterruptedError("as the program wants it")


@pytest.mark.parametrize("handler", [signal.default_int_handler, own_handler])
async def test_an_interrupt_cancels_what_runs_in_another_thread_and_waits_for_it(
    handler: Any,
) -> None:
    began, ended = threading.Event(), list[str]()

    async def work() -> None:
        try:
            began.set()
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            ended.append("ended")

    before = signal.signal(signal.SIGINT, handler)
    press = press_when(began.is_set)
    try:
        with pytest.raises((KeyboardInterrupt, InterruptedError)):
            run_in_own_loop(work)
    finally:
        signal.signal(signal.SIGINT, before)
    press.join()

    assert ended == ["ended"]


def test_what_was_cancelled_before_it_began_does_not_begin() -> None:
    async def begin() -> None:
        begun.append(True)

    begun: list[bool] = []
    work = Work(begin)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        work.run()
    work.cancel()

    assert begun == []
