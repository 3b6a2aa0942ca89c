"""Record, DataHandlingMode, Run, Position and Outcome: the words that every layer shares."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from statepipe.errors import RecordError

Record: TypeAlias = dict[str, Any]
"""One JSON object. The one open type of the project."""


class DataHandlingMode(Enum):
    """Whose copy of a record a function gets.

    COPY: its own; no function can change what the caller, another state or another arc sees.
    REFERENCE: functions share one object. DIRECT: the caller's own object is changed in place.
    """

    COPY = "copy"
    REFERENCE = "reference"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Run:
    """One run of a stream, before and after it is resumed; for single records, one call.

    `id` is not that of any other run. `began_s` is in seconds since the epoch, UTC.
    """

    id: str
    began_s: float


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record stands in its source.

    `index` counts records from 0, malformed ones included. `offset` is the first byte of the
    record in the (decompressed) source, from 0, and `line` the line from 1: both None where the
    source has no bytes.
    """

    index: int
    offset: int | None = None
    line: int | None = None

    def __str__(self) -> str:
        parts = [f"record {self.index + 1}"]
        if self.line is not None:
            parts.append(f"line {self.line}")
        if self.offset is not None:
            parts.append(f"byte {self.offset}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record: its data, the states it went through, and its error if it failed.

    `final_state` is the end state, or the state at which the record failed. `data` is the record
    there. A record without `error` is successful.
    """

    data: Record
    path: tuple[str, ...]
    final_state: str
    error: RecordError | None = None

    @property
    def success(self) -> bool:
        return self.error is None
