"""Nowhere: a byte sink that keeps nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from statepipe.connectors.json_codec import JsonEncoder
from statepipe.ports.byte_sink import ByteWriter
from statepipe.ports.formats import Encoder, Framing


@dataclass(frozen=True, slots=True)
class Nowhere:
    """A ByteSink, and the ByteWriter that it opens."""

    name: str = "nowhere"
    path: str | None = None
    encoder: Encoder = field(default_factory=JsonEncoder)
    framing: Framing = field(default=Framing(between=b"", end_if_any=b""))

    def open(self) -> ByteWriter:
        """Return itself."""
        return self

    def write(self, data: bytes) -> None:
        """Drop `data`."""

    def flush(self) -> None:
        """Nothing waits."""

    def commit(self) -> None:
        """Nothing was kept."""

    def abort(self) -> None:
        """Nothing was kept."""
