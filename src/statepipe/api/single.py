"""One record, or a list of them, through an engine: with and without an event loop."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from statepipe.api.assemble import Core, checked_record
from statepipe.api.results import ProcessResult, ValidationResult, result_of
from statepipe.codegen.engine import Engine
from statepipe.errors import UsageError
from statepipe.plan.failure import Site, record_error
from statepipe.plan.interpret import Walk, finish_async, own
from statepipe.record import Outcome, Record
from statepipe.run.deadline import Deadline, RecordTimeoutError
from statepipe.run.progress import Counters, Progress


def process(core: Core, data: Record, state: str | None, timeout_s: float | None) -> ProcessResult:
    """Run one record through a plan without async functions."""
    engine = core.engine_from(state)
    records = [own(core.plan, checked_record(data))]
    if timeout_s is None:
        chunk = engine.run(records)
    else:
        with Deadline(timeout_s):
            chunk = engine.run(records)
    return result_of(chunk.outcome(0), core.metadata())


async def process_async(
    core: Core, data: Record, state: str | None, timeout_s: float | None
) -> ProcessResult:
    """Run one record, awaiting what has to be awaited."""
    if not core.plan.is_async:
        return process(core, data, state, timeout_s)
    record = own(core.plan, checked_record(data))
    if timeout_s is not None:
        core.check_open()
        walk = Walk(core.plan_from(state), record)
        return result_of(await ended_by(walk, timeout_s), core.metadata())
    chunk = await core.engine_from(state).run_async([record], 1)
    return result_of(chunk.outcome(0), core.metadata())


async def ended_by(walk: Walk, timeout_s: float) -> Outcome:
    """Finish `walk`, or give it up after `timeout_s`: its record fails where it was."""
    try:
        async with asyncio.timeout(timeout_s) as timeout:
            return await finish_async(walk)
    except TimeoutError:
        if not timeout.expired():
            raise
    path = tuple(walk.path)
    site = walk.site if walk.site.step else Site(path[-1], "arcs")
    error = record_error(site, RecordTimeoutError(), path, walk.record)
    return Outcome(walk.record, path, path[-1], error)


def validate(core: Core, data: Record) -> ValidationResult:
    """Run what the start state does on entry on a copy of `data`, blocking."""
    engine = core.entry_engine()
    return validation_of(engine.run([own(core.plan, checked_record(data))]).outcome(0))


async def validate_async(core: Core, data: Record) -> ValidationResult:
    engine = core.entry_engine()
    record = own(core.plan, checked_record(data))
    if not engine.plan.is_async:
        return validation_of(engine.run([record]).outcome(0))
    chunk = await engine.run_async([record], 1)
    return validation_of(chunk.outcome(0))


def validation_of(outcome: Outcome) -> ValidationResult:
    if outcome.error is None:
        return ValidationResult(True)
    return ValidationResult(False, [outcome.error.message])


# -- lists ---------------------------------------------------------------------------------


class BatchProgress:
    """Counts the batches of a list, and calls back after each."""

    def __init__(self, core: Core, on_progress: Callable[[Progress], Any] | None) -> None:
        self._on_progress = on_progress
        self._clock = core.clock
        self._began_s = core.clock.monotonic_s()
        self._counters = Counters()

    def after(self, results: Sequence[ProcessResult]) -> Any:  # None, or what is to be awaited
        """Count a batch; return what the callback gave."""
        counters = self._counters
        counters.chunks += 1
        counters.total += len(results)
        for result in results:
            if result.record_error is not None:
                counters.failed += 1
                counters.errors.append(result.record_error)
            else:
                count = counters.by_state.get(result.final_state, 0)
                counters.by_state[result.final_state] = count + 1
        if self._on_progress is None:
            return None
        elapsed_s = self._clock.monotonic_s() - self._began_s
        return self._on_progress(counters.progress(elapsed_s))


def batches(data: Sequence[Record], size: int) -> Iterator[list[Record]]:
    """Cut `data` into batches; UsageError if a size or a record is none."""
    if not isinstance(size, int) or size < 1:
        raise UsageError(f"batch_size must be a whole number of at least 1, not {size!r}")
    records = [checked_record(record) for record in data]
    return (records[at : at + size] for at in range(0, len(records), size))


def process_batch(
    core: Core,
    data: Sequence[Record],
    batch_size: int,
    max_workers: int,
    on_progress: Callable[[Progress], Any] | None,
) -> list[ProcessResult]:
    """Run a list, up to `max_workers` batches at a time in threads where that can help."""
    progress = BatchProgress(core, on_progress)
    engine, metadata = core.engine, core.metadata()
    check_workers(max_workers)

    def run(batch: list[Record]) -> list[ProcessResult]:
        return run_batch(engine, batch, metadata)

    results: list[ProcessResult] = []
    parts = batches(data, batch_size)
    if max_workers == 1 or core.plan.harmless:
        for part in parts:
            results += run(part)
            progress.after(results[-len(part) :])
        return results
    with ThreadPoolExecutor(max_workers, thread_name_prefix="statepipe-batch") as pool:
        for done in pool.map(run, parts):
            results += done
            progress.after(done)
    return results


def run_batch(
    engine: Engine, batch: list[Record], metadata: Mapping[str, Any]
) -> list[ProcessResult]:
    chunk = engine.run([own(engine.plan, record) for record in batch])
    return [result_of(outcome, metadata) for outcome in chunk.outcomes()]


async def process_batch_async(
    core: Core,
    data: Sequence[Record],
    batch_size: int,
    max_workers: int,
    on_progress: Callable[[Progress], Any] | None,
) -> list[ProcessResult]:
    """Run a list, up to `max_workers` records of a batch at a time."""
    progress = BatchProgress(core, on_progress)
    engine, metadata = core.engine, core.metadata()
    check_workers(max_workers)
    results: list[ProcessResult] = []
    for batch in batches(data, batch_size):
        if core.plan.is_async:
            records = [own(core.plan, record) for record in batch]
            chunk = await engine.run_async(records, max_workers)
            done = [result_of(outcome, metadata) for outcome in chunk.outcomes()]
        else:
            done = await asyncio.to_thread(run_batch, engine, batch, metadata)
        results += done
        given = progress.after(done)
        if inspect.isawaitable(given):
            await given
    return results


def check_workers(count: int) -> None:
    if not isinstance(count, int) or count < 1:
        raise UsageError(f"max_workers must be a whole number of at least 1, not {count!r}")
