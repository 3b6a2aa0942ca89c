"""Formats: items to records, and records to bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from statepipe.ports.items import Item
from statepipe.record import Record


@dataclass(frozen=True, slots=True)
class Malformed:
    """What a decoder gives in place of a record: why the item is none."""

    reason: str


class Decoder(Protocol):
    """Items to records. Stateless and picklable."""

    def decode(self, items: Sequence[Item]) -> list[Record]:
        """Return a record per item, all or none: any error or blank item raises ValueError.

        Each is a new dict that nobody else has: what runs it may change it.
        """

    def decode_each(self, items: Sequence[Item]) -> list[Record | Malformed | None]:
        """Return for each item its record, why it has none, or None for a blank line."""


class UnwritableError(Exception):
    """A record holds a value that the sink's format cannot: `field` is its dotted path."""

    def __init__(self, field_path: str, reason: str) -> None:
        super().__init__(f"field {field_path!r}: {reason}" if field_path else reason)
        self.field_path = field_path
        self.reason = reason


class Encoder(Protocol):
    """Records to bytes. `portable`: stateless and picklable, so that workers can encode."""

    @property
    def portable(self) -> bool: ...

    def encode(self, records: Sequence[Record]) -> bytes:
        """Return the bytes of all records, `between` between them; b"" for none.

        Any record that cannot be written raises: UnwritableError, TypeError or ValueError.
        """

    def encode_one(self, record: Record) -> bytes:
        """Return the bytes of one record, or raise UnwritableError naming the field."""


@runtime_checkable
class LearningEncoder(Encoder, Protocol):
    """An encoder that goes by what it has learnt from earlier records of the output."""

    def save(self) -> str:
        """Return what was learnt so far, "" if nothing was."""

    def restore(self, saved: str) -> None:
        """Know again what `save` told."""


@dataclass(frozen=True, slots=True)
class Framing:
    """The bytes that stand at the begin, between records, and at the end of an output file.

    `end_if_any` is written at the end only after at least one record.
    """

    begin: bytes = b""
    between: bytes = b"\n"
    end: bytes = b""
    end_if_any: bytes = b"\n"
