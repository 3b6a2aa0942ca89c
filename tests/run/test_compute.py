"""Tests of computing a chunk: decoding, every stage, retries, and copies of the user's records."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.functions.moment import Moment, Moments
from statepipe.ports.formats import Malformed
from statepipe.ports.items import Item
from statepipe.record import DataHandlingMode, Record
from statepipe.run.blocking_driver import run_blocking
from statepipe.run.chunk import ByteChunk, ChunkResult, RecordChunk
from statepipe.run.routing import Slot
from statepipe.testing import TEST_RUN, view_of
from tests.run.engines import JSON_LINES, divider, engine_of, one_state, runner_of

COPY, REFERENCE, DIRECT = DataHandlingMode

DIVIDER = engine_of(divider())
BOTH = {"output": 0, "negative": 1}

GOOD = {b'{"n":4}': "output", b'{"n":-4}': "negative"}
BAD = {b'{"n":0}': "transform", b'{"m":1}': "transform", b"{": "read", b"[]": "read"}
BLANK = [b"", b"  ", b"\r"]
ITEMS = st.lists(st.sampled_from([*GOOD, *BAD, *BLANK]), max_size=12)


def chunk_of(items: list[bytes]) -> ByteChunk:
    return ByteChunk(items, 0, 1, sum(map(len, items)) + len(items))


def shown(output: Any) -> list[Any]:
    return [json.loads(line) for line in output.splitlines()]


def told(result: ChunkResult) -> list[tuple[int, str]]:
    return [(failure.index, failure.error.role) for failure in result.failures]


@given(ITEMS)
def test_every_item_is_counted_once_and_goes_where_it_belongs(items: list[bytes]) -> None:
    result = runner_of(DIVIDER, slots=[JSON_LINES, JSON_LINES], sinks=BOTH).run(chunk_of(items))
    records = [item for item in items if item not in BLANK]
    ends = Counter(GOOD[item] for item in records if item in GOOD)

    assert result.total == len(records)
    assert result.lines == len(items)
    assert result.size == sum(map(len, items)) + len(items)
    assert Counter(result.ended) == ends
    assert result.written == [ends["output"], ends["negative"]]
    assert [len(shown(output)) for output in result.outputs] == result.written
    assert told(result) == [(at, BAD[item]) for at, item in enumerate(records) if item in BAD]
    assert result.malformed == sum(item in (b"{", b"[]") for item in items)


@given(ITEMS)
def test_failures_know_the_line_byte_and_text_of_their_item(items: list[bytes]) -> None:
    failures = runner_of(DIVIDER).run(chunk_of(items)).failures
    bad = [at for at, item in enumerate(items) if item in BAD]

    assert [failure.line for failure in failures] == [at + 1 for at in bad]
    assert [failure.original for failure in failures] == [items[at] for at in bad]
    starts = [sum(len(item) + 1 for item in items[:at]) for at in bad]
    assert [failure.offset for failure in failures] == starts


ADDING = engine_of(one_state("lambda s: {**s.data, 'n': 1}"))


def test_records_that_were_read_are_changed_and_not_copied() -> None:
    decoded: Record = {"m": 1}

    class Decoder:
        def decode(self, items: Sequence[Item]) -> list[Record]:
            return [decoded for _ in items]

        def decode_each(self, items: Sequence[Item]) -> list[Record | Malformed | None]:
            return [*self.decode(items)]

    runner = runner_of(ADDING, slots=[Slot()])
    runner.decoder = Decoder()

    [[record]] = runner.run(chunk_of([b"any"])).outputs
    assert record == {"m": 1, "n": 1}
    assert record is decoded


def test_records_of_an_iterator_are_left_alone() -> None:
    mine: Record = {"m": 1}

    result = runner_of(ADDING).run(RecordChunk([mine]))  # to bytes, so nothing copies it

    assert shown(result.outputs[0]) == [{"m": 1, "n": 1}]
    assert mine == {"m": 1}


def test_records_at_an_end_state_without_sink_are_counted_and_not_written() -> None:
    result = runner_of(DIVIDER, sinks={"output": 0}).run(chunk_of([*GOOD]))

    assert result.ended == {"output": 1, "negative": 1}
    assert result.written == [1]
    assert shown(result.outputs[0]) == [{"n": 4, "share": 3.0}]


def test_a_sink_without_encoder_gets_the_records_themselves() -> None:
    result = runner_of(DIVIDER, slots=[Slot()]).run(chunk_of([b'{"n":4}', b'{"n":0}', b'{"n":3}']))

    assert result.outputs == [[{"n": 4, "share": 3.0}, {"n": 3, "share": 4.0}]]
    assert result.written == [2]


# -- records of iterators ----------------------------------------------------------------------


def test_what_is_no_dict_is_malformed_and_the_others_go_on() -> None:
    records: list[Any] = [{"n": 1}, None, "text", {"n": 2}, 7]
    result = runner_of(DIVIDER, slots=[Slot()]).run(RecordChunk(records))

    assert (result.total, result.malformed) == (5, 3)
    assert [(f.index, f.error.message) for f in result.failures] == [
        (1, "a record must be a dict, not NoneType"),
        (2, "a record must be a dict, not str"),
        (4, "a record must be a dict, not int"),
    ]
    assert [record["n"] for record in result.outputs[0] if isinstance(record, dict)] == [1, 2]


def test_numbers_go_by_all_records_also_behind_those_that_are_none() -> None:
    records: list[Any] = [None, {"n": 0}]
    failures = runner_of(DIVIDER).run(RecordChunk(records)).failures

    assert [(failure.index, failure.original) for failure in failures] == [
        (0, b"null"),
        (1, b'{"n":0}'),
    ]


def mutate(state: Any) -> Any:
    state.data["list"].append("changed")
    return state.data


def run_mutating(mode: DataHandlingMode, slot: Slot) -> tuple[Record, Any]:
    engine = engine_of(
        one_state({"type": "registered", "name": "mutate"}), mode, {"mutate": mutate}
    )
    record: Record = {"list": []}
    result = runner_of(engine, slots=[slot]).run(RecordChunk([record]))
    return record, result.outputs[0]


def test_in_copy_mode_the_iterators_records_stay_as_they_were() -> None:
    record, output = run_mutating(COPY, Slot())

    assert (record, output) == ({"list": []}, [{"list": ["changed"]}])
    assert run_mutating(COPY, JSON_LINES) == ({"list": []}, b'{"list":["changed"]}\n')


def test_in_reference_mode_they_are_shared() -> None:
    assert run_mutating(REFERENCE, Slot())[0] == {"list": ["changed"]}


def test_records_that_pass_unchanged_are_copied_where_they_are_seen_again() -> None:
    engine, record = engine_of(one_state()), {"list": [1]}
    (given_out,) = runner_of(engine, slots=[Slot()]).run(RecordChunk([record])).outputs[0]

    assert given_out == record
    assert given_out is not record


def test_a_state_that_shares_in_a_copying_machine_is_given_no_object_of_the_callers() -> None:
    config = one_state("lambda s: {**s.data, 'n': 1}")
    config["states"]["input"]["data_mode"] = "direct"
    record: Record = {}
    result = runner_of(engine_of(config)).run(RecordChunk([record]))

    assert (record, result.outputs) == ({}, [b'{"n":1}\n'])


def test_a_record_that_cannot_be_copied_fails_alone() -> None:
    records: list[Record] = [{"n": 1}, {"n": 1, "lock": threading.Lock()}]
    result = runner_of(DIVIDER, slots=[Slot()]).run(RecordChunk(records))

    (failure,) = result.failures
    assert failure.error.message.startswith("the record cannot be copied: cannot pickle ")
    assert result.written == [1]


# -- retries -----------------------------------------------------------------------------------


class Flaky:
    """Fails each record `times` times, and notes what it got."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.seen: list[Record] = []

    def __call__(self, state: Any) -> Any:
        self.seen.append(dict(state.data))
        state.data["dirt"] = True
        if sum(record["n"] == state.data["n"] for record in self.seen) <= self.times:
            raise OSError("not now")
        return {"n": state.data["n"]}


def flaky_run(flaky: Flaky, records: list[Record], retries: int) -> ChunkResult:
    config = one_state({"type": "registered", "name": "flaky"})
    engine = engine_of(config, REFERENCE, {"flaky": flaky})
    return runner_of(engine, slots=[Slot()], retries=retries).run(RecordChunk(records))


def test_a_failing_record_is_run_again_from_its_start() -> None:
    flaky = Flaky(2)
    result = flaky_run(flaky, [{"n": 1}, {"n": 2}], retries=2)

    assert (result.outputs, result.failures) == ([[{"n": 1}, {"n": 2}]], [])
    assert result.ended == {"output": 2}
    assert [record["n"] for record in flaky.seen] == [1, 2, 1, 1, 2, 2]
    assert all("dirt" not in record for record in flaky.seen)


def test_a_record_that_fails_every_time_tells_of_all_attempts() -> None:
    flaky = Flaky(9)
    result = flaky_run(flaky, [{"n": 1}], retries=3)

    (failure,) = result.failures
    assert (failure.retries, len(flaky.seen)) == (3, 4)
    assert result.total == 1


def test_without_retries_a_record_runs_once() -> None:
    flaky = Flaky(1)
    (failure,) = flaky_run(flaky, [{"n": 1}], retries=0).failures

    assert (failure.retries, len(flaky.seen)) == (0, 1)


def test_a_record_that_cannot_be_copied_is_run_again_too() -> None:
    flaky = Flaky(1)
    records: list[Record] = [{"n": 1, "lock": threading.Lock()}, {"n": 2}]
    result = flaky_run(flaky, records, retries=2)

    assert (result.outputs, result.failures) == ([[{"n": 1}, {"n": 2}]], [])


@pytest.mark.parametrize("mode", [REFERENCE, DIRECT])
def test_the_callers_own_object_is_run_again_as_it_was(mode: DataHandlingMode) -> None:
    flaky = Flaky(1)
    config = one_state([{"type": "registered", "name": "flaky"}, "lambda s: s.data.update(ok=1)"])
    engine, record = engine_of(config, mode, {"flaky": flaky}), {"n": 1}
    runner_of(engine, slots=[Slot()], retries=1).run(RecordChunk([record]))

    assert flaky.seen == [{"n": 1}, {"n": 1}]
    assert record == ({"n": 1, "ok": 1} if mode is DIRECT else {"n": 1, "dirt": True})


def test_what_no_function_can_change_is_run_again_without_a_copy() -> None:
    engine, records = engine_of(divider()), [{"n": 0, "lock": threading.Lock()}]
    runner = runner_of(engine, slots=[JSON_LINES], sinks=BOTH, retries=3)
    (failure,) = runner.run(RecordChunk(list(records))).failures

    assert (failure.retries, failure.error.error_type) == (3, "ZeroDivisionError")


# -- stages ------------------------------------------------------------------------------------


SECOND = engine_of(one_state("lambda s: {**s.data, 'ratio': 1 / s.data['d']}", name="Second"))


def two_stages(**options: Any) -> Any:
    first = engine_of(one_state("lambda s: {'d': 12 // s.data['n'] - 1}", name="First"))
    return runner_of(first, SECOND, passing=[frozenset({"output"})], **options)


def test_records_go_from_stage_to_stage_and_fail_where_they_fail() -> None:
    items = [b'{"n":6}', b'{"n":0}', b"", b"{", b'{"n":12}', b'{"n":4}']
    result = two_stages().run(chunk_of(items))

    assert shown(result.outputs[0]) == [{"d": 1, "ratio": 1.0}, {"d": 2, "ratio": 0.5}]
    assert [(f.index, f.stage, f.line) for f in result.failures] == [
        (1, 0, 2),
        (2, 0, 4),
        (3, 1, 5),
    ]
    assert result.failures[2].original == b'{"n":12}'
    assert (result.total, result.ended) == (5, {"output": 2})


def test_records_at_silent_end_states_stay_in_their_stage() -> None:
    runner = runner_of(DIVIDER, engine_of(one_state()), passing=[frozenset({"output"})])
    result = runner.run(chunk_of([*GOOD, *GOOD]))

    assert result.ended == {"Divider:negative": 2, "output": 2}
    assert result.total == 4


def test_between_stages_records_are_what_a_file_would_make_of_them() -> None:
    first = engine_of(one_state("lambda s: {'t': (1, 2)}", name="First"))
    second = engine_of(one_state("lambda s: {'got': repr(s.data)}", name="Second"))
    runner = runner_of(first, second, passing=[frozenset({"output"})])

    assert shown(runner.run(chunk_of([b"{}"])).outputs[0]) == [{"got": "{'t': [1, 2]}"}]


def test_a_record_that_cannot_go_on_fails_where_it_ended() -> None:
    first = engine_of(one_state("lambda s: {'set': {1}} if s.data['n'] else s.data", name="First"))
    runner = runner_of(first, SECOND, passing=[frozenset({"output"})])
    result = runner.run(chunk_of([b'{"n":1}', b'{"n":0,"d":1}', b'{"n":1}']))

    assert told(result) == [(0, "write"), (2, "write")]
    assert "field 'set'" in result.failures[0].error.message
    assert shown(result.outputs[0]) == [{"n": 0, "d": 1, "ratio": 1.0}]


# -- async -------------------------------------------------------------------------------------


async def later(state: Any) -> Any:
    await asyncio.sleep(0)
    return {**state.data, "share": 12 / state.data["n"]}


@given(ITEMS)
def test_in_one_go_a_chunk_gives_what_it_gives_step_by_step(items: list[bytes]) -> None:
    runner = runner_of(DIVIDER, sinks=BOTH)
    plain, stepped = (
        runner.run(ByteChunk(items, 0, 1, 0)),
        run_blocking(runner.run_async(ByteChunk(items, 0, 1, 0))),
    )

    assert [failure.index for failure in plain.failures] == [
        failure.index for failure in stepped.failures
    ]
    assert list(map(str, (f.error for f in plain.failures))) == list(
        map(str, (f.error for f in stepped.failures))
    )
    assert replace(plain, failures=[]) == replace(stepped, failures=[])


async def test_async_plans_give_the_same_as_others() -> None:
    config = one_state({"type": "registered", "name": "later"})
    runner = runner_of(engine_of(config, COPY, {"later": later}), concurrency=3, retries=1)
    items = [b'{"n":%d}' % number for number in (1, 2, 0, 3, 4, 6)]
    result = await runner.run_async(chunk_of(items))

    assert runner.is_async
    assert [record["n"] for record in shown(result.outputs[0])] == [1, 2, 3, 4, 6]
    assert [(f.index, f.retries) for f in result.failures] == [(2, 1)]


async def test_async_and_plain_stages_mix() -> None:
    config = one_state({"type": "registered", "name": "later"}, name="First")
    first = engine_of(config, COPY, {"later": later})
    second = engine_of(one_state("lambda s: {'s': s.data['share']}", name="Second"))
    runner = runner_of(first, second, passing=[frozenset({"output"})])
    result = await runner.run_async(chunk_of([b'{"n":4}', b'{"n":0}']))

    assert result.outputs == [b'{"s":3.0}\n']
    assert told(result) == [(1, "transform")]


# -- what is bound to the run ------------------------------------------------------------------


def ids_of(items: list[bytes], **options: Any) -> dict[int, str]:
    """Return the id that each record of some JSON lines is given, by its `n`."""
    engine = engine_of(one_state("{**data, 'id': uuid()}"))
    result = runner_of(engine, run=TEST_RUN, **options).run(chunk_of(items))
    return {record["n"]: record["id"] for record in shown(result.outputs[0])}


def test_a_record_s_position_is_the_offset_of_its_bytes() -> None:
    items = [b'{"n":1}', b'{"n":2}', b'{"n":3}']
    expected = {
        number: view_of({}, run=TEST_RUN, position=position).uuid()
        for number, position in [(1, 0), (2, 8), (3, 16)]
    }

    assert ids_of(items) == expected


def test_blank_and_malformed_lines_move_nobody() -> None:
    items = [b'{"n":1}', b"", b"{", b'{"n":2}']
    shifted = {1: 0, 2: 11}

    assert ids_of(items) == {
        number: view_of({}, run=TEST_RUN, position=position).uuid()
        for number, position in shifted.items()
    }


def test_a_record_of_an_iterator_has_its_number_as_position() -> None:
    engine = engine_of(one_state("{**data, 'id': uuid()}"))
    records: list[Any] = [{"n": 1}, "no record", {"n": 2}]
    chunk = RecordChunk(records, first=5)
    result = runner_of(engine, run=TEST_RUN, slots=[Slot()]).run(chunk)

    assert [record["id"] for record in result.outputs[0]] == [
        view_of({}, run=TEST_RUN, position=position).uuid() for position in (5, 7)
    ]


def test_each_attempt_at_a_record_is_given_the_same() -> None:
    seen: list[tuple[int, str, float]] = []

    def attempt(state: Any) -> Any:
        seen.append((state["n"], state.uuid(), state.rng.random()))
        if state["n"] == 1 and len(seen) < 4:
            raise OSError("not now")
        return state.data

    engine = engine_of(one_state({"type": "registered", "name": "f"}), COPY, {"f": attempt})
    runner = runner_of(engine, slots=[Slot()], retries=2, run=TEST_RUN)
    result = runner.run(RecordChunk([{"n": 0}, {"n": 1}]))

    assert result.failures == []
    assert [number for number, *_ in seen] == [0, 1, 1, 1]
    assert len(set(seen)) == 2


def test_each_stage_gives_values_of_its_own_to_the_records_that_reach_it() -> None:
    first = engine_of(one_state("{**data, 'one': uuid()} if data['n'] else 1 / 0", name="First"))
    second = engine_of(one_state("{**data, 'two': uuid()}", name="Second"))
    runner = runner_of(first, second, passing=[frozenset({"output"})], run=TEST_RUN)
    items = [b'{"n":0}', b"", b'{"n":1}']
    [record] = shown(runner.run(chunk_of(items)).outputs[0])
    alone = Moments(TEST_RUN, lambda: [9])

    assert record["one"] == Moment(alone, 0).uuid(0)
    assert record["two"] == Moment(Moments(TEST_RUN, lambda: [9], stage=1), 0).uuid(0)


def test_a_runner_without_a_run_says_so_where_a_record_asks() -> None:
    engine = engine_of(one_state("{**data, 'id': uuid()}"))
    (failure,) = runner_of(engine).run(chunk_of([b'{"n":1}'])).failures

    assert failure.error.error_type == "NoRunError"


# -- what a network does about its failures ----------------------------------------------------


def audited(transform: Any) -> dict[str, Any]:
    config = one_state(transform)
    config["states"]["audit"] = {
        "transform": {"type": "registered", "name": "audit"},
        "run_on_failure": True,
    }
    return config


@pytest.mark.parametrize(("failures", "told"), [(2, []), (9, [1, 2])])
def test_run_on_failure_waits_until_the_stream_has_given_up(failures: int, told: list[int]) -> None:
    flaky, audit = Flaky(failures), []
    functions = {"flaky": flaky, "audit": lambda s: audit.append(s["n"])}
    config = audited({"type": "registered", "name": "flaky"})
    slot = Slot(None, None)
    runner = runner_of(engine_of(config, COPY, functions), slots=[slot], retries=2)
    runner.run(RecordChunk([{"n": 1}, {"n": 2}]))

    assert audit == told


async def test_run_on_failure_of_an_async_plan_does_the_same() -> None:
    told: list[int] = []

    async def audit(state: Any) -> None:
        await asyncio.sleep(0)
        told.append(state["n"])

    engine = engine_of(audited("1 / data['n']"), COPY, {"audit": audit})
    await runner_of(engine, retries=2).run_async(chunk_of([b'{"n":0}', b'{"n":"x"}']))

    assert sorted(map(str, told)) == ["0", "x"]
