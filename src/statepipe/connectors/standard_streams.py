"""Standard input as a byte source, standard output as a byte sink."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from statepipe.connectors.byte_stream import PlainStream
from statepipe.connectors.file_format import InputFormat, OutputFormat
from statepipe.connectors.file_writer import FileWriter, StreamPlace
from statepipe.connectors.filesystem import LocalFile
from statepipe.errors import SinkError, SourceError
from statepipe.ports.byte_sink import ByteWriter
from statepipe.ports.byte_source import ByteReader
from statepipe.ports.formats import Decoder, Encoder, Framing

STDIN_NAME = "standard input"
STDOUT_NAME = "standard output"
_STDIN, _STDOUT = 0, 1


@dataclass(frozen=True, slots=True)
class StandardInput:
    """A ByteSource over standard input; the descriptor itself stays open."""

    format: InputFormat
    name: str = field(default=STDIN_NAME, init=False)
    total_bytes: int | None = field(default=None, init=False)
    splittable: bool = field(default=False, init=False)
    live: bool = field(default=True, init=False)

    @property
    def decoder(self) -> Decoder:
        """The format's decoder."""
        return self.format.decoder

    def open(self) -> ByteReader:
        """Open for reading; may wait for the first bytes. Raises SourceError."""
        try:
            file = LocalFile(os.dup(_STDIN))
        except OSError as exc:
            raise SourceError(f"cannot read {STDIN_NAME}: {exc.strerror}") from exc
        return self.format.reader(PlainStream(file, STDIN_NAME), STDIN_NAME)

    def open_range(self, start: int, end: int) -> ByteReader:
        """Raise SourceError: a stream has no ranges."""
        raise SourceError(f"{STDIN_NAME} cannot be read in ranges")


@dataclass(slots=True)
class StandardOutput:
    """A ByteSink over standard output. What was written stays written."""

    format: OutputFormat
    name: str = field(default=STDOUT_NAME, init=False)
    path: str | None = field(default=None, init=False)
    encoder: Encoder = field(init=False)

    def __post_init__(self) -> None:
        self.encoder = self.format.new_encoder()

    @property
    def framing(self) -> Framing:
        """The format's framing."""
        return self.format.framing

    def open(self) -> ByteWriter:
        """Open for writing; raises SinkError. Also gives the sink a new encoder."""
        try:
            file = LocalFile(os.dup(_STDOUT))
        except OSError as exc:
            raise SinkError(f"cannot write {STDOUT_NAME}: {exc.strerror}") from exc
        self.encoder = self.format.new_encoder()
        return FileWriter(file, STDOUT_NAME, self.framing, StreamPlace())
