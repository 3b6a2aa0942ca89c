"""JsonDecoder and JsonEncoder: records from and to JSON texts, a batch at C speed.

Fast is orjson. What it refuses, or would read or write with another value (integers beyond 64
bits, NaN), goes to the slow twins `json_reading` and `json_writing`, record by record, so that a
record's value and bytes never depend on the batch that it stood in.

On the way out, datetime, date, time, UUID and Enum are written as orjson writes them (ISO 8601
text, text, the member's value), tuples as arrays, and subclasses of str, int, dict and list as
these. Everything else that JSON has no word for is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, cast

import orjson

from statepipe.connectors.json_reading import InvalidJsonError, read_json
from statepipe.connectors.json_writing import holds_only_finite, write_json
from statepipe.ports.formats import Malformed, UnwritableError
from statepipe.ports.items import Item, Unreadable
from statepipe.record import Record

# orjson reads an integer beyond 64 bits as a float. The shortest has 19 digits. Looking for as
# many zeros after this table costs 0.09 us per 80-byte record; a regular expression 0.6 us.
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_MANY_ZEROS = b"0" * 19
_WIDE_INTEGER = re.compile(rb"(?<![\d.])\d{19,}+(?![.eE])")
_ONLY_OBJECTS = {dict}
_BLANK = b" \t\r\n"
_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS
_PLAIN_TYPES = {str, int, bool, type(None)}
_KINDS = {list: "array", str: "string", bool: "boolean", type(None): "null"}


@dataclass(frozen=True, slots=True)
class JsonDecoder:
    """Each item is one JSON object. Blank items are no records; malformed if not skipped."""

    skip_empty_lines: bool = True

    def decode(self, items: Sequence[Item]) -> list[Record]:
        """Return a record per item, all or none: any error or blank item raises ValueError."""
        records = list(map(orjson.loads, cast("Sequence[bytes]", items)))
        if not set(map(type, records)) <= _ONLY_OBJECTS:
            raise ValueError("an item is no object")
        texts = cast("Sequence[bytes]", items)  # orjson.loads refused anything else
        if _MANY_ZEROS in b"\n".join(texts).translate(_DIGITS_TO_ZERO):
            _reread_wide_integers(texts, records)
        return records

    def decode_each(self, items: Sequence[Item]) -> list[Record | Malformed | None]:
        """Return for each item its record, why it has none, or None for a blank line."""
        return list(map(self._decode_one, items))

    def _decode_one(self, item: Item) -> Record | Malformed | None:
        if isinstance(item, Unreadable):
            return Malformed(item.reason)
        if not item.strip(_BLANK):
            return None if self.skip_empty_lines else Malformed("empty line")
        try:
            value = _read(item)
        except InvalidJsonError as exc:
            return Malformed(exc.reason)
        if type(value) is dict:
            return value
        return Malformed(f"not an object (got {_KINDS.get(type(value), 'number')})")


@dataclass(frozen=True, slots=True)
class JsonEncoder:
    """Each record is one JSON text, followed by `end` ("\\n" for JSON lines).

    Between records stands `between`. Strings are UTF-8; lone surrogates are escaped.
    """

    between: bytes = b""
    end: bytes = b"\n"
    portable: bool = True

    def encode(self, records: Sequence[Record]) -> bytes:
        """Return the bytes of all records; raises UnwritableError if any cannot be written."""
        try:
            texts = list(map(orjson.dumps, records, repeat(None), repeat(_OPTIONS)))
        except TypeError:
            return self.between.join(map(self.encode_one, records))
        joined = (self.end + self.between).join(texts)
        if b"null" in joined:
            _refuse_hidden_nan(records, texts)
        return joined + self.end if texts else b""

    def encode_one(self, record: Record) -> bytes:
        """Return the bytes of one record; raises UnwritableError naming the field."""
        try:
            text = orjson.dumps(record, None, _OPTIONS)
        except TypeError:
            text = write_json(record)
        if b"null" in text:
            _refuse_hidden_nan((record,), (text,))
        return text + self.end


def cut_off_reason(item: bytes) -> str | None:
    """Return why `item`, the last line of a file, is a JSON text cut off, or None if it is not."""
    try:
        if item.strip(_BLANK):
            _read(item)
    except InvalidJsonError as exc:
        return f"truncated last line: {exc.reason}" if exc.cut_off else None
    return None


def _read(item: bytes) -> Any:  # any JSON value
    try:
        value = orjson.loads(item)
    except ValueError:
        return read_json(item)
    return read_json(item) if _WIDE_INTEGER.search(item) else value


def _reread_wide_integers(items: Sequence[bytes], records: list[Record]) -> None:
    """Replace the records of items that hold an integer which may be beyond 64 bits."""
    for index, item in enumerate(items):
        if _WIDE_INTEGER.search(item):
            records[index] = read_json(item)


def _refuse_hidden_nan(records: Sequence[Record], texts: Sequence[bytes]) -> None:
    """Raise UnwritableError if a null in `texts` was a NaN or Infinity in its record."""
    for record, text in zip(records, texts, strict=True):
        if b"null" not in text or set(map(type, record.values())) <= _PLAIN_TYPES:
            continue
        if not holds_only_finite(record):
            write_json(record)  # raises, and names the field
            raise UnwritableError("", "NaN or Infinity is no JSON value")
