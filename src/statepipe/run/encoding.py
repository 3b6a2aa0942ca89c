"""Encoding of a chunk's records for one sink, here or in the parent of the worker that ran them."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

from statepipe.errors import RecordError
from statepipe.ports.formats import Encoder, Framing, UnwritableError
from statepipe.record import Record
from statepipe.run.chunk import Arrivals, ChunkResult, Failure
from statepipe.run.failures import failure_of
from statepipe.run.routing import Slot

NOT_ENCODED = (UnwritableError, TypeError, ValueError, RecursionError)
"""What `Encoder.encode` raises where a record cannot be written."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """The bytes of the records that could be written; `refused` goes by the records' index."""

    data: bytes
    refused: dict[int, UnwritableError] = field(default_factory=dict)


def encode(encoder: Encoder, framing: Framing, records: Sequence[Record]) -> Encoded:
    """Encode records, one by one where that is what it takes to find those that cannot be."""
    try:
        return Encoded(encoder.encode(records))
    except NOT_ENCODED:
        return encode_each(encoder, framing, records)


def encode_each(encoder: Encoder, framing: Framing, records: Sequence[Record]) -> Encoded:
    """Encode record by record, so that one that cannot be written is refused alone."""
    texts: list[bytes] = []
    refused: dict[int, UnwritableError] = {}
    for index, record in enumerate(records):
        try:
            texts.append(encoder.encode_one(record))
        except UnwritableError as error:
            refused[index] = error
    return Encoded(framing.between.join(texts), refused)


def unwritable_error(path: tuple[str, ...], record: Record, error: UnwritableError) -> RecordError:
    """Return the error of a record that reached its end state and cannot be written there."""
    return RecordError(
        str(error),
        role="write",
        error_type="UnwritableError",
        state=path[-1],
        path=path,
        record=record,
        hint="convert the value in a transform",
    )


class Carrier:
    """An encoder that brings records from a worker to its parent as they are."""

    portable = True

    def encode(self, records: Sequence[Record]) -> bytes:
        """Return the records pickled. Whatever pickling raises is raised by `encode_one` anew."""
        try:
            return pickle.dumps(records, pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # the values are the user's, and so are their ways to pickle
            raise ValueError("a record cannot leave its worker") from error

    def encode_one(self, record: Record) -> bytes:
        """Return a pickle of a list of one; such lists stand one behind the other."""
        try:
            return pickle.dumps([record], pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # as above
            field_path = next((name for name, value in record.items() if stuck(value)), "")
            reason = f"cannot leave its worker process ({error}); use parallelism=1"
            raise UnwritableError(str(field_path), reason) from error


def stuck(value: Any) -> bool:  # any value of a record
    """Tell whether a value cannot be pickled."""
    try:
        pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    except Exception:  # the user's value
        return True
    return False


CARRIED = Slot(Carrier(), Framing(between=b""))


def carried_records(data: bytes) -> list[Record]:
    """Return what a `Carrier` carried."""
    file, records = BytesIO(data), list[Record]()
    while file.tell() < len(data):
        records += pickle.load(file)
    return records


class LateEncoding:
    """Encodes in the parent what workers carried to it, because their encoders are not portable.

    `slots` are the sinks concerned, by their numbers.
    """

    def __init__(self, slots: Mapping[int, Slot]) -> None:
        self._slots = slots

    def worker_slot(self, number: int, slot: Slot) -> Slot:
        """Return what a worker is to use in place of `slot`."""
        if number not in self._slots:
            return slot
        return replace(CARRIED, late=slot.encoder is not None)

    def apply(self, result: ChunkResult) -> None:
        """Give each sink concerned what it wants. Records that it cannot write fail now.

        Called in the order in which results are written.
        """
        for number, slot in self._slots.items():
            data = result.outputs[number]
            assert isinstance(data, bytes)
            records = carried_records(data)
            if slot.encoder is None:
                result.outputs[number] = records
                continue
            done = encode(slot.encoder, slot.framing, records)
            result.outputs[number] = done.data
            for index, error in done.refused.items():
                refuse(result, number, index, records[index], error)


def refuse(
    result: ChunkResult, number: int, index: int, record: Record, error: UnwritableError
) -> None:
    """Count a record of sink `number` as failed, which was counted as written."""
    arrivals = result.arrivals[number]
    path = arrivals.paths[index]
    result.ended[path[-1]] -= 1
    result.written[number] -= 1
    result.failures.append(late_failure(arrivals, index, unwritable_error(path, record, error)))
    result.failures.sort(key=lambda failure: failure.index)


def late_failure(arrivals: Arrivals, index: int, error: RecordError) -> Failure:
    at = arrivals.numbers[index]
    item = at if arrivals.items is None else arrivals.items[at]
    failure = failure_of(arrivals.chunk, at, item, error)
    failure.stage = arrivals.stage
    return failure
