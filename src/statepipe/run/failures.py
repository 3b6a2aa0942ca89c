"""Failures of records: made from errors, with all that a dead letter needs."""

from __future__ import annotations

import json
from typing import Any

import orjson

from statepipe.errors import RecordError, shown
from statepipe.ports import Unreadable
from statepipe.record import Record
from statepipe.run.chunk import ByteChunk, Failure, RecordChunk


def malformed_error(reason: str) -> RecordError:
    """Return the error of a record that could not be read."""
    return RecordError(reason, role="read", error_type="MalformedRecord")


def failure_of(
    chunk: ByteChunk | RecordChunk, number: int, item: int, error: RecordError
) -> Failure:
    """Return the failure of record `number`, which came from item `item` of the chunk.

    The error's cause is let go: its traceback would keep the whole chunk in memory.
    """
    error.__cause__ = error.__context__ = None
    original = original_of(chunk, item)
    if isinstance(chunk, ByteChunk):
        return Failure(error, number, chunk.offset_of(item), chunk.line_of(item), original)
    return Failure(error, number, original=original)


def original_of(chunk: ByteChunk | RecordChunk, item: int) -> bytes:
    """Return the bytes of an item as the source had them; an iterator's record as JSON."""
    if isinstance(chunk, ByteChunk):
        raw = chunk.items[item]
        return raw.head if isinstance(raw, Unreadable) else raw
    return record_text(chunk.records[item])


def record_text(record: Record) -> bytes:
    """Return a record as JSON, and in Python's words what is no JSON value. Never raises.

    By Python's own encoder: orjson would write NaN as null, and refuses integers beyond 64 bits.
    """
    try:
        text = json.dumps(record, default=plain, ensure_ascii=False, separators=(",", ":"))
    except Exception:  # the values are the user's; a `__repr__` that raises, 5000 digits, a loop
        text = shown(record)
    return text.encode(errors="backslashreplace")  # which is JSON's way to write a lone surrogate


def plain(value: Any) -> Any:  # any value of a record, as a JSON value
    """Return a value that JSON has no word for as a sink would write it, or else its `repr`."""
    return orjson.loads(orjson.dumps(value, default=repr))
