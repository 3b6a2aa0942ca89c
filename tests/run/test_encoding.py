"""Tests of encoding for a sink, and of what workers carry to their parent."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from statepipe.connectors.csv_format import CsvOutput
from statepipe.ports.formats import UnwritableError
from statepipe.run.chunk import Arrivals, ChunkResult, RecordChunk
from statepipe.run.encoding import CARRIED, Carrier, LateEncoding, carried_records, encode
from statepipe.run.routing import Slot


def test_what_is_carried_arrives_as_it_was() -> None:
    records: list[Any] = [{"set": {1}}, {"bytes": b"x"}, {}]
    carrier = Carrier()

    assert carried_records(carrier.encode(records)) == records
    assert carried_records(b"".join(map(carrier.encode_one, records))) == records
    assert carried_records(carrier.encode([])) == []


def test_what_cannot_be_carried_is_refused_alone_and_named() -> None:
    assert CARRIED.encoder is not None
    records: list[Any] = [{"a": 1}, {"b": 1, "lock": threading.Lock()}, {"c": 3}]
    done = encode(CARRIED.encoder, CARRIED.framing, records)

    assert carried_records(done.data) == [{"a": 1}, {"c": 3}]
    assert list(done.refused) == [1]
    assert done.refused[1].field_path == "lock"
    with pytest.raises(UnwritableError, match="field 'lock': cannot leave its worker process"):
        CARRIED.encoder.encode_one(records[1])


def result_of(records: list[Any]) -> ChunkResult:
    """Return what a worker gives of records of which the chunk's number 0 was blank."""
    chunk = RecordChunk([{"number": number} for number in range(len(records) + 1)])
    count = len(records)
    arrivals = Arrivals(chunk, None, list(range(1, count + 1)), [("in", "out")] * count, stage=1)
    return ChunkResult(
        count, {"out": count}, [Carrier().encode(records)], [count], arrivals={0: arrivals}
    )


def test_a_record_refused_late_moves_from_the_written_to_the_failed() -> None:
    output = CsvOutput()
    late = LateEncoding({0: Slot(output.new_encoder(), output.framing)})
    result = result_of([{"a": 1}, {"b": 1}, {"a": 2}])
    late.apply(result)

    (failure,) = result.failures
    assert result.outputs == [b"a\n1\n2\n"]
    assert (result.written, result.ended) == ([2], {"out": 2})
    assert (failure.index, failure.stage, failure.original) == (2, 1, b'{"number":2}')
    assert (failure.error.role, failure.error.path) == ("write", ("in", "out"))


def test_a_sink_without_encoder_gets_the_records() -> None:
    late = LateEncoding({0: Slot()})
    result = result_of([{"a": {1}}])
    late.apply(result)

    assert result.outputs == [[{"a": {1}}]]
    assert result.failures == []


def test_only_the_sinks_concerned_are_replaced() -> None:
    output = CsvOutput()
    csv, plain = Slot(output.new_encoder(), output.framing), Slot(Carrier())
    late = LateEncoding({0: csv, 2: Slot()})

    assert late.worker_slot(0, csv).late is True
    assert late.worker_slot(1, plain) is plain
    assert late.worker_slot(2, Slot()) == CARRIED
