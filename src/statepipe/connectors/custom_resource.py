"""A class of the author's as a resource: made once in each process, opened, checked and closed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from inspect import getmembers_static, isawaitable, iscoroutinefunction
from typing import Any, Protocol, runtime_checkable

from statepipe.errors import ResourceError
from statepipe.ports.clock import Clock

NOT_NAMED = (
    "it is not open yet, and opening it has to be awaited: name it in `resources` of the state"
)


@runtime_checkable
class Openable(Protocol):
    def open(self) -> object: ...


@runtime_checkable
class Closable(Protocol):
    def close(self) -> object: ...


@runtime_checkable
class Checkable(Protocol):
    def check(self) -> object: ...


@dataclass(frozen=True, slots=True)
class CustomProvider:
    """Makes an object of `make(**params)`, a class or another callable.

    A context manager is entered, and what that gives is the resource. Otherwise `open` is called
    if there is one, and `close` at the end. One that has a `check` method is checked before it is
    used if it was idle for `check_after_s`, and made anew if it gives false or raises.
    """

    name: str
    make: Callable[..., Any]
    params: Mapping[str, Any]
    hide: Callable[[str], str]
    clock: Clock
    check_after_s: float = 60.0

    waits = True
    slow = True

    @property
    def is_async(self) -> bool:
        return is_async_class(self.make)

    def open(self) -> OpenCustom:
        if self.is_async:
            message = "it opens asynchronously: only async functions can use it"
            raise ResourceError(self.name, message)
        return OpenCustom(self)

    def open_in_loop(self) -> LoopCustom | None:
        return LoopCustom(self) if self.is_async else None

    def made(self) -> Any:  # an object of the author's
        return self.make(**self.params)

    def failure(self, doing: str, error: Exception) -> ResourceError:
        text = " ".join(self.hide(str(error)).split())
        return ResourceError(self.name, f"{doing} failed: {type(error).__name__}: {text}")


def is_async_class(make: object) -> bool:
    """Tell whether what `make` makes has to be opened, checked or closed by awaiting."""
    if not isinstance(make, type) or issubclass(make, AbstractContextManager):
        return False
    if issubclass(make, AbstractAsyncContextManager):
        return True
    methods = dict(getmembers_static(make))
    return any(iscoroutinefunction(methods.get(name)) for name in ("open", "check", "close"))


class OpenCustom:
    """An object of the author's, opened; and again when it is no longer well."""

    def __init__(self, provider: CustomProvider) -> None:
        self._provider = provider
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        try:
            self._object = self._provider.made()
            self._handle = entered(self._object)
        except Exception as error:
            failed = self._provider.failure("opening it", error)
        else:
            self._used_s = self._provider.clock.monotonic_s()
            return
        raise failed  # not within `except`: the author's error may hold secrets

    def handle(self, *, awaits: bool) -> Any:  # the author's object, for both
        if isinstance(self._object, Checkable):
            with self._lock:
                self._check(self._object)
        return self._handle

    def _check(self, checked: Checkable) -> None:
        now_s = self._provider.clock.monotonic_s()
        idle_s, self._used_s = now_s - self._used_s, now_s
        if idle_s < self._provider.check_after_s or is_well(checked):
            return
        try:
            left(self._object)
        except Exception:
            pass  # it is broken: that it cannot even be closed well is no news
        self._begin()

    def close(self) -> None:
        try:
            left(self._object)
        except Exception as error:
            failed = self._provider.failure("closing it", error)
        else:
            return
        raise failed


def is_well(checked: Checkable) -> bool:
    try:
        return bool(checked.check())
    except Exception:
        return False


def entered(made: Any) -> Any:  # the author's object
    """Open an object; return what functions get."""
    if isinstance(made, AbstractContextManager):
        return made.__enter__()
    if isinstance(made, Openable):
        made.open()
    return made


def left(made: Any) -> None:  # the author's object
    if isinstance(made, AbstractContextManager):
        made.__exit__(None, None, None)
    elif isinstance(made, Closable):
        made.close()


class LoopCustom:
    """An object that is opened by awaiting, for the async functions of one event loop."""

    def __init__(self, provider: CustomProvider) -> None:
        self._provider = provider
        self._lock = asyncio.Lock()
        self._is_open = False
        self._object: Any = None  # the author's
        self._handle: Any = None
        self._used_s = 0.0

    async def ready(self) -> None:
        async with self._lock:
            now_s = self._provider.clock.monotonic_s()
            idle_s, self._used_s = now_s - self._used_s, now_s
            if self._is_open and idle_s >= self._provider.check_after_s:
                await self._check()
            if not self._is_open:
                await self._begin()

    async def _begin(self) -> None:
        try:
            self._object = self._provider.made()
            self._handle = await entered_async(self._object)
        except Exception as error:
            failed = self._provider.failure("opening it", error)
        else:
            self._is_open = True
            return
        raise failed

    async def _check(self) -> None:
        if not isinstance(self._object, Checkable) or await is_well_async(self._object):
            return
        self._is_open = False
        try:
            await left_async(self._object)
        except Exception:
            pass  # as above

    def handle(self) -> Any:  # the author's object
        if not self._is_open:
            raise ResourceError(self._provider.name, NOT_NAMED)
        return self._handle

    async def close(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        try:
            await left_async(self._object)
        except Exception as error:
            failed = self._provider.failure("closing it", error)
        else:
            return
        raise failed


async def is_well_async(checked: Checkable) -> bool:
    try:
        return bool(await settled(checked.check()))
    except Exception:
        return False


async def entered_async(made: Any) -> Any:  # the author's object
    if isinstance(made, AbstractAsyncContextManager):
        return await made.__aenter__()
    if isinstance(made, Openable):
        await settled(made.open())
    return made


async def left_async(made: Any) -> None:  # the author's object
    if isinstance(made, AbstractAsyncContextManager):
        await made.__aexit__(None, None, None)
    elif isinstance(made, Closable):
        await settled(made.close())


async def settled(given: Any) -> Any:  # what a method of the author's gave
    return await given if isawaitable(given) else given
