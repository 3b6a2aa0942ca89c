"""InHand: memory in which a worker tells what it has in hand, for its parent to read if it dies."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from enum import IntEnum

NONE = -1
CHUNK, PART, RECORD, STAGE, CAUSE, PATH_BYTES = range(6)
PATH_AT = 128
PATH_ROOM = mmap.PAGESIZE - PATH_AT
SEPARATOR = "\0"


class Cause(IntEnum):
    """Why a worker had to end, where its exit code or signal does not tell."""

    UNKNOWN = 0
    TIME = 1
    MEMORY = 2


@dataclass(frozen=True, slots=True)
class Holding:
    """What a worker had in hand.

    `chunk` is the chunk's number, `part` the position of the first record of what was run
    together, `record` that of the one in work: each None where nothing is known. `stage` and
    `path` tell where that record was: the path's last state, or all of it.
    """

    chunk: int | None
    part: int
    record: int | None
    stage: int
    path: tuple[str, ...]
    cause: Cause


class InHand:
    """One page of memory, shared by a worker and its parent; made before the worker is forked.

    What a process wrote before it died stands there, however it died. Numbers are written
    whole, so that `due_s` may be read at any time; the rest is read when the worker is gone.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)
        self._view = memoryview(self._memory)
        self._numbers = self._view[:64].cast("q")
        self._due = self._view[64:72].cast("d")
        self.clear()

    @property
    def due_s(self) -> float | None:
        """When the step in hand has to be done, on the system's monotonic clock."""
        return self._due[0] or None

    @due_s.setter
    def due_s(self, due_s: float | None) -> None:
        self._due[0] = due_s or 0.0

    def begin(self, chunk: int, part: int) -> None:
        """Take a part of a chunk in hand, that begins at position `part`."""
        self._numbers[PART] = part
        self._numbers[CHUNK] = chunk

    def hold(self, record: int, stage: int, path: tuple[str, ...]) -> None:
        """Take one record of the part in hand: it is now at the end of `path`."""
        text = SEPARATOR.join(path).encode(errors="backslashreplace")
        if len(text) > PATH_ROOM:
            text = path[-1].encode(errors="backslashreplace")[:PATH_ROOM]
        self._view[PATH_AT : PATH_AT + len(text)] = text
        self._numbers[PATH_BYTES] = len(text)
        self._numbers[STAGE] = stage
        self._numbers[RECORD] = record

    def end(self) -> None:
        """Lay down the part and the record."""
        self._numbers[CHUNK] = self._numbers[RECORD] = NONE

    def tell(self, cause: Cause) -> None:
        self._numbers[CAUSE] = cause

    def clear(self) -> None:
        """Get ready for another process."""
        self.end()
        self._numbers[STAGE] = self._numbers[PATH_BYTES] = self._numbers[CAUSE] = 0
        self.due_s = None

    def read(self) -> Holding:
        """Return what a worker that is gone had in hand."""
        chunk, part, record, stage, cause, size = self._numbers[:6]
        text = bytes(self._view[PATH_AT : PATH_AT + size]).decode(errors="ignore")
        return Holding(
            chunk=None if chunk == NONE else chunk,
            part=part,
            record=None if record == NONE else record,
            stage=stage,
            path=tuple(text.split(SEPARATOR)) if text and record != NONE else (),
            cause=Cause(cause),
        )

    def close(self) -> None:
        for view in (self._numbers, self._due, self._view):
            view.release()
        self._memory.close()
