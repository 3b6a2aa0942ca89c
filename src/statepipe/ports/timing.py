"""Timing: the port through which engines wait and limit the time of user code."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

Result = TypeVar("Result")


class Timing(Protocol):
    """Time as an engine needs it: limits for what user code takes, waits, and chance."""

    def within(self, seconds: float, error: type[Exception], call: Callable[[], Result]) -> Result:
        """Make a call; raise `error`, made without arguments, once it takes longer.

        Also where the call comes back late. Calls may be nested, with other errors.
        """

    async def within_async(
        self, seconds: float, error: type[Exception], work: Coroutine[Any, Any, Result]
    ) -> Result:
        """Await `work`, as `within` makes a call."""

    def sleep(self, seconds: float) -> None:
        """Wait. The error of a `within` around it comes through."""

    async def sleep_async(self, seconds: float) -> None: ...

    def random(self) -> float:
        """Return a number from 0 up to, but not including, 1."""
