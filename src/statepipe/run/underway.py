"""UnderWay: which chunks are between reading and writing, and what each of them weighs."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from operator import ge
from typing import Protocol

from statepipe.run.computing import Done
from statepipe.run.flow import Flow


class Weighed(Protocol):
    """An outlet as it is seen here: the bytes it took in all, and those it has written."""

    @property
    def taken_bytes(self) -> int: ...

    @property
    def written_bytes(self) -> int: ...


Behind = tuple[int, int, Sequence[int]]
"""Results that outlets took, until each has written up to its mark: records, bytes, marks."""


class UnderWay:
    """Tells a flow of every chunk that is read, computed and written.

    A chunk weighs what was read of it until it is computed, and then what is to be written of it,
    dead letters included. Its records are under way until every outlet has handed on the
    bytes that it took for them.
    """

    def __init__(self, flow: Flow, outlets: Sequence[Weighed]) -> None:
        self._flow = flow
        self._outlets = outlets
        self._read: dict[int, int] = {}
        self._behind: deque[Behind] = deque()
        self._submitted = 0
        self._taken = 0

    def on_read(self, records: int, size: int) -> None:
        """A chunk goes to be computed; chunks are numbered from 0 in this order."""
        self._read[self._submitted] = size
        self._submitted += 1
        self._flow.on_read(records, size)

    def on_computed(self, done: Done) -> None:
        """Results came back, the last or some of a chunk's: what they came from is let go.

        Not told of results that are taken at once.
        """
        left = self._read.get(done.number, 0)
        gone = left if done.last else min(left, sum(result.size for result in done.results))
        if done.holds_records:
            gone = 0  # these are what was read, and still there
        self._read[done.number] = left - gone
        self._flow.in_flight_bytes += done.size - gone

    def on_taken(self, done: Done) -> None:
        """The outlets took what is to be written of these results, dead letters included."""
        marks: list[int] = []
        for outlet in self._outlets:
            marks.append(outlet.taken_bytes)
        size, self._taken = sum(marks) - self._taken, sum(marks)
        read = self._read.pop(done.number, 0) if done.last else 0
        self._flow.in_flight_bytes += size - done.size - read
        self._behind.append((done.records if done.last else 0, size, marks))

    def release(self) -> None:
        """Let go of what has been written meanwhile."""
        written: list[int] = []
        for outlet in self._outlets:
            written.append(outlet.written_bytes if outlet.taken_bytes else 0)
        records = size = 0
        while self._behind and all(map(ge, written, self._behind[0][2])):
            first = self._behind.popleft()
            records += first[0]
            size += first[1]
        self._flow.on_written(records, size)
