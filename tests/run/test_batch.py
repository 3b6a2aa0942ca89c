"""Tests of what becomes of a chunk's records at the end: outputs, counts, and those refused."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from statepipe.record import DataHandlingMode, Record
from statepipe.run.chunk import ByteChunk, ChunkResult, RecordChunk
from statepipe.run.compute import ChunkRunner
from statepipe.run.encoding import CARRIED, carried_records
from tests.run.engines import JSON_LINES, engine_of, runner_of

SORTER: dict[str, Any] = {
    "name": "Sorter",
    "states": {
        "in": {
            "start": True,
            "transform": {"type": "registered", "name": "make"},
            "arcs": [
                {"target": end, "condition": f"lambda s: s.data['to'] == {end!r}"}
                for end in ("red", "blue", "silent")
            ],
        },
        "red": {"end": True},
        "blue": {"end": True},
        "silent": {"end": True},
    },
}
SINKS = {"red": 0, "blue": 1}
KINDS = ["good", "bad", "unwritable"]
PLACES = ["red", "blue", "silent"]


def make(state: Any) -> Record:
    """Return the record with a value that JSON can hold, or not, or raise."""
    kind = state.data["kind"]
    if kind == "bad":
        raise ValueError("told to fail")
    return {**state.data, "made": {1} if kind == "unwritable" else 1}


def sorter(**options: Any) -> ChunkRunner:
    engine = engine_of(SORTER, DataHandlingMode.COPY, {"make": make})
    return runner_of(engine, **{"slots": [JSON_LINES, JSON_LINES], "sinks": SINKS, **options})


RUNNER = sorter()


def record(number: int, kind: str, to: str) -> Record:
    return {"n": number, "kind": kind, "to": to}


def records_of(pairs: list[tuple[str, str]]) -> list[Record]:
    return [record(number, *pair) for number, pair in enumerate(pairs)]


def chunk_of(records: list[Record]) -> ByteChunk:
    items = [json.dumps(record).encode() for record in records]
    return ByteChunk([b"", *items], 0, 1, sum(map(len, items)) + len(items) + 1)


def numbers(output: Any) -> list[int]:
    return [json.loads(line)["n"] for line in output.splitlines()]


def is_written(record: Record) -> bool:
    return (record["kind"], record["to"] == "silent") == ("good", False)


PAIRS = st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(PLACES)), max_size=12)


@given(PAIRS)
def test_whatever_happens_the_counts_add_up(pairs: list[tuple[str, str]]) -> None:
    records = records_of(pairs)
    result = RUNNER.run(chunk_of(records))
    failed = [r for r in records if r["kind"] != "good" and not is_unseen(r)]

    assert result.total == len(records) == sum(result.ended.values()) + len(result.failures)
    assert [failure.index for failure in result.failures] == [r["n"] for r in failed]
    kept = Counter(r["to"] for r in records if r not in failed)
    assert {state: count for state, count in result.ended.items() if count} == dict(kept)
    for place, sink in SINKS.items():
        expected = [r["n"] for r in records if is_written(r) and r["to"] == place]
        assert numbers(result.outputs[sink]) == expected
        assert result.written[sink] == len(expected)


def is_unseen(record: Record) -> bool:
    """Tell whether no sink ever asks if the record can be written."""
    return (record["kind"], record["to"]) == ("unwritable", "silent")


@given(PAIRS)
def test_records_and_bytes_give_the_same(pairs: list[tuple[str, str]]) -> None:
    records = records_of(pairs)
    by_bytes, by_records = RUNNER.run(chunk_of(records)), RUNNER.run(RecordChunk(records))

    assert by_records.outputs == by_bytes.outputs
    assert by_records.ended == by_bytes.ended
    assert [f.index for f in by_records.failures] == [f.index for f in by_bytes.failures]


def test_a_record_that_cannot_be_written_names_its_field_and_end_state() -> None:
    result = RUNNER.run(chunk_of(records_of([("good", "red"), ("unwritable", "red")])))

    (failure,) = result.failures
    error = failure.error
    assert (error.role, error.error_type, error.state) == ("write", "UnwritableError", "red")
    assert error.path == ("in", "red")
    assert error.message.startswith("field 'made': ")
    assert error.hint == "convert the value in a transform"
    assert failure.line == 3


def test_failures_stand_in_the_records_order_whatever_their_kind() -> None:
    records = records_of([("unwritable", "blue"), ("bad", "red"), ("unwritable", "red")])
    failures = RUNNER.run(chunk_of(records)).failures

    assert [(f.index, f.error.role) for f in failures] == [
        (0, "write"),
        (1, "transform"),
        (2, "write"),
    ]


@given(PAIRS)
def test_what_is_encoded_later_knows_where_it_came_from(pairs: list[tuple[str, str]]) -> None:
    records = records_of(pairs)
    late = replace(CARRIED, late=True)
    result = sorter(slots=[JSON_LINES, late]).run(chunk_of(records))
    blue = [r["n"] for r in records if r["to"] == "blue" and r["kind"] != "bad"]

    output, arrivals = result.outputs[1], result.arrivals[1]
    assert isinstance(output, bytes)
    assert [record["n"] for record in carried_records(output)] == blue
    assert arrivals.numbers == blue
    assert arrivals.paths == [("in", "blue")] * len(blue)
    assert arrivals.items == [number + 1 for number in range(len(records))]
    assert list(result.arrivals) == [1]


def test_an_empty_chunk_gives_an_empty_result() -> None:
    result = RUNNER.run(RecordChunk([]))

    assert result == ChunkResult(0, {}, [b"", b""], [0, 0])
