"""Plain text: one record per line, under one field (`.txt`, `.log`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from statepipe.connectors.byte_stream import ByteStream
from statepipe.connectors.format_options import MAX_RECORD_BYTES
from statepipe.connectors.lines import LineReader, lines_from
from statepipe.errors import named_type
from statepipe.ports.byte_source import ByteReader
from statepipe.ports.formats import Decoder, Encoder, Framing, Malformed, UnwritableError
from statepipe.ports.items import Item, Range, Unreadable
from statepipe.record import Record
from statepipe.saved import Point

DEFAULT_FIELD = "text"
_BLANK = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class TextDecoder:
    """A line becomes `{field_name: line}`, without its line end (LF or CRLF). UTF-8 only."""

    field_name: str = DEFAULT_FIELD
    skip_empty_lines: bool = True

    def decode(self, items: Sequence[Item]) -> list[Record]:
        """Return a record per line; a blank or invalid one raises ValueError."""
        if not all(map(len, items)) or any(isinstance(item, Unreadable) for item in items):
            raise ValueError("an item is empty or unreadable")
        lines = list(map(bytes.decode, cast("Sequence[bytes]", items)))
        if not all(map(str.strip, lines)):
            raise ValueError("a line is blank")
        name = self.field_name
        return [{name: line.removesuffix("\r")} for line in lines]

    def decode_each(self, items: Sequence[Item]) -> list[Record | Malformed | None]:
        """Return for each line its record, why it has none, or None for a blank one."""
        return list(map(self._decode_one, items))

    def _decode_one(self, item: Item) -> Record | Malformed | None:
        if isinstance(item, Unreadable):
            return Malformed(item.reason)
        if self.skip_empty_lines and not item.strip(_BLANK):
            return None
        try:
            return {self.field_name: item.decode().removesuffix("\r")}
        except UnicodeDecodeError as exc:
            return Malformed(f"invalid UTF-8 at byte {exc.start + 1}")


@dataclass(frozen=True, slots=True)
class TextEncoder:
    """Writes the text of one field as a line; the other fields are not written."""

    field_name: str = DEFAULT_FIELD
    portable: bool = field(default=True, init=False)

    def encode(self, records: Sequence[Record]) -> bytes:
        """Return a line per record; raises UnwritableError if any has no such text."""
        return b"".join(map(self.encode_one, records))

    def encode_one(self, record: Record) -> bytes:
        """Return the record's line; raises UnwritableError."""
        name = self.field_name
        if name not in record:
            known = ", ".join(map(repr, record)) or "none"
            raise UnwritableError(name, f"a text line needs this field; the record has {known}")
        text = record[name]
        if not isinstance(text, str):
            kind = named_type(text)
            raise UnwritableError(name, f"a text line needs a string, not {kind}; use str(...)")
        if "\n" in text or text.endswith("\r"):
            raise UnwritableError(name, "the text holds a line end; use a JSON lines output")
        try:
            return text.encode() + b"\n"
        except UnicodeEncodeError as exc:
            raise UnwritableError(name, "a lone surrogate is no UTF-8 text") from exc


@dataclass(frozen=True, slots=True)
class TextInput:
    """Reads lines of text."""

    field_name: str = DEFAULT_FIELD
    skip_empty_lines: bool = True
    max_record_bytes: int = MAX_RECORD_BYTES
    splittable: bool = field(default=True, init=False)

    @property
    def decoder(self) -> Decoder:
        """The decoder of one line."""
        return TextDecoder(self.field_name, self.skip_empty_lines)

    def reader(self, stream: ByteStream, name: str, span: Range | None = None) -> ByteReader:
        """Return a reader of lines."""
        return LineReader(stream, self.max_record_bytes, span)

    def reader_at(self, stream: ByteStream, name: str, point: Point) -> ByteReader:
        """Return a reader of the lines from `point` on."""
        return lines_from(stream, self.max_record_bytes, point)


@dataclass(frozen=True, slots=True)
class TextOutput:
    """Writes lines of text."""

    field_name: str = DEFAULT_FIELD
    framing: Framing = field(default=Framing(between=b"", end_if_any=b""), init=False)

    def new_encoder(self) -> Encoder:
        """Return an encoder; it keeps nothing."""
        return TextEncoder(self.field_name)
