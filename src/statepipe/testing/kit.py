"""Sources, sinks and a clock that stay in memory and do as they are told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

from statepipe.cases import TEST_RUN
from statepipe.errors import StatepipeError
from statepipe.functions.moment import Moments
from statepipe.functions.view import EMPTY, Context, StateView
from statepipe.record import Record, Run

Result = TypeVar("Result")


class Mark(Enum):
    """What may stand among the records of a `MemorySource`.

    END: the source ends here, whatever follows. ABORT: it raises AbortedError. PAUSE: it gives
    what came before without waiting for more, as a slow source does.
    """

    END = "end"
    ABORT = "abort"
    PAUSE = "pause"


END, ABORT, PAUSE = Mark.END, Mark.ABORT, Mark.PAUSE


class AbortedError(StatepipeError):
    """A `MemorySource` came to an ABORT mark."""


class MemorySource:
    """A source object over records and marks. `given` counts the records handed out so far.

    `closed` counts the calls of `close`, of which a stream makes one.
    """

    def __init__(self, items: Iterable[Record | Mark]) -> None:
        self.given = 0
        self.closed = 0
        self._items = iter(items)
        self._ended = False
        self._held: Mark | None = None

    def read(self, limit: int) -> Sequence[Record]:
        """Return at most `limit` records, up to the next mark; none at the end. AbortedError."""
        records: list[Record] = []
        while len(records) < limit and not self._ended:
            item = self._held or next(self._items, END)
            self._held = None
            if not isinstance(item, Mark):
                records.append(item)
                continue
            if records:
                self._held = item if item is not PAUSE else None
                break
            self._reach(item)
        self.given += len(records)
        return records

    def close(self) -> None:
        """Count the call."""
        self.closed += 1

    def _reach(self, mark: Mark) -> None:
        if mark is ABORT:
            noun = "record" if self.given == 1 else "records"
            raise AbortedError(f"the source was told to abort after {self.given} {noun}")
        self._ended = mark is END


class AsyncMemorySource:
    """As `MemorySource`, with methods to await. A PAUSE lets everything else run first."""

    def __init__(self, items: Iterable[Record | Mark]) -> None:
        self._inner = MemorySource(items)

    @property
    def given(self) -> int:
        """The records handed out so far."""
        return self._inner.given

    @property
    def closed(self) -> int:
        """The calls of `close`."""
        return self._inner.closed

    async def read(self, limit: int) -> Sequence[Record]:
        """Return at most `limit` records, up to the next mark; none at the end. AbortedError."""
        await asyncio.sleep(0)
        return self._inner.read(limit)

    async def close(self) -> None:
        """Count the call."""
        self._inner.close()


@dataclass(slots=True)
class CollectingSink:
    """A sink object that keeps everything: `records` in order, and the `chunks` they came in.

    `commits` and `aborts` count the calls of these; `fail_at` is the number of the chunk, from 1,
    that it refuses with an OSError.
    """

    fail_at: int | None = None
    chunks: list[list[Record]] = field(default_factory=list)
    commits: int = 0
    aborts: int = 0

    @property
    def records(self) -> list[Record]:
        """All records so far."""
        return [record for chunk in self.chunks for record in chunk]

    def write(self, records: Sequence[Record]) -> None:
        """Keep a chunk's records."""
        if len(self.chunks) + 1 == self.fail_at:
            raise OSError(f"the sink was told to refuse chunk {self.fail_at}")
        self.chunks.append(list(records))

    def commit(self) -> None:
        """Count the call."""
        self.commits += 1

    def abort(self) -> None:
        """Count the call."""
        self.aborts += 1


class AsyncCollectingSink:
    """As `CollectingSink`, which it keeps as `kept`, with methods to await."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.kept = CollectingSink(fail_at)

    async def write(self, records: Sequence[Record]) -> None:
        """Keep a chunk's records."""
        await asyncio.sleep(0)
        self.kept.write(records)

    async def commit(self) -> None:
        """Count the call."""
        self.kept.commit()

    async def abort(self) -> None:
        """Count the call."""
        self.kept.abort()


@dataclass(slots=True)
class ManualClock:
    """A `Clock` that stands still until it is told to advance."""

    seconds: float = 0.0

    def monotonic_s(self) -> float:
        """Return the seconds it was advanced by."""
        return self.seconds

    def now_s(self) -> float:
        """Return the same: its epoch is its begin."""
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.seconds += seconds


@dataclass(slots=True)
class CountingRandomness:
    """A `Randomness` whose bytes are a number, which goes up by one with every call."""

    calls: int = 0

    def random_bytes(self, count: int) -> bytes:
        """Return the number of the call, from 1, as `count` bytes."""
        self.calls += 1
        return self.calls.to_bytes(count)


def view_of(
    data: Record,
    name: str = "state",
    resources: Mapping[str, Any] = EMPTY,
    *,
    run: Run = TEST_RUN,
    position: int = 0,
) -> StateView:
    """Return what a function of one parameter gets for a record of `run` at `position`."""
    moment = Moments(run, lambda: [position]).promise(0)
    return StateView(data, name, resources, moment)


def context_of(
    state: str = "state",
    network: str = "main",
    resources: Mapping[str, Any] = EMPTY,
    *,
    run: Run = TEST_RUN,
    position: int = 0,
) -> Context:
    """Return what a function of two parameters gets beside a record of `run` at `position`."""
    moment = Moments(run, lambda: [position]).promise(0)
    return Context(state, network, resources, moment)


@dataclass(slots=True)
class ManualTiming:
    """A `Timing` in which no time passes: waits are noted, and are over at once.

    `slept` holds the seconds of every wait, `limits` those of every limit with the name of its
    error. The calls whose number, from 1, is in `late` come back too late. `chance` is what
    `random` gives.
    """

    late: Sequence[int] = ()
    chance: float = 0.5
    slept: list[float] = field(default_factory=list)
    limits: list[tuple[float, str]] = field(default_factory=list)

    def within(self, seconds: float, error: type[Exception], call: Callable[[], Result]) -> Result:
        """Make the call, and raise its error behind it if it is one of the late ones."""
        number = self._note(seconds, error)
        result = call()
        if number in self.late:
            raise error
        return result

    async def within_async(
        self, seconds: float, error: type[Exception], work: Coroutine[Any, Any, Result]
    ) -> Result:
        """As `within`."""
        number = self._note(seconds, error)
        result = await work
        if number in self.late:
            raise error
        return result

    def sleep(self, seconds: float) -> None:
        """Note the wait."""
        self.slept.append(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Note the wait, and let everything else run."""
        self.slept.append(seconds)
        await asyncio.sleep(0)

    def random(self) -> float:
        """Return `chance`."""
        return self.chance

    def _note(self, seconds: float, error: type[Exception]) -> int:
        self.limits.append((seconds, error.__name__))
        return len(self.limits)
