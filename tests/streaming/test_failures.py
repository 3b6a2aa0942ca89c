"""Streams over networks that retry, catch, have limits of time, or run on failure; time is real."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from statepipe import AsyncSimpleFSM, StreamConfig
from tests.streaming.streams import Stream, lines_of, write_lines

Config = dict[str, Any]


def guarded(transform: Any, top: Config | None = None, **state: Any) -> Config:
    """A machine of one transform whose failures may go to `bad`."""
    work = {"initial": True, "transform": transform, "arcs": [{"target": "good"}], **state}
    bad = {"end": True, "transform": "{**data, 'error': state.error}"}
    return {"name": "G", **(top or {}), "states": {"work": work, "good": {"end": True}, "bad": bad}}


def spin(state: Any) -> Any:
    """Never end for a record that says so."""
    while state.get("endless"):
        pass
    return state.data


async def wait(state: Any) -> Any:
    await asyncio.sleep(3600 if state.get("endless") else 0)
    return state.data


RECORDS = [{"n": n, "endless": n == 2} for n in range(5)]


@pytest.mark.parametrize("parallelism", [1, 2])
def test_caught_records_are_successful_and_stand_in_input_order(
    parallelism: int, stream: Stream, tmp_path: Path
) -> None:
    source = write_lines(tmp_path / "in.jsonl", [{"n": n % 3} for n in range(300)])
    config = guarded("{**data, 'share': 6 / data['n']}", on_error="bad")
    result = stream(
        config,
        source,
        tmp_path / "out.jsonl",
        stream_config=StreamConfig(chunk_size=7, parallelism=parallelism),
    )
    written = lines_of(tmp_path / "out.jsonl")

    assert (result.total_records, result.failed) == (300, 0)
    assert result.by_state == {"good": 200, "bad": 100}
    assert [record["n"] for record in written] == [n % 3 for n in range(300)]
    assert written[0]["error"] == {
        "type": "ZeroDivisionError",
        "message": "ZeroDivisionError: division by zero",
        "state": "work",
    }
    assert not (tmp_path / "out.dead.jsonl").exists()


@pytest.mark.parametrize("parallelism", [1, 2])
@pytest.mark.parametrize("work", [spin, wait])
def test_a_hanging_record_is_ended_at_its_state_and_the_stream_goes_on(
    work: Any, parallelism: int, stream: Stream, tmp_path: Path
) -> None:
    source = write_lines(tmp_path / "in.jsonl", RECORDS)
    result = stream(
        guarded(work, timeout_s=0.05),
        source,
        tmp_path / "out.jsonl",
        stream_config=StreamConfig(chunk_size=2, parallelism=parallelism),
    )
    [letter] = lines_of(tmp_path / "out.dead.jsonl")

    assert (result.successful, result.failed) == (4, 1)
    assert (letter["error_type"], letter["state"]) == ("StateTimeoutError", "work")
    assert [record["n"] for record in lines_of(tmp_path / "out.jsonl")] == [0, 1, 3, 4]


@pytest.mark.parametrize("work", [spin, wait])
def test_a_record_has_only_as_long_as_the_config_says(work: Any, stream: Stream) -> None:
    kept: list[Any] = []
    config = guarded(work, {"timeout_seconds": 0.05}, on_error="bad", retry={"max_attempts": 9})
    result = stream(config, RECORDS, kept.append)

    assert [record["n"] for record in kept] == [0, 1, 3, 4]
    assert [error.error_type for error in result.errors] == ["RecordTimeoutError"]


def test_attempts_of_states_and_of_the_stream_multiply(stream: Stream, tmp_path: Path) -> None:
    calls: Counter[int] = Counter()

    def failing(state: Any) -> Any:
        calls[state["n"]] += 1
        raise ConnectionError

    audits: list[int] = []
    config = guarded(failing, retry={"max_attempts": 3})
    config["states"]["audit"] = {
        "transform": lambda state: audits.append(state["n"]),
        "run_on_failure": True,
    }
    stream(
        config,
        [{"n": 1}, {"n": 2}],
        tmp_path / "out.jsonl",
        stream_config=StreamConfig(retry_on_error=True, max_retries=1),
    )
    letters = lines_of(tmp_path / "out.dead.jsonl")

    assert calls == {1: 6, 2: 6}
    assert audits == [1, 2]
    assert [letter["attempts"] for letter in letters] == [2, 2]


def test_a_dead_letter_tells_what_failed_beside_it(stream: Stream, tmp_path: Path) -> None:
    config = guarded("data['missing']")
    config["states"]["audit"] = {"transform": "1 / 0", "run_on_failure": True}
    stream(config, [{"n": 1}], tmp_path / "out.jsonl")
    [letter] = lines_of(tmp_path / "out.dead.jsonl")

    assert letter["error_type"] == "KeyError"
    assert letter["notes"] == [
        "on failure, state 'audit' failed too: ZeroDivisionError: division by zero "
        "(states.audit.transform)"
    ]


async def test_the_waits_of_an_async_network_leave_the_event_loop_free() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.001)

    async def failing(state: Any) -> Any:
        raise ConnectionError

    counting = asyncio.create_task(count())
    config = guarded(failing, retry={"max_attempts": 2, "backoff_s": 0.05}, on_error="bad")
    began_s = time.monotonic()
    result = await AsyncSimpleFSM(config).process({"n": 1})
    counting.cancel()

    assert result.final_state == "bad"
    assert time.monotonic() - began_s >= 0.05
    assert turns > 3
