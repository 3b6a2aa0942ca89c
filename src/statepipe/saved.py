"""Saved: what a checkpoint holds; the values that stores keep and runs go on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True)
class Point:
    """A place between two items of a byte source: where the next one begins.

    `offset` counts the bytes of the (decompressed) content before it, `line` is its line, from 1.
    """

    offset: int
    line: int


class Phase(Enum):
    """How far a run is. FINISHING: all outputs are whole, and are being given their names."""

    RUNNING = "running"
    FINISHING = "finishing"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class SavedOutput:
    """An output file up to a chunk border: what is durable of it, and what has to follow.

    `length` and `crc` (CRC-32) are of the bytes in the file. `pending` is content that follows
    them and is not packed yet; `any` tells whether records were written; `encoder` is what the
    format's encoder has learnt from earlier records.
    """

    length: int
    crc: int
    any: bool
    pending: bytes = b""
    encoder: str = ""


@dataclass(frozen=True, slots=True)
class SavedCounts:
    """The numbers of a stream. `groups` holds each group's count by the ordinal of its first."""

    chunks: int = 0
    total: int = 0
    failed: int = 0
    malformed: int = 0
    emitted: int = 0
    size: int = 0
    by_state: Mapping[str, int] = field(default_factory=dict)
    groups: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saved:
    """Where a run stands, at a chunk border.

    `point` is where the source's next item begins; None for a source without bytes, of which
    `counts.total` records are done. `source` and `settings` are facts by name that must be the
    same when the run goes on. `outputs` go by the sinks' numbers, the dead letters last; None of
    one that holds nothing yet.
    """

    run_id: str
    began_s: float
    phase: Phase
    counts: SavedCounts
    point: Point | None
    source: Mapping[str, str]
    settings: Mapping[str, str]
    outputs: tuple[SavedOutput | None, ...]
