"""Own loop: an event loop for blocking code that has something to await."""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from statepipe import standard

Result = TypeVar("Result")


def run_in_own_loop(start: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run a coroutine to its end from blocking code, in a loop of its own.

    Where a loop runs in this thread already, as in a notebook, another thread is used.
    """
    try:
        standard.asyncio.get_running_loop()
    except RuntimeError:
        return standard.asyncio.run(start())
    outcome: list[Result] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            outcome.append(standard.asyncio.run(start()))
        except BaseException as error:  # raised again in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=work, name="statepipe-loop")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return outcome[0]
