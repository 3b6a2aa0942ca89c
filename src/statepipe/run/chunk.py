"""What passes between reading, computing and writing: chunks, their results, failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TypeAlias

from statepipe.errors import RecordError
from statepipe.letters.envelope import Kept
from statepipe.ports.items import Item, Range
from statepipe.record import Record
from statepipe.saved import Point


@dataclass(slots=True)
class ByteChunk:
    """Items of a byte source that are computed together.

    `offset`, `line`, `offsets`, `lines` and `end` are as in `ports.items.Block`; `size` is the
    source bytes used up, `content` what the items take in memory.
    """

    items: Sequence[Item]
    offset: int
    line: int
    size: int
    offsets: Sequence[int] | None = None
    lines: Sequence[int] | None = None
    end: Point | None = None
    content: int = 0

    def __len__(self) -> int:
        return len(self.items)

    def line_of(self, index: int) -> int:
        """Return the line, from 1, that item `index` begins in."""
        return self.line + index if self.lines is None else self.lines[index]

    def offset_of(self, index: int) -> int:
        """Return the source offset of item `index`."""
        if self.offsets is not None:
            return self.offsets[index]
        return self.offset + sum(len(item) + 1 for item in self.items[:index])

    def positions(self) -> Sequence[int]:
        """Return the source offset of every item."""
        if self.offsets is not None:
            return self.offsets
        lengths = (len(item) + 1 for item in self.items)
        return list(accumulate(lengths, initial=self.offset))[:-1]


@dataclass(slots=True)
class RecordChunk:
    """Records of an iterator, which are computed together.

    `first` is the number, from 0, of the first of them in the whole source. `shared`: functions
    may change these very objects. `content` is about how many bytes they take; `heads` tell of
    those that are too large to be told whole.
    """

    records: list[Record]
    first: int = 0
    shared: bool = False
    content: int = 0
    heads: dict[int, bytes] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.records)

    def positions(self) -> Sequence[int]:
        """Return the number in the source of every record."""
        return range(self.first, self.first + len(self.records))


@dataclass(frozen=True, slots=True)
class RangeChunk:
    """A stretch of a splittable source, for a worker to read itself. `expected`: records, about."""

    range: Range
    expected: int

    @property
    def content(self) -> int:
        return self.range.end - self.range.start

    def __len__(self) -> int:
        return self.expected


Chunk: TypeAlias = ByteChunk | RecordChunk | RangeChunk


@dataclass(slots=True)
class Failure:
    """A record that failed, as a dead letter needs it.

    `index` counts the chunk's records from 0, malformed ones included. `original` holds the
    record's bytes as they stood in the source, where it has any, as far as `kept` says.
    `retries` were made in vain.
    `stage` is the number of the machine that it failed in, 0 where there is but one.
    """

    error: RecordError
    index: int
    offset: int | None = None
    line: int | None = None
    original: bytes | None = None
    retries: int = 0
    stage: int = 0
    kept: Kept = Kept.WHOLE


Output: TypeAlias = "bytes | list[Record]"
"""What one sink gets of a chunk: encoded records, or the records where the sink wants them."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Where the records of one output came from: all that their failing later needs.

    `numbers` and `paths` go by the output's order; `items` is as in `batch.Batch`.
    """

    chunk: ByteChunk | RecordChunk
    items: list[int] | None
    numbers: list[int]
    paths: list[tuple[str, ...]]
    stage: int


@dataclass(slots=True)
class ChunkResult:
    """What became of a chunk.

    `outputs` go by the sinks' numbers; `written` counts the records in each. `ended` counts
    records by end state. `total` is all records: those in `ended`, and `failures`. `lines` are
    the source's lines that it used up, blank ones included, and `end` is where what follows it
    begins. `arrivals` tell of the outputs that are encoded later.
    """

    total: int
    ended: dict[str, int]
    outputs: list[Output]
    written: list[int]
    failures: list[Failure] = field(default_factory=list)
    malformed: int = 0
    size: int = 0
    lines: int = 0
    arrivals: dict[int, Arrivals] = field(default_factory=dict)
    end: Point | None = None
