"""Items: the bytes of one record each, as a reader cuts them from a source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from statepipe.saved import Point


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands among items for bytes that cannot be one: an oversized record, a cut-off end.

    `head` holds their first bytes (at most 1 KiB), `size` how many there were, and `limit` how
    many there may be at most, if that is why.
    """

    reason: str
    head: bytes
    size: int
    limit: int | None = field(default=None, compare=False)

    def __len__(self) -> int:
        return self.size


Item: TypeAlias = bytes | Unreadable


@dataclass(slots=True)
class Block:
    """Consecutive items of a byte source.

    Item k begins at `offsets[k]`, or where `offsets` is None, at `offset` plus the lengths of
    the items before it and one byte (the newline) each. `line` is the first item's line, from 1.
    `size` counts the source bytes that the block used up. Blank lines are items too.
    `lines` are the items' lines where items span lines (CSV, JSON arrays); None where item k
    stands in line `line + k`. `end` is where what follows the last item begins; None where the
    source cannot be read from there. `content` counts the bytes that the items take in memory,
    about; 0 where the reader does not count them.
    """

    items: list[Item]
    offset: int
    line: int
    size: int
    offsets: list[int] | None = None
    lines: list[int] | None = None
    end: Point | None = None
    content: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Range:
    """A piece of a splittable source for one worker: bytes `start` to `end` (excluded)."""

    start: int
    end: int


def ranges(first: int, end: int, size: int) -> Iterator[Range]:
    """Cut bytes `first` to `end` (excluded) into consecutive ranges of at most `size` bytes."""
    for start in range(first, end, size):
        yield Range(start, min(start + size, end))
