"""Tests of running a chunk with care: the same results, each record told of, no poison touched."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.connectors.json_codec import JsonDecoder
from statepipe.errors import RecordError
from statepipe.record import DataHandlingMode, Record
from statepipe.run.care import Care
from statepipe.run.chunk import ByteChunk, ChunkResult, RecordChunk
from statepipe.run.compute import ChunkRunner
from statepipe.run.deliveries import Poison
from statepipe.run.encoding import CARRIED
from statepipe.run.in_hand import InHand
from tests.run.engines import JSON_LINES, divider, engine_of, one_state, runner_of

DIVIDER = engine_of(divider())
PASSING = [frozenset({"output"})]
ITEMS = st.lists(
    st.sampled_from([b'{"n":4}', b'{"n":-4}', b'{"n":0}', b'{"m":1}', b"{", b"[]", b"", b"  "]),
    min_size=1,
    max_size=12,
)
RUNNERS = {
    "one sink": runner_of(DIVIDER),
    "two sinks, one carried": runner_of(
        DIVIDER, slots=[JSON_LINES, CARRIED], sinks={"output": 0, "negative": 1}
    ),
    "retries": runner_of(DIVIDER, retries=2),
    "two stages": runner_of(DIVIDER, engine_of(divider()), passing=PASSING),
}


@pytest.fixture
def in_hand() -> Iterator[InHand]:
    made = InHand()
    yield made
    made.close()


def chunk_of(items: list[bytes], offset: int = 0) -> ByteChunk:
    return ByteChunk(items, offset, 1, sum(map(len, items)) + len(items))


def carefully(
    runner: ChunkRunner, chunk: Any, poison: dict[int, Poison] | None = None
) -> ChunkResult:
    in_hand = InHand()
    try:
        care = Care(in_hand, chunk.positions(), poison or {})
        if runner.is_async:
            return asyncio.run(runner.run_carefully_async(chunk, care))
        return runner.run_carefully(chunk, care)
    finally:
        in_hand.close()


def facts(result: ChunkResult) -> dict[str, Any]:
    names = "total ended outputs written malformed size lines".split()
    failures = [
        (f.index, f.offset, f.line, f.original, f.retries, f.stage, str(f.error))
        for f in result.failures
    ]
    return {name: vars_of(result)[name] for name in names} | {"failures": failures}


def vars_of(result: ChunkResult) -> dict[str, Any]:
    return {name: getattr(result, name) for name in result.__slots__}


def poison(deliveries: int = 3, stage: int = 0) -> Poison:
    error = RecordError("it died", role="worker", error_type="WorkerDiedError", state="input")
    return Poison(error, deliveries, stage)


@pytest.mark.parametrize("runner", RUNNERS.values(), ids=RUNNERS)
@given(items=ITEMS)
def test_a_chunk_run_with_care_gives_what_it_gives_without(
    runner: ChunkRunner, items: list[bytes]
) -> None:
    mine = carefully(runner, chunk_of(items))
    expected = runner.run(chunk_of(items))

    assert facts(mine) | {"outputs": None} == facts(expected) | {"outputs": None}
    if CARRIED not in runner.routing.slots:  # pickles of the same records may differ
        assert mine.outputs == expected.outputs


def test_records_of_an_iterator_are_taken_over_as_ever() -> None:
    records: list[Any] = [{"n": 4}, "text", {"n": 0}, {"n": -4, "call": iter(())}]
    runner = RUNNERS["one sink"]
    expected = facts(runner.run(RecordChunk(list(records))))

    assert facts(carefully(runner, RecordChunk(list(records)))) == expected
    assert records[0] == {"n": 4}


def test_an_async_plan_is_run_with_care_too() -> None:
    async def double(state: Any) -> Any:
        await asyncio.sleep(0)
        return {"n": 2 * state["n"]}

    config = one_state({"type": "registered", "name": "double"})
    engine = engine_of(config, DataHandlingMode.COPY, {"double": double})

    result = carefully(runner_of(engine), chunk_of([b'{"n":1}', b"{", b'{"n":2}']))

    assert result.outputs == [b'{"n":2}\n{"n":4}\n']
    assert (result.total, result.malformed) == (3, 1)


def test_poison_is_not_run_and_fails_where_it_stands() -> None:
    items = [b'{"n":4}', b"", b'{"n":2}', b'{"n":3}', b'{"n":0}']
    result = carefully(RUNNERS["one sink"], chunk_of(items), {9: poison(stage=0)})

    assert result.outputs == [b'{"n":4,"share":3.0}\n{"n":3,"share":4.0}\n']
    assert (result.total, result.malformed) == (4, 0)
    told = [(f.index, f.offset, f.line, f.error.role, f.retries) for f in result.failures]
    assert told == [(1, 9, 3, "worker", 2), (3, 25, 5, "transform", 0)]
    assert result.failures[0].original == b'{"n":2}'


def test_poison_among_records_goes_by_their_index_in_the_whole_source() -> None:
    chunk = RecordChunk([{"n": 1}, {"n": 2}, {"n": 3}], 100)

    result = carefully(RUNNERS["two stages"], chunk, {101: poison(stage=1)})

    (failure,) = result.failures
    assert (failure.index, failure.stage, failure.original) == (1, 1, b'{"n":2}')
    assert result.total == 3


class Spy:
    """Registered as a function, or in the place of a codec: notes what is in hand when called."""

    def __init__(self, in_hand: InHand) -> None:
        self._in_hand = in_hand
        self.seen: list[tuple[int | None, int, tuple[str, ...]]] = []

    def look(self) -> None:
        holding = self._in_hand.read()
        self.seen.append((holding.record, holding.stage, holding.path))


def test_each_step_of_a_record_is_told_of_before_it_is_made(in_hand: InHand) -> None:
    spy = Spy(in_hand)

    def watch(state: Any) -> Record:
        spy.look()
        return dict(state.data)

    class Decoder(JsonDecoder):
        def decode_each(self, items: Any) -> Any:
            spy.look()
            return super().decode_each(items)

    config = one_state({"type": "registered", "name": "watch"})
    engines = [engine_of(config, DataHandlingMode.COPY, {"watch": watch}) for _ in range(2)]
    runner = runner_of(*engines, passing=PASSING)
    runner.decoder = Decoder()
    chunk = chunk_of([b'{"n":1}', b'{"n":2}'], offset=50)
    runner.run_carefully(chunk, Care(in_hand, chunk.positions(), {}))

    assert spy.seen == [
        (50, 0, ()),
        (58, 0, ()),
        (50, 0, ("input",)),
        (58, 0, ("input",)),
        (50, 1, ("input",)),
        (58, 1, ("input",)),
    ]
    assert in_hand.read().record == 58
    assert in_hand.read().path == ("input", "output")  # it was encoded last, each alone
