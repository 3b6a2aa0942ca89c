"""UnderWay: which chunks are between reading and writing, and what each of them weighs."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from operator import ge
from typing import Protocol

from statepipe.run.computing import Done
from statepipe.run.flow import Flow
from statepipe.run.growth import Growth


class Weighed(Protocol):
    """An outlet as it is seen here: the bytes it took in all, and those it has written."""

    @property
    def taken_bytes(self) -> int: ...

    @property
    def written_bytes(self) -> int: ...


Behind = tuple[int, int, Sequence[int]]
"""Results that outlets took, until each has written up to its mark: records, bytes, marks."""


Read = tuple[int, float, int]
"""What is there of a chunk that is being computed: its bytes, how many times as many its results
are taken to weigh, and by how many bytes that is more."""

NOTHING: Read = (0, 1.0, 0)


class UnderWay:
    """Tells a flow of every chunk that is read, computed and written.

    A chunk weighs what was read of it until it is computed, and what its results may weigh more,
    to judge by the `growth` of those before it; and then what is to be written of it, dead
    letters included. Its records are under way until every outlet has handed on the bytes that it
    took for them.
    """

    def __init__(self, flow: Flow, outlets: Sequence[Weighed]) -> None:
        self._flow = flow
        self._outlets = outlets
        self.growth = Growth()
        self._read: dict[int, Read] = {}
        self._behind: deque[Behind] = deque()
        self._submitted = 0
        self._taken = 0

    def on_read(self, records: int, size: int) -> None:
        """A chunk goes to be computed; chunks are numbered from 0 in this order."""
        times = self.growth.times
        growth = int(size * (times - 1))
        self._read[self._submitted] = size, times, growth
        self._submitted += 1
        self._flow.growth_bytes += growth
        self._flow.on_read(records, size)

    def on_computed(self, done: Done) -> None:
        """Results came back, the last or some of a chunk's: what they came from is let go.

        Not told of results that are taken at once.
        """
        if done.holds_records:
            self._flow.in_flight_bytes += done.size
            return  # these are what was read, and still there
        size, times, growth = self._read[done.number]
        gone = size
        if not done.last:
            gone = min(gone, sum(result.size for result in done.results))
        left = size - gone, times, int((size - gone) * (times - 1))
        self._read[done.number] = left
        self.growth.on_result(gone, done.size)
        self._flow.in_flight_bytes += done.size - gone
        self._flow.growth_bytes += left[2] - growth

    def on_taken(self, done: Done) -> None:
        """The outlets took what is to be written of these results, dead letters included."""
        marks: list[int] = []
        for outlet in self._outlets:
            marks.append(outlet.taken_bytes)
        size, self._taken = sum(marks) - self._taken, sum(marks)
        read, _, growth = self._read.pop(done.number) if done.last else NOTHING
        self.growth.on_result(read, max(0, size - done.size))  # a callable takes no bytes
        self._flow.in_flight_bytes += size - done.size - read
        self._flow.growth_bytes -= growth
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
