"""Streams of machines that remember the records before: what they give, and what is refused."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from statepipe import AsyncSimpleFSM, SimpleFSM, StreamConfig, UsageError
from statepipe.testing import CollectingSink

LABEL = "builtin 'deduplicate'"


def config(**params: Any) -> dict[str, Any]:
    function = {"type": "builtin", "name": "deduplicate", "params": {"by": "id", **params}}
    state = {"name": "a", "is_start": True, "is_end": True, "validators": [function]}
    return {"name": "dedupe", "states": [state]}


def records(count: int = 500) -> list[dict[str, int]]:
    return [{"id": n % 50, "n": n} for n in range(count)]


@pytest.mark.parametrize("chunk_size", [1, 7, 1000])
def test_a_memory_lasts_for_one_stream_at_any_chunk_size(chunk_size: int) -> None:
    fsm, sink = SimpleFSM(config()), CollectingSink()
    for _ in range(2):
        result = fsm.process_stream(records(), sink, chunk_size=chunk_size)
        assert (result.successful, result.failed) == (50, 450)

    assert [record["n"] for record in sink.records] == [*range(50), *range(50)]


def test_one_machine_twice_in_a_pipeline_has_two_memories() -> None:
    count = {"results": {"count": {"op": "count"}}}
    function = {"type": "builtin", "name": "aggregate", "params": count}
    state = {"name": "a", "is_start": True, "is_end": True, "transforms": [function]}
    fsm, sink = SimpleFSM({"states": [state]}), CollectingSink()
    (fsm | fsm).process_stream(records(), sink, chunk_size=100)

    assert [record["count"] for record in sink.records] == list(range(1, 501))


async def test_two_streams_at_a_time_have_two_memories() -> None:
    fsm, sinks = AsyncSimpleFSM(config()), [CollectingSink(), CollectingSink()]
    done = await asyncio.gather(
        *(fsm.process_stream(records(), sink, chunk_size=9) for sink in sinks)
    )

    assert [result.successful for result in done] == [50, 50]


async def test_beside_async_functions_records_come_by_in_their_order() -> None:
    async def wait(state: Any) -> None:
        await asyncio.sleep(0.02 if state["n"] < 2 else 0)

    given, sink = config(), CollectingSink()
    given["states"][0]["transforms"] = [wait]
    given_records = ({"id": n % 2, "n": n} for n in range(20))
    await AsyncSimpleFSM(given).process_stream(given_records, sink)

    assert [record["n"] for record in sink.records] == [0, 1]


def test_a_list_is_one_run_in_its_order() -> None:
    given = config()
    given["states"][0]["transforms"] = [lambda state: time.sleep(0.02 if state["n"] < 2 else 0)]
    listed = [{"id": n % 2, "n": n} for n in range(40)]
    results = SimpleFSM(given).process_batch(listed, batch_size=40, max_workers=4)

    assert [n for n, result in enumerate(results) if result.success] == [0, 1]


def source(tmp_path: Path) -> str:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records()))
    return str(path)


def test_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"a checkpoint does not hold what {LABEL} remembers"):
        SimpleFSM(config(per_worker=True)).process_stream(
            source(tmp_path), str(tmp_path / "out.jsonl"), checkpoint=str(tmp_path / "state")
        )

    assert not (tmp_path / "state").exists()


def test_trying_again_is_refused(tmp_path: Path) -> None:
    options = StreamConfig(retry_on_error=True, max_retries=2)
    with pytest.raises(UsageError, match=f"would show failed records to {LABEL} again"):
        SimpleFSM(config()).process_stream(source(tmp_path), stream_config=options)


def test_several_workers_are_refused_unless_each_may_remember_alone(tmp_path: Path) -> None:
    options = StreamConfig(parallelism=2, chunk_size=20)
    with pytest.raises(UsageError, match="each worker sees only a part of the records"):
        SimpleFSM(config()).process_stream(source(tmp_path), stream_config=options)

    fsm = SimpleFSM(config(per_worker=True))
    result = fsm.process_stream(records(), stream_config=options, dead_letters=None)
    assert 50 <= result.successful <= 100


def test_a_machine_behind_another_is_looked_at_too(tmp_path: Path) -> None:
    first = SimpleFSM({"states": [{"name": "x", "is_start": True, "is_end": True}]})
    with pytest.raises(UsageError, match="a checkpoint does not hold"):
        (first | SimpleFSM(config())).process_stream(
            source(tmp_path), str(tmp_path / "out.jsonl"), checkpoint=str(tmp_path / "state")
        )


def test_a_record_that_a_state_tries_again_is_not_its_own_duplicate() -> None:
    attempts: dict[int, int] = {}

    def fails_once(state: Any) -> bool:
        attempts[state["n"]] = attempts.get(state["n"], 0) + 1
        return attempts[state["n"]] > 1

    given = config()
    given["states"][0]["retry"] = {"max_attempts": 2, "backoff_s": 0}
    given["states"][0]["validators"].append(fails_once)
    result = SimpleFSM(given).process_stream(records(100), chunk_size=9)

    assert (result.successful, result.failed) == (50, 50)
