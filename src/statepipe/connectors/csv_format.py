"""CSV and TSV: the first row names the columns, every other one is a record of texts.

Rows are read as Python's csv module reads them (quotes doubled inside quoted fields, which may
span lines). Numbers stay text.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, cast

import orjson

from statepipe.connectors.byte_stream import ByteStream
from statepipe.connectors.csv_rows import RowReader, csv_rows
from statepipe.connectors.format_options import MAX_RECORD_BYTES
from statepipe.connectors.json_codec import JsonEncoder
from statepipe.connectors.lines import LineReader, lines_from
from statepipe.errors import SourceError, UsageError, named_type
from statepipe.ports.byte_source import ByteReader
from statepipe.ports.formats import Encoder, Framing, Malformed, UnwritableError
from statepipe.ports.items import Block, Item, Range, Unreadable
from statepipe.record import Record
from statepipe.saved import Point

_FORBIDDEN_DELIMITERS = '"\r\n'


@dataclass(slots=True)
class CsvDecoder:
    """Rows to records. `columns` are known once a reader is open. Picklable."""

    delimiter: str
    skip_empty_lines: bool = True
    columns: tuple[str, ...] = ()

    def decode(self, items: Sequence[Item]) -> list[Record]:
        """Return a record per row; a blank, broken or ragged one raises ValueError."""
        if any(isinstance(item, Unreadable) for item in items):
            raise ValueError("an item is unreadable")
        texts = map(bytes.decode, cast("Sequence[bytes]", items))
        try:
            rows = list(csv_rows(texts, self.delimiter))
        except csv.Error as exc:
            raise ValueError(str(exc)) from exc
        # An open quote would have swallowed the next item, so the count tells.
        if len(rows) != len(items) or not set(map(len, rows)) <= {len(self.columns)}:
            raise ValueError("a row is blank, ragged or open")
        return list(map(dict, map(zip, repeat(self.columns), rows)))

    def decode_each(self, items: Sequence[Item]) -> list[Record | Malformed | None]:
        """Return for each row its record, why it has none, or None for a blank one."""
        return list(map(self._decode_one, items))

    def _decode_one(self, item: Item) -> Record | Malformed | None:
        if isinstance(item, Unreadable):
            return Malformed(item.reason)
        try:
            row = parsed_row(item, self.delimiter)
        except ValueError as exc:
            return Malformed(str(exc))
        if not row and self.skip_empty_lines:
            return None
        if len(row) != len(self.columns):
            return Malformed(f"expected {len(self.columns)} columns, found {len(row)}")
        return dict(zip(self.columns, row, strict=True))


def parsed_row(item: bytes, delimiter: str) -> list[str]:
    """Return the fields of one row, none of a blank one; ValueError says why it is broken."""
    try:
        return next(csv_rows([item.decode()], delimiter), [])
    except UnicodeDecodeError as exc:
        raise ValueError(f"invalid UTF-8 at byte {exc.start + 1}") from exc
    except csv.Error as exc:
        raise ValueError(f"invalid CSV: {str(exc).partition(' - ')[0]}") from exc


@dataclass(slots=True)
class CsvInput:
    """Reads CSV. Without a header row the columns are `column_1`, `column_2` and so on."""

    delimiter: str = ","
    has_header: bool = True
    skip_empty_lines: bool = True
    max_record_bytes: int = MAX_RECORD_BYTES
    decoder: CsvDecoder = field(init=False)
    splittable: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        check_delimiter(self.delimiter)
        self.decoder = CsvDecoder(self.delimiter, self.skip_empty_lines)

    def reader(self, stream: ByteStream, name: str, span: Range | None = None) -> ByteReader:
        """Return a reader of rows; there are no spans. Reads on to the first row.

        The decoder gets its columns here. Raises SourceError for a header that cannot name them.
        """
        limit = self.max_record_bytes
        rows = RowReader(LineReader(stream, limit), self.delimiter, limit)
        first = self._first_row(rows, name)
        if self.has_header:
            self.decoder.columns = _checked_columns(first, name)
        else:
            self.decoder.columns = tuple(f"column_{n}" for n in range(1, len(first) + 1))
        return rows

    def reader_at(self, stream: ByteStream, name: str, point: Point) -> ByteReader:
        """Return a reader of the rows from `point` on; the decoder knows its columns already."""
        limit = self.max_record_bytes
        return RowReader(lines_from(stream, limit, point), self.delimiter, limit)

    def _first_row(self, rows: RowReader, name: str) -> list[str]:
        """Return the fields of the first row that is not blank; a header is used up."""
        seen: list[Block] = []
        while (block := rows.read()) is not None:
            seen.append(block)
            for index, item in enumerate(block.items):
                fields = self._fields(item, name)
                if fields:
                    rows.give_back([_without(block, index + 1)] if self.has_header else seen)
                    return fields
        rows.give_back([] if self.has_header else seen)
        return []

    def _fields(self, item: Item, name: str) -> list[str]:
        try:
            if isinstance(item, Unreadable):
                raise ValueError(item.reason)
            return parsed_row(item, self.delimiter)
        except ValueError as exc:
            if not self.has_header:
                return []
            raise SourceError(f"{name}: the header cannot be read: {exc}") from exc


class CsvEncoder:
    """Records to rows. The first record's keys are the columns, and are written first.

    A missing field is an empty one, None too; what is not text is written as JSON. Not portable:
    it knows its columns.
    """

    portable = False

    def __init__(self, delimiter: str, has_header: bool) -> None:
        self._delimiter = delimiter
        self._has_header = has_header
        self._columns: tuple[str, ...] = ()

    def encode(self, records: Sequence[Record]) -> bytes:
        """Return a row per record, after the header if none was written; UnwritableError."""
        if not records:
            return b""
        columns = self._columns or _columns_of(records[0])
        rows: list[Sequence[str]] = [_row(record, columns) for record in records]
        if not self._columns and self._has_header:
            rows.insert(0, columns)
        data = _written(rows, self._delimiter)
        self._columns = columns
        return data

    def encode_one(self, record: Record) -> bytes:
        """Return the record's row, after the header if none was written; UnwritableError."""
        return self.encode((record,))

    def save(self) -> str:
        """Return the columns, as JSON."""
        return json.dumps(self._columns) if self._columns else ""

    def restore(self, saved: str) -> None:
        """Know the columns again; the header is written already."""
        self._columns = tuple(json.loads(saved)) if saved else ()


@dataclass(frozen=True, slots=True)
class CsvOutput:
    """Writes CSV with LF at line ends."""

    delimiter: str = ","
    has_header: bool = True
    framing: Framing = field(default=Framing(between=b"", end_if_any=b""), init=False)

    def __post_init__(self) -> None:
        check_delimiter(self.delimiter)

    def new_encoder(self) -> Encoder:
        """Return an encoder that has not seen its columns yet."""
        return CsvEncoder(self.delimiter, self.has_header)


def check_delimiter(delimiter: str) -> None:
    """Raise UsageError for a delimiter that cannot stand between fields."""
    usable = len(delimiter) == 1 and delimiter.isascii()
    if not usable or delimiter in _FORBIDDEN_DELIMITERS:
        raise UsageError(f"csv_delimiter must be one ASCII character, not {delimiter!r}")


NO_HEADER = "or say that the first row is no header (csv_has_header=False)"


def _checked_columns(names: list[str], source: str) -> tuple[str, ...]:
    empty = [str(number) for number, name in enumerate(names, start=1) if not name.strip()]
    if empty:
        raise SourceError(
            f"{source}: the header has no name for column {', '.join(empty)}; give it one, "
            f"{NO_HEADER}"
        )
    twice = [repr(name) for name, count in Counter(names).items() if count > 1]
    if twice:
        raise SourceError(
            f"{source}: the header names {', '.join(twice)} more than once; rename a column, "
            f"{NO_HEADER}"
        )
    return tuple(names)


def _without(block: Block, count: int) -> Block:
    """Return `block` without its first `count` items; its size stays."""
    skipped = sum(len(item) + 1 for item in block.items[:count])
    return Block(
        block.items[count:],
        block.offset + skipped,
        block.line + count,
        block.size,
        block.offsets and block.offsets[count:],
        block.lines and block.lines[count:],
        block.end,
    )


def _columns_of(record: Record) -> tuple[str, ...]:
    if not record:
        raise UnwritableError("", "a CSV row needs columns, and the first record has no fields")
    for key in record:
        if not isinstance(key, str):
            raise UnwritableError(str(key), f"a column is named by text, not {named_type(key)}")
    return tuple(record)


def _row(record: Record, columns: tuple[str, ...]) -> list[str]:
    fresh = [str(key) for key in record if key not in columns]
    if fresh:
        known = ", ".join(columns)
        raise UnwritableError(fresh[0], f"not among the columns of this CSV ({known})")
    return [_cell(column, record.get(column)) for column in columns]


def _cell(column: str, value: Any) -> str:  # any value of a record
    if type(value) is str:
        return value
    if value is None:
        return ""
    encoder = JsonEncoder(end=b"")
    lead = len(encoder.encode_one({column: 0})) - 2
    text = encoder.encode_one({column: value})[lead:-1].decode()
    return str(orjson.loads(text)) if text.startswith('"') else text


class _Rows(list[str]):
    """What the csv module writes to: one text per row."""

    def write(self, row: str) -> None:
        # The module quotes for the line end it is told, CR too, and that is cut off again.
        self.append(row.removesuffix("\r\n"))


def _written(rows: list[Sequence[str]], delimiter: str) -> bytes:
    texts = _Rows()
    csv.writer(texts, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    try:
        return ("\n".join(texts) + "\n").encode()
    except UnicodeEncodeError as exc:
        raise UnwritableError("", "a lone surrogate is no UTF-8 text") from exc
