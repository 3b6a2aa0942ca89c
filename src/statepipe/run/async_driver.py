"""The async driver: runs a stream in the running event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from statepipe.run.progress import StreamResult
from statepipe.run.stream import Parts, Stream, StreamTimeoutError

Result = TypeVar("Result")


async def run_stream(parts: Parts) -> StreamResult:
    """Run a stream whose bell is a `LoopBell`; its timeout also ends what is being awaited."""
    stream = Stream(parts)
    try:
        async with asyncio.timeout(parts.timeout_s) as timeout:
            return await stream.run()
    except TimeoutError as exc:
        if isinstance(exc, StreamTimeoutError) or not timeout.expired():
            raise
        late = StreamTimeoutError(f"the stream took longer than {parts.timeout_s} s")
        late.result = stream.result()
        late.last_checkpoint = stream.committed
        raise late from exc


def run_in_own_loop(start: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run a coroutine to its end from blocking code, in a loop of its own.

    Where a loop runs in this thread already, as in a notebook, another thread is used.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(start())
    outcome: list[Result] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            outcome.append(asyncio.run(start()))
        except BaseException as error:  # raised again in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=work, name="statepipe-loop")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return outcome[0]
