"""Tests of how a worker is told to end: where that is raised, and where it waits."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator

import pytest

from statepipe.interruption import delicate, exposed
from statepipe.run import leaving
from statepipe.run.leaving import LEAVE, Leaving, end_all


@pytest.fixture
def told() -> Iterator[Leaving]:
    before = signal.getsignal(LEAVE)
    made = Leaving()
    made.listen()
    yield made
    signal.signal(LEAVE, before)


@exposed
def work() -> None:
    signal.raise_signal(LEAVE)


@delicate
def open_something() -> str:
    signal.raise_signal(LEAVE)
    return "open"


@exposed
def work_that_opens() -> str:
    return open_something()


def test_the_authors_code_is_ended_at_once(told: Leaving) -> None:
    with pytest.raises(SystemExit) as caught:
        work()

    assert caught.value.code == 0


def test_what_is_being_opened_comes_to_be_open(told: Leaving) -> None:
    assert work_that_opens() == "open"
    with pytest.raises(SystemExit):
        work()


def test_between_two_chunks_it_is_heeded(told: Leaving) -> None:
    told.heed()
    signal.raise_signal(LEAVE)
    with pytest.raises(SystemExit):
        told.heed()


def test_cleaning_up_is_given_time_and_then_told_again(
    told: Leaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit):
        work()
    work()
    monkeypatch.setattr(told, "_strikes_from_s", 0.0)  # as if `PATIENCE_S` had passed
    with pytest.raises(SystemExit):
        work()

    assert leaving.PATIENCE_S < 4  # of what the pool gives a worker


def test_nothing_is_raised_once_the_end_has_begun(told: Leaving) -> None:
    told.begin_end()
    work()


def test_a_task_of_a_loop_is_cancelled_and_cleans_up_awaiting(told: Leaving) -> None:
    ended: list[str] = []

    async def wait() -> None:
        asyncio.get_running_loop().call_soon(signal.raise_signal, LEAVE)
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            signal.raise_signal(LEAVE)
            ended.append("ended")

    with asyncio.Runner() as loop, pytest.raises(SystemExit):
        told.run(loop, wait())

    assert ended == ["ended"]


def test_a_task_that_is_cancelled_by_its_own_code_is_not_a_way_out(told: Leaving) -> None:
    async def cancel() -> None:
        raise asyncio.CancelledError

    with asyncio.Runner() as loop, pytest.raises(asyncio.CancelledError):
        told.run(loop, cancel())


def test_no_task_goes_on_while_what_it_needs_is_closed(told: Leaving) -> None:
    events: list[str] = []

    async def use() -> None:
        try:
            while True:
                await asyncio.sleep(0)
                events.append("use")
        finally:
            events.append("left")

    async def chunk() -> None:
        using.append(asyncio.create_task(use()))
        await asyncio.sleep(0.01)
        raise SystemExit(0)

    async def close() -> None:
        await asyncio.sleep(0.01)
        events.append("close")

    using: list[asyncio.Task[None]] = []
    with asyncio.Runner() as loop:
        with pytest.raises(SystemExit):
            told.run(loop, chunk())
        end_all(loop)
        loop.run(close())

    assert events[-2:] == ["left", "close"]
