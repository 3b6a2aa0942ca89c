"""Dead letters as a format to read: each line is decoded to the record that failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from statepipe.connectors.byte_stream import ByteStream
from statepipe.connectors.csv_format import CsvDecoder
from statepipe.connectors.files import FileSource
from statepipe.connectors.format_options import MAX_RECORD_BYTES
from statepipe.connectors.formats import file_source
from statepipe.connectors.json_codec import JsonDecoder
from statepipe.connectors.lines import LineReader, lines_from
from statepipe.connectors.text import TextDecoder
from statepipe.letters.letter import REASONS, DeadLetter, NoLetterError, letter_in
from statepipe.ports.byte_source import ByteReader
from statepipe.ports.filesystem import FileSystem
from statepipe.ports.formats import Decoder, Malformed
from statepipe.ports.items import Item, Range, Unreadable
from statepipe.record import Record
from statepipe.saved import Point

ENVELOPE_FACTOR = 8
"""How much longer than its record a letter may be: escaped, bytes are up to six times as many."""

REST_BYTES = 1024 * 1024
"""For all the rest of a letter."""

MAX_LETTER_BYTES = ENVELOPE_FACTOR * MAX_RECORD_BYTES + REST_BYTES

_BLANK = b" \t\r\n"


def format_of(decoder: Decoder) -> dict[str, Any] | None:  # JSON
    """Return what `decoder_of` makes the same decoder from; None of one that is not ours."""
    match decoder:
        case JsonDecoder(skip):
            return {"name": "json", "skip_empty_lines": skip}
        case TextDecoder(name, skip):
            return {"name": "text", "skip_empty_lines": skip, "field": name}
        case CsvDecoder(delimiter, skip, columns):
            about = {"delimiter": delimiter, "columns": list(columns)}
            return {"name": "csv", "skip_empty_lines": skip, **about}
    return None


def decoder_of(format: Mapping[str, Any]) -> Decoder:  # noqa: A002 - as the envelope has it
    """Return the decoder of a letter's original, from its checked `format`."""
    skip = format["skip_empty_lines"]
    match format["name"]:
        case "text":
            return TextDecoder(format["field"], skip)
        case "csv":
            return CsvDecoder(format["delimiter"], skip, tuple(format["columns"]))
    return JsonDecoder(skip)


@dataclass(frozen=True, slots=True)
class LetterDecoder:
    """Letters of the machines so called to the records that failed. Every other is malformed."""

    machines: tuple[str, ...]

    def decode(self, items: Sequence[Item]) -> list[Record]:
        """Return a record per letter, all or none: else raises ValueError."""
        records = self.decode_each(items)
        if not all(isinstance(record, dict) for record in records):
            raise ValueError("not every line is a letter to be replayed")
        return records  # type: ignore[return-value]  # as was just seen

    def decode_each(self, items: Sequence[Item]) -> list[Record | Malformed | None]:
        """Return for each line its record, why it has none, or None for a blank one."""
        return list(map(self._decode_one, items))

    def _decode_one(self, item: Item) -> Record | Malformed | None:
        if isinstance(item, Unreadable):
            return Malformed(item.reason)
        if not item.strip(_BLANK):
            return None
        try:
            letter = letter_in(item)
        except NoLetterError as exc:
            return Malformed(f"no dead letter: {exc}")
        obstacle = letter.obstacle(self.machines)
        if obstacle is not None:
            return Malformed(f"not replayable: {REASONS[obstacle]}")
        assert letter.original is not None and letter.format is not None
        record = decoder_of(letter.format).decode_each([letter.original])[0]
        return Malformed("the original is blank") if record is None else record


@dataclass(frozen=True, slots=True)
class LettersInput:
    """Reads a file of dead letters as the records that failed."""

    machines: tuple[str, ...]
    max_letter_bytes: int = MAX_LETTER_BYTES
    splittable: bool = field(default=True, init=False)

    @property
    def decoder(self) -> Decoder:
        """The decoder of one letter."""
        return LetterDecoder(self.machines)

    def reader(self, stream: ByteStream, name: str, span: Range | None = None) -> ByteReader:
        """Return a reader of lines."""
        return LineReader(stream, self.max_letter_bytes, span)

    def reader_at(self, stream: ByteStream, name: str, point: Point) -> ByteReader:
        """Return a reader of the lines from `point` on."""
        return lines_from(stream, self.max_letter_bytes, point)


def letter_source(
    path: str,
    machines: tuple[str, ...],
    files: FileSystem,
    max_record_bytes: int = MAX_RECORD_BYTES,
) -> FileSource:
    """Return the source for the letters at `path`, whatever its suffix; raises SourceError."""
    plain = file_source(path, files=files, format="jsonl")
    assert isinstance(plain, FileSource)
    return FileSource(
        path,
        LettersInput(machines, ENVELOPE_FACTOR * max_record_bytes + REST_BYTES),
        files,
        plain.compressed,
        plain.total_bytes,
        plain.splittable,
        plain.live,
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a file of dead letters that is not blank.

    `number` counts these from 1, `line` all lines. `letter` is None where there is a `problem`.
    """

    number: int
    line: int
    text: bytes
    letter: DeadLetter | None
    problem: str | None = None


def entries(path: str, files: FileSystem) -> Iterator[Entry]:
    """Yield what a file of dead letters holds, in order; raises SourceError."""
    reader = letter_source(path, (), files).open()
    number = 0
    try:
        while (block := reader.read()) is not None:
            for line, item in enumerate(block.items, start=block.line):
                if isinstance(item, bytes) and not item.strip(_BLANK):
                    continue
                number += 1
                yield _entry(number, line, item)
    finally:
        reader.close()


def _entry(number: int, line: int, item: Item) -> Entry:
    if isinstance(item, Unreadable):
        return Entry(number, line, item.head, None, item.reason)
    try:
        return Entry(number, line, item, letter_in(item))
    except NoLetterError as exc:
        return Entry(number, line, item, None, str(exc))
