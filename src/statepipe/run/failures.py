"""Failures of records: made from errors, with all that a dead letter needs."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

from statepipe.errors import RecordError
from statepipe.letters.envelope import Kept
from statepipe.ports.items import Unreadable
from statepipe.record import Record
from statepipe.run.chunk import ByteChunk, Failure, RecordChunk
from statepipe.short import shown


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
    original, kept = original_of(chunk, item)
    if isinstance(chunk, ByteChunk):
        offset, line = chunk.offset_of(item), chunk.line_of(item)
        return Failure(error, number, offset, line, original, kept=kept)
    return Failure(error, number, original=original, kept=kept)


def original_of(chunk: ByteChunk | RecordChunk, item: int) -> tuple[bytes, Kept]:
    """Return the bytes of an item as the source had them; an iterator's record as JSON."""
    if isinstance(chunk, ByteChunk):
        raw = chunk.items[item]
        return (raw.head, Kept.HEAD) if isinstance(raw, Unreadable) else (raw, Kept.WHOLE)
    if item in chunk.heads:
        return chunk.heads[item], Kept.HEAD
    text, exact = record_text(chunk.records[item])
    return text, Kept.WHOLE if exact and not chunk.shared else Kept.INEXACT


def record_text(record: Record) -> tuple[bytes, bool]:
    """Return a record as JSON, and whether it can be read back as it was. Never raises.

    What is no JSON value stands in Python's words. By Python's own encoder: orjson would write
    NaN as null, and refuses integers beyond 64 bits.
    """
    try:
        # The error handler writes a lone surrogate as JSON does.
        text = json.dumps(record, default=plain, ensure_ascii=False, separators=(",", ":")).encode(
            errors="backslashreplace"
        )
        return text, is_same(json.loads(text), record)
    except Exception:  # the values are the user's; a `__repr__` that raises, 5000 digits, a loop
        return shown(record).encode(errors="backslashreplace"), False


def is_same(read: Any, record: Any) -> bool:  # any JSON value; any value of a record
    """Tell whether what JSON made of a record is the record: of the same types, and finite."""
    if type(read) is not type(record):
        return False
    if isinstance(read, dict):
        pairs = zip(read.items(), record.items(), strict=True)
        return all(one == other and is_same(a, b) for (one, a), (other, b) in pairs)
    if isinstance(read, list):
        return all(is_same(a, b) for a, b in zip(read, record, strict=True))
    if isinstance(read, float):
        return math.isfinite(read)
    return bool(read == record)


def plain(value: Any) -> Any:  # any value of a record, as a JSON value
    """Return a value that JSON has no word for as a sink would write it, or else its `repr`."""
    return orjson.loads(orjson.dumps(value, default=repr))
