"""The async driver: runs a stream in the running event loop."""

from __future__ import annotations

import asyncio

from statepipe.errors import StreamTimeoutError
from statepipe.run.progress import StreamResult
from statepipe.run.stream import Parts, Stream


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
