"""CsvReader: lines put together to the rows of a CSV file, where quoted fields span lines."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import cast

from statepipe.connectors.lines import HEAD_BYTES, LineReader, oversized
from statepipe.ports.items import Block, Item, Unreadable
from statepipe.saved import Point

_LARGEST_FIELD = 2**31 - 1
_CUT_LATER_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file, without its newline."""

    item: Item
    offset: int
    number: int


class RowReader:
    """Gives rows as items. What is a row is what Python's csv module takes for one.

    A row of more than `max_record_bytes`, or one whose quoted field is still open at the end of
    the file, is Unreadable.
    """

    def __init__(self, lines: LineReader, delimiter: str, max_record_bytes: int) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._limit = max_record_bytes
        self._plain = _plain_lines(delimiter)
        self._begun: list[Line] = []
        self._begun_bytes = 0
        self._cut_at_bytes = 0
        self._size = 0  # source bytes that no block has counted yet
        self._read_to: Point | None = None  # what was read of the lines
        self._returned: list[Block] = []

    def read(self) -> Block | None:
        """Return the next rows, as soon as one is whole; None at the end. Raises SourceError."""
        if self._returned:
            return self._returned.pop()
        while (block := self._lines.read()) is not None:
            rows = self._put_together(block)
            if rows is not None:
                return rows
        return self._end()

    def give_back(self, blocks: list[Block]) -> None:
        """Make `blocks` what `read` returns next; of an empty one only the size is kept."""
        self._returned = [block for block in reversed(blocks) if block.items]
        self._size += sum(block.size for block in blocks if not block.items)

    def close(self) -> None:
        self._lines.close()

    def _put_together(self, block: Block) -> Block | None:
        self._read_to = block.end
        if not self._begun and self._is_plain(block.items):
            block.size += self._size
            self._size = 0
            return block
        self._size += block.size
        fresh = list(_located(block))
        self._begun += fresh
        self._begun_bytes += sum(len(line.item) + 1 for line in fresh)
        if self._begun_bytes < self._cut_at_bytes:
            return None
        rows = list(self._cut())
        return self._block(rows) if rows else None

    def _is_plain(self, items: list[Item]) -> bool:
        """Return whether surely every line is a row: no quotes, or none but around fields."""
        try:
            text = b"\n".join(cast("list[bytes]", items))
        except TypeError:  # an Unreadable
            return False
        return b'"' not in text or self._plain.fullmatch(text) is not None

    def _cut(self) -> Iterator[list[Line]]:
        """Take the whole rows from the begun lines; the last one may stay."""
        lines, start = self._begun, 0
        for end in row_ends(map(_text, lines), self._delimiter):
            if end <= len(lines):
                yield lines[start:end]
                start = end
        self._begun = lines[start:]
        self._begun_bytes = sum(len(line.item) + 1 for line in self._begun)
        # A long open field is not searched anew for every block: that would be quadratic.
        patient = self._begun_bytes > _CUT_LATER_BYTES
        self._cut_at_bytes = 2 * self._begun_bytes if patient else 0
        if self._begun_bytes > self._limit + 1:
            yield self._begun
            self._begun, self._begun_bytes, self._cut_at_bytes = [], 0, 0

    def _end(self) -> Block | None:
        """Return the rows that waited, the last with its quoted field still open."""
        if not self._begun:
            return None
        rows = list(self._cut())
        block = self._block(rows) if rows else None
        if self._begun:
            open_row = self._open_row(self._begun)
            block = block or Block([], open_row.offset, open_row.number, self._size, [], [])
            _append(block, open_row)
            self._begun, self._size = [], 0
            block.end = self._read_to
        return block

    def _open_row(self, lines: list[Line]) -> Line:
        row = self._joined(lines)
        reason = "a quoted field is still open at the end of the file"
        if isinstance(row.item, Unreadable):
            return row
        return Line(
            Unreadable(reason, row.item[:HEAD_BYTES], len(row.item)), row.offset, row.number
        )

    def _joined(self, lines: list[Line]) -> Line:
        first = lines[0]
        if len(lines) == 1:
            return first
        size = sum(len(line.item) + 1 for line in lines) - 1
        texts = [line.item for line in lines if isinstance(line.item, bytes)]
        item: Item = b"\n".join(texts)
        if len(texts) < len(lines) or size > self._limit:
            item = oversized(b"\n".join(texts)[:HEAD_BYTES], size, self._limit)
        return Line(item, first.offset, first.number)

    def _block(self, rows: list[list[Line]]) -> Block:
        joined = list(map(self._joined, rows))
        block = Block([], joined[0].offset, joined[0].number, self._size, [], [])
        self._size = 0
        for row in joined:
            _append(block, row)
        begun = self._begun[0] if self._begun else None
        block.end = Point(begun.offset, begun.number) if begun is not None else self._read_to
        return block


def csv_rows(texts: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """Return Python's csv reader for `texts`, for fields of any size. Raises csv.Error."""
    if csv.field_size_limit() < _LARGEST_FIELD:
        csv.field_size_limit(_LARGEST_FIELD)  # the module's own limit is one for the process
    return csv.reader(texts, delimiter=delimiter)


def row_ends(lines: Iterable[str], delimiter: str) -> Iterator[int]:
    """Return after how many lines each row ends; a row that is still open ends past the last.

    Lines are given without their newlines. One blank line is added at the end: either it
    belongs to an open row, or is a row of its own.
    """
    csv_rows((), delimiter)
    # Latin-1 keeps every byte as one character; quotes and delimiters are ASCII.
    rows = csv.reader(chain((line + "\n" for line in lines), ("\n",)), delimiter=delimiter)
    while True:
        try:
            next(rows)
        except StopIteration:
            return
        except csv.Error:
            pass  # a broken row ends where it broke; the decoder says why
        yield rows.line_num


def _append(block: Block, row: Line) -> None:
    block.items.append(row.item)
    if block.offsets is not None and block.lines is not None:
        block.offsets.append(row.offset)
        block.lines.append(row.number)


def _located(block: Block) -> Iterator[Line]:
    offset = block.offset
    for number, item in enumerate(block.items, start=block.line):
        yield Line(item, offset, number)
        offset += len(item) + 1


def _plain_lines(delimiter: str) -> re.Pattern[bytes]:
    """Return a pattern of lines whose quotes all stand around fields, doubled ones inside.

    It takes a sixth of the time that the csv module takes to say the same.
    """
    end = re.escape(delimiter).encode()
    quoted = rb'"[^"\n]*+(?:""[^"\n]*+)*+"\r?+'
    bare = rb'[^"\n' + end + rb"]*+"
    return re.compile(rb"(?:(?:" + quoted + rb"|" + bare + rb")(?:" + end + rb"|\n|\Z))*+")


def _text(line: Line) -> str:
    return line.item.decode("latin-1") if isinstance(line.item, bytes) else ""
