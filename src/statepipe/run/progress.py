"""Counters of a stream, and the two views of them: Progress while it runs, StreamResult after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from statepipe.errors import RecordError
from statepipe.saved import SavedCounts

if TYPE_CHECKING:  # single records have no chunks
    from statepipe.run.chunk import ChunkResult

MAX_ERRORS = 100
"""Errors that a result and a progress keep; the counts tell of all."""


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failures alike, in state, role, arc, kind of error and place: how many there were.

    `first` is the first of them; it was failure number `ordinal`, from 0, of the whole stream.
    """

    count: int
    first: RecordError
    ordinal: int


@dataclass(frozen=True, slots=True)
class Load:
    """What a stream holds and held back. The fields are those of `Progress`."""

    in_flight: int = 0
    in_flight_bytes: int = 0
    paused_s: float = 0.0
    memory_mb: float = 0.0
    peak_memory_mb: float = 0.0
    chunk_size: int = 0


NO_LOAD = Load()


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a stream stands, after a chunk. Seconds and bytes; rates are over the whole time.

    `total_bytes` and `eta_s` are None where the source's size is not known. `in_flight` counts
    records read and not yet written, and `in_flight_bytes` their bytes; `paused_s` is how long
    reading has been held back. `memory_mb` is the resident memory of the process and its
    workers, `peak_memory_mb` the most it has been. `chunk_size` is the present one: smaller than
    asked for where memory is short.
    `errors` are the first failures, at most 100; `failure_groups` count all of them.
    `committed_records` are safe in the checkpoint, None without one; `resumed_records` were done
    by an earlier run: rates leave them out.
    `workers_replaced` counts the worker processes that died.
    """

    chunks_processed: int
    records_processed: int
    successful: int
    failed: int
    by_state: Mapping[str, int]
    errors: tuple[RecordError, ...]
    bytes_processed: int
    total_bytes: int | None
    elapsed_time: float
    in_flight: int
    paused_s: float
    failure_groups: tuple[FailureGroup, ...] = ()
    committed_records: int | None = None
    resumed_records: int = 0
    resumed_chunks: int = 0
    resumed_bytes: int = 0
    workers_replaced: int = 0
    in_flight_bytes: int = 0
    memory_mb: float = 0.0
    peak_memory_mb: float = 0.0
    chunk_size: int = 0

    @property
    def records_per_second(self) -> float:
        done = self.records_processed - self.resumed_records
        return done / self.elapsed_time if self.elapsed_time > 0 else 0.0

    @property
    def chunks_per_second(self) -> float:
        done = self.chunks_processed - self.resumed_chunks
        return done / self.elapsed_time if self.elapsed_time > 0 else 0.0

    @property
    def eta_s(self) -> float | None:
        done = self.bytes_processed - self.resumed_bytes
        if self.total_bytes is None or not done:
            return None
        left = max(0, self.total_bytes - self.bytes_processed)
        return self.elapsed_time * left / done


@dataclass(frozen=True, slots=True)
class StreamResult(Mapping[str, Any]):
    """The counts of a finished stream, as attributes and as a mapping.

    `total_records` = `successful` + `failed`; `malformed` is part of `failed`. `by_state` splits
    the successful ones by end state; `emitted` counts those that a sink got, and
    `excluded_by_state` those at end states that emit nothing. `errors` are the first 100
    failures, and `failure_groups` count all of them, in the order in which they came up.
    `dead_letters` is the file they went to, if there were any and it was wanted.
    Of a run that went on from a checkpoint, `resumed_at` is how many records were done before:
    the counts are of all, `duration` and `throughput` of what was done since. `already_finished`:
    there was nothing left to do.
    `workers_replaced` counts the worker processes that died, and were replaced.
    Times are in seconds, `throughput` in records per second.
    """

    total_records: int
    successful: int
    failed: int
    malformed: int
    emitted: int
    excluded_by_state: Mapping[str, int]
    by_state: Mapping[str, int]
    duration: float
    throughput: float
    errors: list[RecordError] = field(repr=False)
    peak_memory_mb: float
    paused_s: float
    chunks: int
    dead_letters: str | None = None
    failure_groups: list[FailureGroup] = field(default_factory=list, repr=False)
    resumed_at: int | None = None
    already_finished: bool = False
    workers_replaced: int = 0

    @property
    def total_processed(self) -> int:
        return self.total_records

    def __getitem__(self, key: str) -> Any:  # as different as the fields are
        if key == "total_processed" or key in FIELDS:
            return getattr(self, key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        yield from FIELDS
        yield "total_processed"

    def __len__(self) -> int:
        return len(FIELDS) + 1


OnProgress = Callable[[Progress], Any]
"""What it gives is awaited if it can be, and otherwise dropped."""

FIELDS = tuple(item.name for item in fields(StreamResult))


@dataclass(slots=True)
class Counters:
    """Adds up what became of chunks. The one place where a stream's numbers come from."""

    chunks: int = 0
    total: int = 0
    failed: int = 0
    malformed: int = 0
    emitted: int = 0
    size: int = 0
    by_state: dict[str, int] = field(default_factory=dict)
    errors: list[RecordError] = field(default_factory=list)
    groups: dict[tuple[object, ...], FailureGroup] = field(default_factory=dict)
    resumed: SavedCounts = field(default_factory=SavedCounts)
    _unsaved: dict[int, RecordError] = field(default_factory=dict)

    def add(self, result: ChunkResult) -> None:
        """Count a chunk as done."""
        self.chunks += 1
        self.total += result.total
        self.size += result.size
        self.emitted += sum(result.written)
        for state, count in result.ended.items():
            self.by_state[state] = self.by_state.get(state, 0) + count
        if result.failures:
            for ordinal, failure in enumerate(result.failures, start=self.failed):
                self._group(failure.error, ordinal)
                if ordinal < MAX_ERRORS:
                    self._unsaved[ordinal] = failure.error
            self.failed += len(result.failures)
            self.malformed += result.malformed
            room = MAX_ERRORS - len(self.errors)
            self.errors += [failure.error for failure in result.failures[:room]]

    def save(self) -> tuple[SavedCounts, dict[int, RecordError]]:
        """Return the numbers, and the errors told of that have not been returned before."""
        saved = SavedCounts(
            chunks=self.chunks,
            total=self.total,
            failed=self.failed,
            malformed=self.malformed,
            emitted=self.emitted,
            size=self.size,
            by_state=dict(self.by_state),
            groups={group.ordinal: group.count for group in self.groups.values()},
        )
        unsaved, self._unsaved = self._unsaved, {}
        return saved, unsaved

    def restore(self, saved: SavedCounts, errors: Mapping[int, RecordError]) -> None:
        """Go on from what was saved; `errors` go by their ordinal."""
        self.resumed = saved
        self.chunks, self.total, self.failed = saved.chunks, saved.total, saved.failed
        self.malformed, self.emitted, self.size = saved.malformed, saved.emitted, saved.size
        self.by_state = dict(saved.by_state)
        first = [ordinal for ordinal in sorted(errors) if ordinal < min(MAX_ERRORS, saved.failed)]
        self.errors = [errors[ordinal] for ordinal in first]
        for ordinal, count in saved.groups.items():
            error = errors[ordinal]
            self.groups[alike(error)] = FailureGroup(count, error, ordinal)

    def _group(self, error: RecordError, ordinal: int) -> None:
        key = alike(error)
        known = self.groups.get(key)
        if known is None:
            self.groups[key] = FailureGroup(1, error, ordinal)
            self._unsaved[ordinal] = error
        else:
            self.groups[key] = replace(known, count=known.count + 1)

    @property
    def successful(self) -> int:
        return self.total - self.failed

    def progress(
        self,
        elapsed_s: float,
        *,
        total_bytes: int | None = None,
        load: Load = NO_LOAD,
        committed: int | None = None,
        workers_replaced: int = 0,
    ) -> Progress:
        """Return where things stand `elapsed_s` seconds after the beginning."""
        return Progress(
            chunks_processed=self.chunks,
            records_processed=self.total,
            successful=self.successful,
            failed=self.failed,
            by_state=dict(self.by_state),
            errors=tuple(self.errors),
            bytes_processed=self.size,
            total_bytes=total_bytes,
            elapsed_time=elapsed_s,
            in_flight=load.in_flight,
            paused_s=load.paused_s,
            failure_groups=tuple(self.groups.values()),
            committed_records=committed,
            resumed_records=self.resumed.total,
            resumed_chunks=self.resumed.chunks,
            resumed_bytes=self.resumed.size,
            workers_replaced=workers_replaced,
            in_flight_bytes=load.in_flight_bytes,
            memory_mb=load.memory_mb,
            peak_memory_mb=load.peak_memory_mb,
            chunk_size=load.chunk_size,
        )


def alike(error: RecordError) -> tuple[object, ...]:
    """Return what failures of one group have in common."""
    return (error.state, error.role, error.arc, error.error_type, error.place)
