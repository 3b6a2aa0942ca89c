"""JSON lines: one JSON object on each line (`.jsonl`, `.ndjson`)."""

from __future__ import annotations

from dataclasses import dataclass, field

from statepipe.connectors.byte_stream import ByteStream
from statepipe.connectors.format_options import MAX_RECORD_BYTES
from statepipe.connectors.json_codec import JsonDecoder, JsonEncoder, cut_off_reason
from statepipe.connectors.lines import LineReader, lines_from
from statepipe.ports.byte_source import ByteReader
from statepipe.ports.formats import Decoder, Encoder, Framing
from statepipe.ports.items import Range
from statepipe.saved import Point


@dataclass(frozen=True, slots=True)
class JsonLinesInput:
    """Reads JSON lines. Blank lines are skipped, or else malformed."""

    skip_empty_lines: bool = True
    max_record_bytes: int = MAX_RECORD_BYTES
    splittable: bool = field(default=True, init=False)

    @property
    def decoder(self) -> Decoder:
        """The decoder of one line."""
        return JsonDecoder(self.skip_empty_lines)

    def reader(self, stream: ByteStream, name: str, span: Range | None = None) -> ByteReader:
        """Return a reader of lines; a last line that is cut off says so."""
        return LineReader(stream, self.max_record_bytes, span, cut_off_reason)

    def reader_at(self, stream: ByteStream, name: str, point: Point) -> ByteReader:
        """Return a reader of the lines from `point` on."""
        return lines_from(stream, self.max_record_bytes, point, cut_off_reason)


@dataclass(frozen=True, slots=True)
class JsonLinesOutput:
    """Writes JSON lines. Every line has its newline, so that a pipe's reader gets it at once."""

    framing: Framing = field(default=Framing(between=b"", end_if_any=b""), init=False)

    def new_encoder(self) -> Encoder:
        """Return an encoder; it keeps nothing."""
        return JsonEncoder()
