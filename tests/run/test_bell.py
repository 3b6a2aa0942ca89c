"""Tests of the two bells, which are all that the drivers differ in."""

from __future__ import annotations

import asyncio
import threading

import pytest

from statepipe.run.bell import LoopBell, ThreadBell
from statepipe.run.blocking_driver import run_blocking


def test_a_ring_between_two_waits_of_a_thread_is_not_lost() -> None:
    bell = ThreadBell()
    bell.ring()

    assert run_blocking(bell.wait(None)) is True
    assert run_blocking(bell.wait(0)) is False


async def test_a_ring_from_a_thread_wakes_the_loop() -> None:
    bell = LoopBell()
    threading.Thread(target=bell.ring).start()

    assert await bell.wait(30) is True
    assert await bell.wait(0) is False


def test_a_ring_after_the_loop_is_over_does_nothing() -> None:
    async def make() -> LoopBell:
        return LoopBell()

    bell = asyncio.run(make())
    rung = threading.Thread(target=bell.ring)
    rung.start()
    rung.join()

    assert not rung.is_alive()


async def test_the_loop_goes_on_beside_a_call_that_blocks() -> None:
    freed = threading.Event()
    asyncio.get_running_loop().call_soon(freed.set)
    seen: list[bool] = []
    await LoopBell().aside(lambda: seen.append(freed.wait(10)))

    assert seen == [True]


async def test_a_call_aside_is_known_to_have_ended_though_the_loop_forgot_what_it_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bell, made = LoopBell(), list[str]()
    monkeypatch.setattr(bell, "_call", lambda callback: None)
    await asyncio.wait_for(bell.aside(lambda: made.append("made")), 30)

    assert made == ["made"]


def fail() -> None:
    raise OSError("no")


async def test_what_a_call_aside_raises_is_raised() -> None:
    with pytest.raises(OSError, match="no"):
        await LoopBell().aside(fail)
    with pytest.raises(OSError, match="no"):
        await ThreadBell().aside(fail)


async def test_a_call_aside_is_made_to_its_end_though_its_caller_is_cancelled() -> None:
    begun, release, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        release.wait(10)
        ended.set()

    task = asyncio.create_task(LoopBell().aside(work))
    await asyncio.sleep(0)
    assert begun.wait(10)
    task.cancel()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert ended.is_set()


async def test_a_wait_may_be_as_long_as_one_likes() -> None:
    thread_bell, loop_bell = ThreadBell(), LoopBell()
    thread_bell.ring()
    loop_bell.ring()

    assert await loop_bell.wait(float("inf")) is True
    assert run_blocking(thread_bell.wait(float("inf"))) is True


async def test_no_ring_of_many_threads_is_lost() -> None:
    bell, done = LoopBell(), list[int]()

    def work(number: int) -> None:
        done.append(number)
        bell.ring()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    while len(done) < len(threads):
        assert await bell.wait(30) is True
    for thread in threads:
        thread.join()

    assert sorted(done) == list(range(50))


async def test_after_some_work_others_get_a_turn() -> None:
    bell, turns = LoopBell(), list[str]()
    asyncio.get_running_loop().call_soon(turns.append, "other")
    bell.TURN_S = 1000
    await bell.breathe()
    early = list(turns)
    bell.TURN_S = -1
    await bell.breathe()

    assert (early, turns) == ([], ["other"])


def test_a_thread_has_nobody_to_give_a_turn_to() -> None:
    run_blocking(ThreadBell().breathe())  # UsageError if it suspended


async def test_the_loop_turns_while_a_call_aside_ends_whose_caller_was_cancelled() -> None:
    bell, begun, gate, turned = LoopBell(), threading.Event(), threading.Event(), list[str]()

    def call() -> None:
        begun.set()
        assert gate.wait(20)
        turned.append("called")

    task = asyncio.create_task(bell.aside(call))
    await asyncio.to_thread(begun.wait)
    for _ in range(2):  # a second one changes nothing
        task.cancel()
        await asyncio.sleep(0)
    turned.append("turned")
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert turned == ["turned", "called"]
