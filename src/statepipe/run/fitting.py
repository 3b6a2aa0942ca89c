"""Fitting: records that one memory limit has no room for, found before they are decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from statepipe.ports.byte_source import ByteReader, ByteSource, ResumableSource
from statepipe.ports.formats import Decoder
from statepipe.ports.items import Block, Item, Unreadable
from statepipe.run.options import StreamConfig, limit_bytes, record_limit
from statepipe.saved import Point

HEAD_BYTES = 1024
"""How much of a refused item is kept."""

WEIGHT_SHARE = 2
"""Of a memory limit, one part in so many for one record as objects, and its copies."""

LIGHT_SHARE = 64
"""Of that part, one part in so many is taken by nothing that is shorter: it is not looked into."""

TEXT_WEIGHT = 4
MARK_WEIGHTS = {b",": 64, b":": 64, b"[": 100, b"{": 300}
"""Bytes of objects for each byte of text and for each mark, as CPython lays them out, or more."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one record may take under `memory_limit_mb`: bytes as text, and weight as objects.

    `record_bytes` is None where `max_record_bytes` says less. All depends on the options alone, so
    that no run refuses what another one let pass.
    """

    memory_limit_mb: float
    record_bytes: int | None
    weight: int

    @property
    def light_bytes(self) -> int:
        return self.weight // LIGHT_SHARE

    def refusal(self, what: str) -> str:
        """Return why a record does not fit, and what helps."""
        return f"{what} memory_limit_mb={self.memory_limit_mb:g} allows one record; raise it"


def allowance(config: StreamConfig) -> Allowance | None:
    """Return what a record may take; None without a limit."""
    memory = limit_bytes(config)
    if memory is None or config.memory_limit_mb is None:
        return None
    lowered = record_limit(config)
    record_bytes = lowered if lowered < config.max_record_bytes else None
    return Allowance(config.memory_limit_mb, record_bytes, memory // WEIGHT_SHARE)


def text_weight(item: bytes) -> int:
    """Return at most how many bytes the objects take that JSON text stands for."""
    marks = sum(each * item.count(mark) for mark, each in MARK_WEIGHTS.items())
    return TEXT_WEIGHT * len(item) + marks


def fitted(item: Item, allowed: Allowance) -> Item:
    """Return `item`, or what stands for it where it takes too much."""
    if isinstance(item, Unreadable):
        if item.limit is None or item.limit != allowed.record_bytes:
            return item
        what = f"record of {item.size} bytes is over the {item.limit} that"
        return Unreadable(allowed.refusal(what), item.head, item.size, item.limit)
    if len(item) <= allowed.light_bytes:
        return item
    weight = text_weight(item)
    if weight <= allowed.weight:
        return item
    what = f"record of {len(item)} bytes may take {weight} in memory, over the {allowed.weight}"
    return Unreadable(allowed.refusal(f"{what} that"), item[:HEAD_BYTES], len(item))


@dataclass(frozen=True, slots=True)
class FittedSource:
    """A ByteSource whose items all fit: Unreadable stands for those that would not."""

    inner: ByteSource
    allowed: Allowance

    @property
    def live(self) -> bool:
        return self.inner.live

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def decoder(self) -> Decoder:
        return self.inner.decoder

    @property
    def total_bytes(self) -> int | None:
        return self.inner.total_bytes

    @property
    def splittable(self) -> bool:
        return self.inner.splittable

    def open(self) -> ByteReader:
        """Open the whole source; raises SourceError."""
        return FittedReader(self.inner.open(), self.allowed)

    def open_range(self, start: int, end: int) -> ByteReader:
        """Open a part of the source; raises SourceError."""
        return FittedReader(self.inner.open_range(start, end), self.allowed)


@dataclass(frozen=True, slots=True)
class FittedResumableSource(FittedSource):
    """The same of a source that can be read from any place on."""

    inner: ResumableSource

    def open_at(self, point: Point) -> ByteReader:
        """Open the items from `point` on; raises SourceError."""
        return FittedReader(self.inner.open_at(point), self.allowed)

    def identity(self) -> Mapping[str, str]:
        """Return what the source is known by."""
        return self.inner.identity()


Given = TypeVar("Given")


def fitted_source(source: Given, allowed: Allowance | None) -> Given | FittedSource:
    """Return a source of bytes as one whose items fit, and any other as it is."""
    if allowed is None or not isinstance(source, ByteSource):
        return source
    if isinstance(source, ResumableSource):
        return FittedResumableSource(source, allowed)
    return FittedSource(source, allowed)


class FittedReader:
    """Reads blocks, and looks at those that hold something large or unreadable."""

    def __init__(self, inner: ByteReader, allowed: Allowance) -> None:
        self._inner = inner
        self._allowed = allowed

    def read(self) -> Block | None:
        """Return the next items; raises SourceError."""
        block = self._inner.read()
        if block is None or max(map(len, block.items), default=0) <= self._allowed.light_bytes:
            return block
        # An Unreadable is as long as what it stands for, so that the offsets stay.
        block.items = [fitted(item, self._allowed) for item in block.items]
        return block

    def close(self) -> None:
        self._inner.close()
