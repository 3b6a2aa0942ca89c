"""Classes of the author's: made once, opened, checked after idleness, closed; both kinds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from statepipe.connectors.custom_resource import CustomProvider
from statepipe.errors import ResourceError
from statepipe.testing import ManualClock

Told = list[str]


def provider(make: Callable[..., Any], clock: ManualClock | None = None) -> CustomProvider:
    hide = lambda text: text.replace("canary", "***")  # noqa: E731  # one expression
    return CustomProvider("own", make, {"key": "canary"}, hide, clock or ManualClock(), 60.0)


class Plain:
    def __init__(self, key: str) -> None:
        self.key = key


class Opening(Plain):
    told: Told = []  # noqa: RUF012  # of the class: instances come and go

    well = True

    def open(self) -> None:
        self.told.append("open")

    def check(self) -> bool:
        self.told.append("check")
        return self.well

    def close(self) -> None:
        self.told.append("close")


class Managed(Plain):
    def __enter__(self) -> str:
        return "entered"

    def __exit__(self, *_: object) -> None:
        Opening.told.append("exit")


class AsyncManaged(Plain):
    async def __aenter__(self) -> str:
        Opening.told.append("aenter")
        return "entered"

    async def __aexit__(self, *_: object) -> None:
        Opening.told.append("aexit")


class AsyncOpening(Plain):
    well = True

    async def open(self) -> None:
        Opening.told.append("open")

    async def check(self) -> bool:
        Opening.told.append("check")
        return self.well

    async def close(self) -> None:
        Opening.told.append("close")


@pytest.fixture(autouse=True)
def told() -> Told:
    Opening.told.clear()
    return Opening.told


def test_an_object_of_a_plain_class_is_the_resource() -> None:
    opened = provider(Plain).open()

    assert opened.handle(awaits=False).key == "canary"
    assert opened.handle(awaits=True) is opened.handle(awaits=False)
    opened.close()


def test_open_and_close_are_called(told: Told) -> None:
    opened = provider(Opening).open()
    opened.handle(awaits=False)
    opened.close()

    assert told == ["open", "close"]


def test_what_a_context_manager_gives_is_the_resource(told: Told) -> None:
    opened = provider(Managed).open()

    assert opened.handle(awaits=False) == "entered"
    opened.close()
    assert told == ["exit"]


def test_it_is_checked_after_idleness_and_made_anew_if_it_is_not_well(told: Told) -> None:
    clock = ManualClock()
    opened = provider(Opening, clock).open()
    first = opened.handle(awaits=False)
    clock.advance(59)
    assert opened.handle(awaits=False) is first
    clock.advance(60)
    assert opened.handle(awaits=False) is first
    first.well = False
    clock.advance(60)

    assert opened.handle(awaits=False) is not first
    assert told == ["open", "check", "check", "close", "open"]


def test_a_check_or_close_that_raises_counts_as_not_well() -> None:
    class Broken(Opening):
        def check(self) -> bool:
            raise OSError("gone")

        def close(self) -> None:
            raise OSError("gone, too")

    clock = ManualClock()
    opened = provider(Broken, clock).open()
    first = opened.handle(awaits=False)
    clock.advance(60)

    assert opened.handle(awaits=False) is not first


@pytest.mark.parametrize("where", ["__init__", "open", "close"])
def test_what_it_raises_is_told_without_its_secrets_or_a_cause(where: str) -> None:
    def broken(self: object, key: str = "") -> None:
        raise ValueError("cannot use canary")

    made = type("Broken", (Opening,), {where: broken})
    with pytest.raises(ResourceError) as caught:
        provider(made).open().close()

    doing = "closing" if where == "close" else "opening"
    assert str(caught.value) == f"resource 'own': {doing} it failed: ValueError: cannot use ***"
    assert caught.value.__cause__ is None and caught.value.__context__ is None


@pytest.mark.parametrize("kind", [AsyncManaged, AsyncOpening])
def test_what_has_to_be_awaited_is_not_for_functions_that_do_not(kind: type) -> None:
    with pytest.raises(ResourceError, match="only async functions can use it"):
        provider(kind).open()


@pytest.mark.parametrize("kind", [Plain, Opening, Managed])
def test_what_need_not_be_awaited_is_one_for_all_loops(kind: type) -> None:
    assert provider(kind).open_in_loop() is None


async def test_an_async_context_manager_is_entered_once_in_its_loop(told: Told) -> None:
    looped = provider(AsyncManaged).open_in_loop()
    assert looped is not None
    with pytest.raises(ResourceError, match="name it in `resources` of the state"):
        looped.handle()
    await asyncio.gather(looped.ready(), looped.ready())

    assert looped.handle() == "entered"
    await looped.close()
    await looped.close()
    assert told == ["aenter", "aexit"]


async def test_an_async_one_is_checked_and_made_anew(told: Told) -> None:
    clock = ManualClock()
    looped = provider(AsyncOpening, clock).open_in_loop()
    assert looped is not None
    await looped.ready()
    first = looped.handle()
    first.well = False
    for seconds in (59, 60):
        clock.advance(seconds)
        await looped.ready()

    assert looped.handle() is not first
    assert told == ["open", "check", "close", "open"]
    await looped.close()


@pytest.mark.parametrize("where", ["open", "close"])
async def test_what_an_async_one_raises_is_told_without_its_secrets(where: str) -> None:
    async def broken(self: object) -> None:
        raise ValueError("cannot use canary")

    looped = provider(type("Broken", (AsyncOpening,), {where: broken})).open_in_loop()
    assert looped is not None
    if where == "close":
        await looped.ready()
    call = looped.close if where == "close" else looped.ready
    with pytest.raises(ResourceError, match=r"it failed: ValueError: cannot use \*\*\*") as caught:
        await call()

    assert caught.value.__context__ is None
