"""StreamConfig: how a stream is cut, bounded and spread; validated when it is made."""

from __future__ import annotations

from dataclasses import dataclass, fields

from statepipe.errors import UsageError

MB = 1024 * 1024
RECORD_SHARE = 16
"""Of a memory limit, one part in so many for the bytes of one record."""


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """Limits and sizes of one stream.

    `chunk_size`: records in a chunk, the unit of work and of progress. `buffer_size`: records
    allowed between reading and writing, and `buffer_bytes` their bytes; a chunk is always let in
    when nothing is under way. A chunk ends early at a quarter of `buffer_bytes`.
    `parallelism`: worker processes; 1 works in the caller's own. `backpressure_threshold`:
    records under way at which reading pauses; it goes on at half. `memory_limit_mb`: resident
    memory of the process and its workers in MB: near it chunks and queues shrink, at it reading
    pauses, and a record that needs too large a part of it is a dead letter.
    `timeout_seconds`: for the whole stream. `retry_on_error`: run a failing record again, from
    the start, up to `max_retries` times. `ordered`: write records in input order; giving that
    up saves workers from waiting for each other. `concurrency`: records of a chunk that async
    functions work on at the same time. `max_wait_ms`: how long a record of a slow source waits
    for its chunk to fill. `max_record_bytes`: a longer record is a dead letter.
    `max_deliveries`: worker processes that a record may end before it becomes a dead letter.
    `max_compression_ratio`: how many times its compressed bytes a gzip source may hold, before
    it ends the stream as a bomb.

    Raises UsageError naming every value that is out of range.
    """

    chunk_size: int = 100
    buffer_size: int = 10_000
    parallelism: int = 1
    memory_limit_mb: float | None = None
    backpressure_threshold: int = 5_000
    timeout_seconds: float | None = None
    retry_on_error: bool = False
    max_retries: int = 3
    ordered: bool = True
    concurrency: int = 64
    max_wait_ms: float = 5.0
    max_record_bytes: int = 16 * 1024 * 1024
    max_deliveries: int = 3
    buffer_bytes: int = 64 * 1024 * 1024
    max_compression_ratio: float = 500

    def __post_init__(self) -> None:
        wrong = [problem for item in fields(self) for problem in self._problems_of(item.name)]
        if wrong:
            raise UsageError("; ".join(wrong))

    def _problems_of(self, name: str) -> list[str]:
        value = getattr(self, name)
        if name in BOOLS:
            good = isinstance(value, bool)
            return [] if good else [f"{name} must be True or False, not {value!r}"]
        if value is None and name in OPTIONAL:
            return []
        least = LEAST[name]
        kinds = int if name in WHOLE else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not value >= least:
            what = "a whole number" if name in WHOLE else "a number"
            return [f"{name} must be {what} of at least {least}, not {value!r}"]
        return []


BOOLS = frozenset({"retry_on_error", "ordered"})
OPTIONAL = frozenset({"memory_limit_mb", "timeout_seconds"})
WHOLE = frozenset(
    """chunk_size buffer_size parallelism backpressure_threshold max_retries concurrency
    max_record_bytes max_deliveries buffer_bytes""".split()
)
LEAST: dict[str, float] = {
    "chunk_size": 1,
    "buffer_size": 1,
    "parallelism": 1,
    "memory_limit_mb": 1,
    "backpressure_threshold": 1,
    "timeout_seconds": 0,
    "max_retries": 0,
    "concurrency": 1,
    "max_wait_ms": 0,
    "max_record_bytes": 1,
    "max_deliveries": 1,
    "buffer_bytes": 1,
    "max_compression_ratio": 1,
}


def limit_bytes(config: StreamConfig) -> int | None:
    return None if config.memory_limit_mb is None else int(config.memory_limit_mb * MB)


def record_limit(config: StreamConfig) -> int:
    """Return the most bytes that a record may have: `max_record_bytes`, or less under a limit.

    It depends on the options alone, so that no run refuses what another one let pass.
    """
    memory = limit_bytes(config)
    if memory is None:
        return config.max_record_bytes
    return min(config.max_record_bytes, memory // RECORD_SHARE)
