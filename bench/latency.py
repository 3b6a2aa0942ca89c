"""From yield to sink: `python -m bench.latency CHUNK_SIZE MAX_WAIT_MS RECORDS` prints JSON.

An async generator delivers 1000 records per second.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

from bench.workload import input_record, plain_config
from statepipe import AsyncSimpleFSM, CoreStreamConfig

RECORDS_PER_S = 1000


async def delays_s(count: int, options: CoreStreamConfig) -> list[float]:
    """Stream `count` records and return for each the seconds from its yield to the sink."""
    sent: dict[int, float] = {}
    delays: list[float] = []

    async def steady_source() -> AsyncIterator[dict[str, Any]]:
        begin = time.perf_counter()
        for i in range(count):
            await asyncio.sleep(begin + i / RECORDS_PER_S - time.perf_counter())
            sent[i] = time.perf_counter()
            yield input_record(i)

    def arrive(record: dict[str, Any]) -> None:
        delays.append(time.perf_counter() - sent[record["id"]])

    async with AsyncSimpleFSM(plain_config()) as fsm:
        await fsm.process_stream(steady_source(), arrive, stream_config=options)
    return delays


def summary(delays: list[float]) -> dict[str, float]:
    ordered = sorted(delays)

    def at(share: float) -> float:
        return round(ordered[min(int(share * len(ordered)), len(ordered) - 1)] * 1000, 3)

    return {"records": len(ordered), "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0)}


def main(chunk_size: str, max_wait_ms: str, count: str) -> dict[str, float]:
    options = CoreStreamConfig(chunk_size=int(chunk_size), max_wait_ms=float(max_wait_ms))
    return summary(asyncio.run(delays_s(int(count), options)))


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
