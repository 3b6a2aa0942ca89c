"""A JSON array file (`.json`): its elements are the records. Read piece by piece, never whole."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from statepipe.connectors.byte_stream import ByteStream
from statepipe.connectors.format_options import BLOCK_SIZE, MAX_RECORD_BYTES
from statepipe.connectors.json_codec import JsonDecoder, JsonEncoder
from statepipe.connectors.json_elements import (
    JSON_WHITESPACE,
    WHOLE_ELEMENT,
    BegunElement,
)
from statepipe.connectors.lines import (
    HEAD_BYTES,
    oversized,
    read_first,
)
from statepipe.errors import SourceError
from statepipe.ports.byte_source import ByteReader
from statepipe.ports.formats import Decoder, Encoder, Framing
from statepipe.ports.items import Block, Item, Range, Unreadable
from statepipe.saved import Point

_CUT_OFF = "truncated: the file ends before its array does"


class JsonArrayReader:
    """Cuts the elements of a top-level array into items, whatever its layout.

    A comma or bracket inside strings and nested values cuts nothing; whether an element is JSON
    at all is for the decoder. If the file ends before the array does, the elements that are
    whole are given, and then one Unreadable.
    """

    def __init__(
        self, stream: ByteStream, name: str, max_record_bytes: int = MAX_RECORD_BYTES
    ) -> None:
        self._stream = stream
        self._name = name
        self._limit = max_record_bytes
        self._opened = self._closed = self._ended = False
        self._after_comma = False
        self._element: BegunElement | None = None
        self._data = b""
        self._offset = 0  # of the first byte of `_data`
        self._line = 1  # of the byte at `_counted` in `_data`
        self._counted = 0
        self._unclaimed = 0  # bytes read that no block has counted yet
        self._found = _Found()

    def read(self) -> Block | None:
        """Return the next elements, as soon as one is whole; None at the end. SourceError."""
        while not self._ended:
            if self._next_data():
                self._cut()
            else:
                self._end()
            if self._found.items:
                return self._block()
        return None

    def close(self) -> None:
        self._stream.close()

    def _next_data(self) -> bytes:
        self._line_at(len(self._data))
        self._offset += len(self._data)
        if self._offset:
            self._data, mark = self._stream.read(BLOCK_SIZE), 0
        else:
            self._data, mark = read_first(self._stream)
        self._counted = 0
        self._offset += mark
        self._unclaimed += mark + len(self._data)
        return self._data

    def _block(self) -> Block:
        found, self._found = self._found, _Found()
        content, self._unclaimed = self._unclaimed, 0
        size = self._stream.used(content)
        offsets, lines = found.offsets, found.lines
        end = Point(offsets[-1] + 1, lines[-1])  # an element is known by its first byte
        return Block(found.items, offsets[0], lines[0], size, offsets, lines, end, content)

    def _cut(self) -> None:
        at = 0 if self._opened else self._open_array()
        while at < len(self._data):
            if self._element is not None or self._closed:
                at = self._go_on(at)
            else:
                at = self._cut_whole(at)

    def _open_array(self) -> int:
        """Return where the first element begins; until the bracket is there, the end."""
        at = len(self._data) - len(self._data.lstrip(JSON_WHITESPACE))
        if at == len(self._data):
            return at
        if self._data[at : at + 1] != b"[":
            begin = self._data[at : at + 1].decode(errors="replace")
            raise SourceError(
                f"{self._name} is no JSON array: it begins with {begin!r}. "
                "For one JSON object per line, give the format 'jsonl'"
            )
        self._opened = True
        return at + 1

    def _cut_whole(self, at: int) -> int:
        """Take the elements that are whole in the data; return where the rest begins."""
        for match in WHOLE_ELEMENT.finditer(self._data, at):
            if match.lastindex is None:
                self._element = BegunElement(self._limit)
                return match.start()
            at = match.end()
            self._add(match[1].rstrip(JSON_WHITESPACE), match.start(1), match[2])
            if self._closed:
                break
        return at

    def _go_on(self, at: int) -> int:
        """Go on with an element that began before, or with what follows the array."""
        if self._element is None:
            self._element = BegunElement(self._limit)
        element, data = self._element, self._data
        end = -1 if self._closed else element.find_end(data, at)
        piece = data[at:end] if end >= 0 else data[at:]
        if element.is_blank:
            lead = len(piece) - len(piece.lstrip(JSON_WHITESPACE))
            element.offset, element.line = self._offset + at + lead, self._line_at(at + lead)
            piece = piece[lead:]
        element.add(piece)
        if end < 0:
            return len(data)
        self._element = None
        self._add(element.item(), end, data[end : end + 1], element)
        return end + 1

    def _add(self, item: Item, at: int, ended_by: bytes, begun: BegunElement | None = None) -> None:
        """Take an element: at `at` in the data, or where `begun` says."""
        self._closed = ended_by == b"]"
        if not item:
            if self._closed and not self._after_comma:
                return  # an empty array
            item = Unreadable("nothing beside a comma", b"", 0)
        elif len(item) > self._limit and isinstance(item, bytes):
            item = oversized(item[:HEAD_BYTES], len(item), self._limit)
        self._after_comma = True
        if begun is None or begun.is_blank:
            self._found.add(item, self._offset + at, self._line_at(at))
        else:
            self._found.add(item, begun.offset, begun.line)

    def _end(self) -> None:
        self._ended = True
        rest = self._element if self._element and not self._element.is_blank else None
        if rest is not None and self._closed:
            reason = "text after the end of the array"
            self._found.add(rest.unreadable(reason), rest.offset, rest.line)
        elif rest is not None and not rest.is_whole:
            self._found.add(rest.unreadable(_CUT_OFF), rest.offset, rest.line)
        elif self._opened and not self._closed:
            if rest is not None:
                self._found.add(rest.item(), rest.offset, rest.line)
            self._found.add(Unreadable(_CUT_OFF, b"", 0), self._offset, self._line)

    def _line_at(self, at: int) -> int:
        """Return the line at `at` in the data. Asked in order."""
        self._line += self._data.count(b"\n", self._counted, at)
        self._counted = at
        return self._line


class _Found:
    """The items of the next block."""

    __slots__ = ("items", "lines", "offsets")

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.offsets: list[int] = []
        self.lines: list[int] = []

    def add(self, item: Item, offset: int, line: int) -> None:
        self.items.append(item)
        self.offsets.append(offset)
        self.lines.append(line)


class ElementsFrom:
    """What a reader gives from an element on: where one stands in its array, only reading tells."""

    def __init__(self, reader: JsonArrayReader, point: Point) -> None:
        self._reader = reader
        self._from = point.offset

    def read(self) -> Block | None:
        """Return the next elements; None at the end. Raises SourceError."""
        while (block := self._reader.read()) is not None:
            if block.offsets is None or block.offsets[0] >= self._from:
                return block
            if block.offsets[-1] >= self._from:
                return rest_from(block, bisect_left(block.offsets, self._from))
        return None

    def close(self) -> None:
        self._reader.close()


def rest_from(block: Block, at: int) -> Block:
    """Return the block's elements from number `at` on, which is not the first."""
    assert block.offsets is not None and block.lines is not None
    offsets, lines = block.offsets[at:], block.lines[at:]
    size = max(0, block.size - (offsets[0] - block.offset))
    return Block(block.items[at:], offsets[0], lines[0], size, offsets, lines, block.end)


@dataclass(frozen=True, slots=True)
class JsonArrayInput:
    """Reads the elements of a JSON array."""

    max_record_bytes: int = MAX_RECORD_BYTES
    splittable: bool = field(default=False, init=False)

    @property
    def decoder(self) -> Decoder:
        """The decoder of one element."""
        return JsonDecoder()

    def reader(self, stream: ByteStream, name: str, span: Range | None = None) -> ByteReader:
        """Return a reader of elements; there are no spans."""
        return JsonArrayReader(stream, name, self.max_record_bytes)

    def reader_at(self, stream: ByteStream, name: str, point: Point) -> ByteReader:
        """Return a reader of the elements from `point` on; those before it are read again."""
        return ElementsFrom(JsonArrayReader(stream, name, self.max_record_bytes), point)


@dataclass(frozen=True, slots=True)
class JsonArrayOutput:
    """Writes a JSON array, one element on each line."""

    framing: Framing = field(
        default=Framing(begin=b"[\n", between=b",\n", end=b"]\n", end_if_any=b"\n"), init=False
    )

    def new_encoder(self) -> Encoder:
        """Return an encoder; it keeps nothing."""
        return JsonEncoder(between=self.framing.between, end=b"")
