"""The blocking driver: runs a stream in the caller's thread, without an event loop."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from statepipe.errors import UsageError

Result = TypeVar("Result")


def run_blocking(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine whose waits all block their thread, so that it never suspends.

    Raises UsageError when it does: a callback that was not declared async gave an awaitable.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    coroutine.close()
    raise UsageError(
        "a sink or on_progress gave something to await; declare it with `async def`, "
        "or use AsyncSimpleFSM"
    )
