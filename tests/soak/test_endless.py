"""An endless source and a sink of one record a second. A variant by counts is in CI."""

from __future__ import annotations

import time
from typing import Any

import psutil
import pytest

from statepipe import SimpleFSM, StreamConfig, StreamTimeoutError
from tests.streaming.streams import one_state

pytestmark = pytest.mark.soak

SECONDS = 60
WARM_UP_S = 5


async def endless() -> Any:
    number = 0
    while True:
        yield {"n": number, "text": "x" * 1000}
        number += 1


def test_memory_is_flat_while_a_sink_takes_a_record_a_second() -> None:
    process, began = psutil.Process(), time.monotonic()
    seen: list[tuple[float, float]] = []

    def receive(_record: Any) -> None:
        time.sleep(1)
        seen.append((time.monotonic() - began, process.memory_info().rss / 1e6))

    config = StreamConfig(chunk_size=1, timeout_seconds=SECONDS)
    with pytest.raises(StreamTimeoutError):
        SimpleFSM(one_state()).process_stream(endless(), receive, stream_config=config)

    warm = [mb for second, mb in seen if second > WARM_UP_S]
    print(f"{len(seen)} records; memory from {min(warm):.1f} to {max(warm):.1f} MB")
    assert len(seen) >= SECONDS * 0.8
    assert max(warm) <= 1.1 * min(warm)
