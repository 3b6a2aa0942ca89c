"""Failures of records: made from errors, with all that a dead letter needs."""

from __future__ import annotations

import orjson

from statepipe.errors import RecordError
from statepipe.ports import Unreadable
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
    try:
        return orjson.dumps(chunk.records[item], default=repr)
    except TypeError:
        return repr(chunk.records[item]).encode(errors="backslashreplace")
