"""Tests of what is set up before a run and torn down after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from statepipe.errors import LifecycleError
from statepipe.functions.life import Life
from statepipe.run.lives import alive, alive_async

Log = list[str]


def life(name: str, log: Log, fails: str = "", kind: type[BaseException] = ValueError) -> Life:
    def method(what: str) -> Callable[[], Any]:
        def call() -> None:
            log.append(f"{what} {name}")
            if fails == what:
                raise kind(f"no {name}")

        return call

    return Life(object(), name, method("set_up"), method("tear_down"))


def run(lives: list[Life], body: Callable[[], Any], *, is_async: bool) -> None:
    if not is_async:
        with alive(lives):
            body()
        return

    async def work() -> None:
        async with alive_async(lives):
            body()

    asyncio.run(work())


both = pytest.mark.parametrize("is_async", [False, True])


@both
def test_lives_end_in_the_reverse_order(is_async: bool) -> None:
    log: Log = []
    run([life("a", log), life("b", log)], lambda: log.append("run"), is_async=is_async)

    assert log == ["set_up a", "set_up b", "run", "tear_down b", "tear_down a"]


@both
def test_a_failing_set_up_tears_down_what_was_set_up(is_async: bool) -> None:
    log: Log = []
    with pytest.raises(LifecycleError, match="b: set_up failed: ValueError: no b"):
        run([life("a", log), life("b", log, "set_up"), life("c", log)], log.clear,
            is_async=is_async)  # fmt: skip

    assert log == ["set_up a", "set_up b", "tear_down a"]


@both
def test_a_failing_tear_down_is_told_after_the_others(is_async: bool) -> None:
    log: Log = []
    lives = [life("a", log), life("b", log, "tear_down"), life("c", log, "tear_down")]
    with pytest.raises(LifecycleError, match="c: tear_down failed: ValueError: no c") as caught:
        run(lives, lambda: None, is_async=is_async)

    assert log[-3:] == ["tear_down c", "tear_down b", "tear_down a"]
    assert caught.value.__notes__ == ["b: tear_down failed: ValueError: no b"]


@both
@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt, asyncio.CancelledError])
def test_the_error_that_ended_the_run_stays_the_error(
    is_async: bool, kind: type[BaseException]
) -> None:
    log: Log = []

    def fail() -> None:
        raise kind("run")

    with pytest.raises(kind) as caught:
        run([life("a", log, "tear_down")], fail, is_async=is_async)

    assert log[-1] == "tear_down a"
    assert caught.value.__notes__ == ["a: tear_down failed: ValueError: no a"]


@both
def test_an_interrupt_of_a_tear_down_leaves_none_of_the_others_out(is_async: bool) -> None:
    log: Log = []
    lives = [life("a", log), life("b", log, "tear_down", KeyboardInterrupt)]
    with pytest.raises(KeyboardInterrupt):
        run(lives, lambda: None, is_async=is_async)

    assert log[-2:] == ["tear_down b", "tear_down a"]


def test_what_gives_something_to_await_says_so() -> None:
    async def later() -> None: ...

    with (
        pytest.raises(LifecycleError, match="declare it with `async def`"),
        alive([Life(object(), "x", later, None)]),
    ):
        pass
