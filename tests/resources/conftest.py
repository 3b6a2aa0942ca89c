"""Fixtures: each behaviour of resources is seen on every way to run records."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from statepipe import AdvancedFSM, AsyncSimpleFSM, Record, SimpleFSM, StreamConfig

Outcome = tuple[Record | None, str | None]
"""The data of a record that went through, or the message of one that failed."""

Run = Callable[..., list[Outcome]]
"""`run(config, records, **options of an FSM)`: the outcomes in the order of the records."""


def of_results(results: list[Any]) -> list[Outcome]:
    return [(r.data, None) if r.success else (None, r.error) for r in results]


def one_by_one(config: Any, records: list[Record], **options: Any) -> list[Outcome]:
    with SimpleFSM(config, **options) as fsm:
        return of_results([fsm.process(record) for record in records])


def in_batches(config: Any, records: list[Record], **options: Any) -> list[Outcome]:
    with SimpleFSM(config, **options) as fsm:
        return of_results(fsm.process_batch(records, batch_size=7))


def in_a_loop(config: Any, records: list[Record], **options: Any) -> list[Outcome]:
    async def run() -> list[Any]:
        async with AsyncSimpleFSM(config, **options) as fsm:
            first = [await fsm.process(record) for record in records[:3]]
            return first + await fsm.process_batch(records[3:], batch_size=7)

    return of_results(asyncio.run(run()))


def streamed(count: int) -> Run:
    def run(config: Any, records: list[Record], **options: Any) -> list[Outcome]:
        kept: list[Record] = []
        with SimpleFSM(config, **options) as fsm:
            result = fsm.process_stream(records, kept.append, stream_config=size(count))
        return woven(kept, result)

    return run


def streamed_in_a_loop(config: Any, records: list[Record], **options: Any) -> list[Outcome]:
    async def run() -> list[Outcome]:
        kept: list[Record] = []
        async with AsyncSimpleFSM(config, **options) as fsm:
            result = await fsm.process_stream(records, kept.append, stream_config=size(1))
        return woven(kept, result)

    return asyncio.run(run())


def size(parallelism: int) -> StreamConfig:
    return StreamConfig(parallelism=parallelism, chunk_size=5)


def woven(kept: list[Record], result: Any) -> list[Outcome]:
    """Put what a stream emitted, in order, and what failed back among each other."""
    failed = {error.position.index: error.message for error in result.errors}
    emitted = iter(kept)
    return [
        (None, failed[index]) if index in failed else (next(emitted), None)
        for index in range(result.total_records)
    ]


def stepped(config: Any, records: list[Record], **options: Any) -> list[Outcome]:
    with AdvancedFSM(config, **options) as fsm:
        steps = []
        for record in records:
            with fsm.execution_context_sync(record) as context:
                steps.append(fsm.run_until_breakpoint_sync(context))
        return of_steps(steps)


def stepped_in_a_loop(config: Any, records: list[Record], **options: Any) -> list[Outcome]:
    async def run() -> list[Any]:
        async with AdvancedFSM(config, **options) as fsm:
            return [await fsm.run_until_breakpoint(fsm.create_context(each)) for each in records]

    return of_steps(asyncio.run(run()))


def of_steps(steps: list[Any]) -> list[Outcome]:
    return [(s.data_after, None) if s.success else (None, s.error) for s in steps]


WAYS: dict[str, Run] = {
    "process": one_by_one,
    "process_batch": in_batches,
    "stream": streamed(1),
    "two workers": streamed(2),
    "async process": in_a_loop,
    "stepped": stepped,
    "stepped in a loop": stepped_in_a_loop,
    "async stream": streamed_in_a_loop,
}


@pytest.fixture(params=list(WAYS))
def run(request: pytest.FixtureRequest) -> Run:
    return WAYS[request.param]


@pytest.fixture
def prices(tmp_path: Path) -> str:
    """Return the path of a database of prices: `s1` costs 1, and so on to `s99`."""
    path = tmp_path / "prices.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table prices (sku text primary key, price int)")
        connection.executemany(
            "insert into prices values (?, ?)", [(f"s{n}", n) for n in range(1, 100)]
        )
    connection.close()
    return str(path)


def machine(transform: Any, *resources: Any, **state: Any) -> dict[str, Any]:
    return {
        "name": "Enriched",
        "resources": list(resources),
        "states": [
            {"name": "a", "is_start": True, "transform": transform, **state},
            {"name": "z", "is_end": True},
        ],
        "arcs": [{"from": "a", "to": "z"}],
    }
