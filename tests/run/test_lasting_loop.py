"""A loop of one's own: it lasts from call to call, gives back what fails, and ends what runs."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import pytest

from statepipe.run.lasting_loop import LastingLoop
from statepipe.run.watchdog import raise_in


async def running_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_calls_share_one_loop_that_ends_at_the_close() -> None:
    own = LastingLoop()
    first, second = own.run(running_loop()), own.run(running_loop())
    own.close()

    assert first is second
    assert first.is_closed()


def test_an_error_comes_back() -> None:
    async def failing() -> None:
        raise LookupError("not here")

    own = LastingLoop()
    with pytest.raises(LookupError, match="not here"):
        own.run(failing())
    own.close()


def test_what_still_runs_is_cancelled_at_the_close() -> None:
    ended: list[str] = []

    async def begin() -> None:
        async def forever() -> None:
            try:
                await asyncio.sleep(3600)
            finally:
                ended.append("ended")

        tasks.append(asyncio.create_task(forever()))
        await asyncio.sleep(0)

    tasks: list[asyncio.Task[None]] = []
    own = LastingLoop()
    own.run(begin())
    own.close()

    assert (ended, tasks[0].cancelled()) == (["ended"], True)


def test_an_interrupt_cancels_what_is_awaited() -> None:
    ended = threading.Event()

    async def forever() -> None:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    own = LastingLoop()
    with pytest.raises(KeyboardInterrupt):
        own.run(forever())

    assert ended.wait(30)
    own.close()


def test_its_thread_is_gone_after_the_close() -> None:
    before = threading.active_count()
    own = LastingLoop()
    during = threading.active_count()
    own.close()
    own.close()

    assert (during - before, threading.active_count() - before) == (1, 0)


def test_an_error_raised_in_the_waiting_thread_ends_the_wait_and_the_work() -> None:
    own, began, seen = LastingLoop(), threading.Event(), list[str]()

    async def forever() -> None:
        began.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    def call() -> None:
        try:
            own.run(forever())
        except KeyboardInterrupt:
            seen.append("interrupted")

    thread = threading.Thread(target=call)
    thread.start()
    began.wait()
    raise_in(thread.ident or 0, KeyboardInterrupt)
    thread.join(20)
    own.close()

    assert sorted(seen) == ["cancelled", "interrupted"]
