"""Tests of computing in the driver's own thread."""

from __future__ import annotations

from typing import Any

from statepipe.record import DataHandlingMode
from statepipe.run.bell import ThreadBell
from statepipe.run.chunk import ByteChunk, RecordChunk
from statepipe.run.computing import Done, InlineComputing
from tests.run.engines import divider, engine_of, one_state, runner_of


async def test_each_chunk_is_given_back_computed_and_numbered() -> None:
    computing = InlineComputing(runner_of(engine_of(divider())), ThreadBell())
    computing.start()
    first = await computing.submit(ByteChunk([b'{"n":4}', b'{"n":0}'], 0, 1, 16), 2)
    second = await computing.submit(RecordChunk([{"n": 3}]), 1)

    assert [(done.number, done.records, done.last) for done in (first, second)] == [
        (0, 2, True),
        (1, 1, True),
    ]
    assert [result.outputs for done in (first, second) for result in done.results] == [
        [b'{"n":4,"share":3.0}\n'],
        [b'{"n":3,"share":4.0}\n'],
    ]


async def later(state: Any) -> Any:
    return {**state.data, "later": True}


async def test_async_plans_are_awaited() -> None:
    config = one_state({"type": "registered", "name": "later"})
    engine = engine_of(config, DataHandlingMode.COPY, {"later": later})
    done = await InlineComputing(runner_of(engine), ThreadBell()).submit(RecordChunk([{}]), 1)

    assert done.results[0].outputs == [b'{"later":true}\n']


def test_there_is_always_room_and_never_anything_to_wait_for() -> None:
    computing = InlineComputing(runner_of(engine_of(one_state())), ThreadBell())
    computing.close()

    assert (computing.room, computing.busy) == (True, False)
    assert list(computing.pids) == []
    assert Done(0, 1, []).last is True
