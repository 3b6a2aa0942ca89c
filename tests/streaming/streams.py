"""What the streaming tests share: small machines, both kinds of FSM as one, and the sums."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from statepipe import AsyncSimpleFSM, Record, SimpleFSM, StreamConfig, StreamResult

Stream = Callable[..., StreamResult]
"""`stream(config, source, sink, **options_of_process_stream)`, on one kind of FSM."""


def divider() -> dict[str, Any]:
    """Return a machine that fails on zero, and sends what is negative to its own end state."""
    return {
        "name": "Divider",
        "states": [
            {
                "name": "input",
                "is_start": True,
                "transform": "lambda state: {**state.data, 'share': 12 / state.data['value']}",
            },
            {"name": "output", "is_end": True},
            {"name": "negative", "is_end": True},
        ],
        "arcs": [
            {"from": "input", "to": "negative", "condition": "lambda s: s.data['value'] < 0"},
            {"from": "input", "to": "output"},
        ],
    }


def one_state(transform: Any = None, **state: Any) -> dict[str, Any]:
    """Return a machine of one transform, given as the config may give it."""
    first: dict[str, Any] = {"name": "input", "is_start": True, **state}
    if transform is not None:
        first["transform"] = transform
    return {
        "name": "One",
        "states": [first, {"name": "output", "is_end": True}],
        "arcs": [{"from": "input", "to": "output"}],
    }


def blocking_stream(
    config: dict[str, Any], source: Any, sink: Any = None, **options: Any
) -> StreamResult:
    return SimpleFSM(config).process_stream(source, sink, **options)


def async_stream(
    config: dict[str, Any], source: Any, sink: Any = None, **options: Any
) -> StreamResult:
    async def run() -> StreamResult:
        return await AsyncSimpleFSM(config).process_stream(source, sink, **options)

    return asyncio.run(run())


def on_workers(count: int, **options: Any) -> StreamConfig:
    return StreamConfig(parallelism=count, **options)


def write_lines(path: Path, records: list[Record]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def lines_of(path: Path) -> list[Record]:
    """Return the records of a JSON lines file; none if it is not there."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def check_sums(result: StreamResult, *, written: int, letters: int) -> None:
    """Check that the counts add up, with each other and with what stands in the files."""
    assert result.total_records == result.successful + result.failed
    assert sum(result.by_state.values()) == result.successful
    assert 0 <= result.malformed <= result.failed
    assert result.emitted + sum(result.excluded_by_state.values()) == result.successful
    assert result.emitted == written
    assert result.failed == letters
    assert min(result.by_state.values(), default=0) >= 0
