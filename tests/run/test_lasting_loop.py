"""A loop of one's own: it lasts from call to call, gives back what fails, and ends what runs."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

import pytest

from statepipe.run import alarm, lasting_loop
from statepipe.run.lasting_loop import LastingLoop
from statepipe.run.watchdog import raise_in

FOLDER = str(Path(concurrent.futures.__file__).parent)
WAITING = (lasting_loop.__file__, alarm.__file__, threading.__file__, FOLDER)


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


class At:
    """Raises KeyboardInterrupt at the `number`th place where Ctrl-C may come to who waits."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, frame: FrameType, event: str, _argument: object) -> At | None:
        if not frame.f_code.co_filename.startswith(WAITING):
            return None
        if event in ("call", "line"):
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self


def interrupted(own: LastingLoop, at: At) -> bool:
    """Await something; return whether the interrupt came."""
    before = sys.gettrace()
    work = running_loop()
    sys.settrace(at)
    try:
        own.run(work)
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
        work.close()
    return False


def test_an_interrupt_anywhere_leaves_the_loop_in_use() -> None:
    own, number = LastingLoop(), 0
    while interrupted(own, At(number := number + 1)):
        assert own.run(running_loop()).is_running()
    own.close()

    assert number > 5
