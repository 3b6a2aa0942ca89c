"""InputFormat and OutputFormat: what a file format has to give."""

from __future__ import annotations

from typing import Protocol

from statepipe.connectors.byte_stream import ByteStream
from statepipe.ports.byte_source import ByteReader
from statepipe.ports.formats import Decoder, Encoder, Framing
from statepipe.ports.items import Range
from statepipe.saved import Point


class InputFormat(Protocol):
    """How bytes become records. Picklable.

    `splittable`: `reader` can begin at any byte, given the span and the stream from its start.
    """

    @property
    def decoder(self) -> Decoder: ...

    @property
    def splittable(self) -> bool: ...

    def reader(self, stream: ByteStream, name: str, span: Range | None = None) -> ByteReader:
        """Return a reader of the items; `name` is the source's, for messages.

        May read the begin of the stream. Raises SourceError.
        """

    def reader_at(self, stream: ByteStream, name: str, point: Point) -> ByteReader:
        """Return a reader of the items from `point` on; `stream` stands at its begin.

        Raises SourceError. A decoder that learns from the begin has to know it already.
        """


class OutputFormat(Protocol):
    """How records become bytes."""

    @property
    def framing(self) -> Framing: ...

    def new_encoder(self) -> Encoder:
        """Return an encoder for one output from its begin."""
