"""One record, or a list of them, through an engine: with and without an event loop."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

from statepipe import standard
from statepipe.api.assemble import Core, check_callback, check_timeout, checked_record
from statepipe.api.results import ProcessResult, ValidationResult, result_of
from statepipe.codegen.engine import Engine
from statepipe.errors import UsageError, named_type
from statepipe.functions.moment import NO_RUN, NOWHERE, Moments
from statepipe.interruption import Interruption, exposed, interruptible, sheltered
from statepipe.plan.interpret import interpret, interpret_async, own
from statepipe.plan.model import Plan
from statepipe.plan.values import deep_copy
from statepipe.record import Outcome, Record, Run
from statepipe.run.awaiting import settled
from statepipe.run.lives import alive, alive_async
from statepipe.run.progress import Counters, Progress

EXPLAINED_STEPS = 40
"""How many steps `why` keeps if nothing is said: as many at the begin of a way as at its end."""


def moments_of(core: Core) -> Moments:
    """Return what the only record of a new run is given, if any function may ask."""
    return Moments(core.begin_run(), lambda: [0]) if core.asks else NOWHERE


def process(core: Core, data: Record, state: str | None, timeout_s: float | None) -> ProcessResult:
    """Run one record through a plan without async functions."""
    engine = core.engine_from(state)
    record = own(core.plan, checked_record(data))
    moments = moments_of(core)
    if timeout_s is None:
        with alive(core.lives):
            outcome = engine.run([record], moments).outcome(0)
        return result_of(outcome, core.metadata())
    check_timeout(timeout_s)
    plan = limited(core, state, timeout_s)
    with alive(core.lives):
        outcome = interpret(plan, record, moments.promise(0), core.timing)
    return result_of(outcome, core.metadata())


async def process_async(
    core: Core, data: Record, state: str | None, timeout_s: float | None
) -> ProcessResult:
    """Run one record, awaiting what has to be awaited. What waits or has limits blocks a thread."""
    if not core.plan.is_async:
        if timeout_s is None and not core.plan.needs_timing and not core.plan.waits:
            return process(core, data, state, None)
        return await standard.asyncio.to_thread(process, core, data, state, timeout_s)
    core.check_open()
    record, moments = own(core.plan, checked_record(data)), moments_of(core)
    if timeout_s is not None:
        check_timeout(timeout_s)
        plan = limited(core, state, timeout_s)
        async with alive_async(core.lives):
            outcome = await interpret_async(plan, record, moments.promise(0), core.timing)
        return result_of(outcome, core.metadata())
    engine = core.engine_from(state)
    async with alive_async(core.lives):
        chunk = await engine.run_async([record], 1, moments)
    return result_of(chunk.outcome(0), core.metadata())


def limited(core: Core, state: str | None, timeout_s: float) -> Plan:
    """Return the plan with a limit of time for the record: the caller's, or a shorter one."""
    plan = core.plan_from(state)
    limit = timeout_s if plan.timeout_s is None else min(timeout_s, plan.timeout_s)
    return replace(plan, timeout_s=limit)


def validate(core: Core, data: Record) -> ValidationResult:
    """Run what the start state does on entry on a copy of `data`, in every mode, blocking."""
    engine = core.entry_engine()
    record = deep_copy(checked_record(data))
    with alive(engine.plan.lives):
        chunk = engine.run([record], moments_of(core))
    return validation_of(chunk.outcome(0))


async def validate_async(core: Core, data: Record) -> ValidationResult:
    engine = core.entry_engine()
    record = deep_copy(checked_record(data))
    if not engine.plan.is_async:
        if engine.plan.waits:
            return await standard.asyncio.to_thread(validate, core, data)
        return validate(core, data)
    async with alive_async(engine.plan.lives):
        chunk = await engine.run_async([record], 1, moments_of(core))
    return validation_of(chunk.outcome(0))


def validation_of(outcome: Outcome) -> ValidationResult:
    if outcome.error is None:
        return ValidationResult(True)
    return ValidationResult(False, [outcome.error.message])


# -- lists ---------------------------------------------------------------------------------


class BatchProgress:
    """Counts the batches of a list, and calls back after each."""

    def __init__(self, core: Core, on_progress: Callable[[Progress], Any] | None) -> None:
        check_callback(on_progress)
        self._on_progress = on_progress
        self._clock = core.clock
        self._began_s = core.clock.monotonic_s()
        self._counters = Counters()

    @exposed
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


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive records of a list, the first of them at index `first`."""

    first: int
    records: list[Record]

    def cut(self, size: int) -> Iterator[Piece]:
        """Yield the same records in pieces of at most `size`."""
        for at in range(0, len(self.records), size):
            yield Piece(self.first + at, self.records[at : at + size])

    def moments(self, run: Run) -> Moments:
        """Return what the records are given: each has its index as its position."""
        return Moments(run, lambda: range(self.first, self.first + len(self.records)))


def batches(data: Sequence[Record], size: int) -> Iterator[Piece]:
    """Cut `data` into batches; UsageError if a size, a record or the list is none."""
    if not isinstance(size, int) or size < 1:
        raise UsageError(f"batch_size must be a whole number of at least 1, not {size!r}")
    return Piece(0, checked_list(data)).cut(size)


def checked_list(data: object) -> list[Record]:
    """Return `data` as a list if it holds records alone; UsageError names what it is instead."""
    if isinstance(data, Mapping | str | bytes) or not isinstance(data, Iterable):
        raise UsageError(f"data must be a list of records, not {named_type(data)}")
    records = list(data)
    for index, record in enumerate(records):
        if not isinstance(record, dict):
            raise UsageError(f"a record must be a dict, not {named_type(record)}, at index {index}")
    return records


def pieces(batch: Piece, count: int) -> Iterator[Piece]:
    """Cut a batch into at most `count` parts of about the same size."""
    return batch.cut(-(-len(batch.records) // count))


def run_of(core: Core) -> Run:
    """Return the run that a list is, if any function may ask for what is bound to it."""
    return core.begin_run() if core.asks else NO_RUN


def thread_count(core: Core, max_workers: int) -> int:
    """Return how many threads a list's records run in: one where more cannot help."""
    if not isinstance(max_workers, int) or max_workers < 1:
        raise UsageError(f"max_workers must be a whole number of at least 1, not {max_workers!r}")
    plan = core.plan
    return 1 if plan.harmless or plan.is_async or plan.memory != "none" else max_workers


def threads_of(count: int) -> standard.futures.ThreadPoolExecutor:
    return standard.futures.ThreadPoolExecutor(count, thread_name_prefix="statepipe-batch")


@sheltered
def process_batch(
    core: Core,
    data: Sequence[Record],
    batch_size: int,
    max_workers: int,
    on_progress: Callable[[Progress], Any] | None,
) -> list[ProcessResult]:
    """Run a list batch by batch, the records of one in up to `max_workers` threads.

    Ctrl-C ends it after the batch in hand where threads run that: nothing ends them.
    """
    progress = BatchProgress(core, on_progress)
    run = partial(run_batch, core.engine, core.metadata(), run_of(core))
    results: list[ProcessResult] = []
    count = thread_count(core, max_workers)
    pressed = Interruption(lambda: None)
    with interruptible(pressed), threads_of(count) as threads, alive(core.lives):
        for batch in batches(data, batch_size):
            pressed.heed()
            parts = threads.map(run, pieces(batch, count)) if count > 1 else [run(batch)]
            done = list(chain.from_iterable(parts))
            results += done
            refuse_awaitable(progress.after(done))
    return results


def refuse_awaitable(given: object) -> None:
    """Raise UsageError for what blocking code would have to await."""
    if inspect.iscoroutine(given):
        given.close()
        raise UsageError("on_progress gave something to await; declare it with `async def`")


@exposed
def run_batch(
    engine: Engine, metadata: Mapping[str, Any], run: Run, batch: Piece
) -> list[ProcessResult]:
    records = [own(engine.plan, record) for record in batch.records]
    chunk = engine.run(records, batch.moments(run))
    return [result_of(outcome, metadata) for outcome in chunk.outcomes()]


async def process_batch_async(
    core: Core,
    data: Sequence[Record],
    batch_size: int,
    max_workers: int,
    on_progress: Callable[[Progress], Any] | None,
) -> list[ProcessResult]:
    """Run a list batch by batch, up to `max_workers` records of one at a time."""
    progress = BatchProgress(core, on_progress)
    count = thread_count(core, max_workers)
    threads, run = threads_of(count), run_of(core)
    results: list[ProcessResult] = []
    try:
        async with alive_async(core.lives):
            for batch in batches(data, batch_size):
                if core.plan.is_async:
                    done = await run_batch_async(core, run, batch, max_workers)
                else:
                    done = await run_in_threads(core, run, pieces(batch, count), threads)
                results += done
                await settled(progress.after(done))
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
    return results


async def run_batch_async(
    core: Core, run: Run, batch: Piece, concurrency: int
) -> list[ProcessResult]:
    records = [own(core.plan, record) for record in batch.records]
    chunk = await core.engine.run_async(records, concurrency, batch.moments(run))
    return [result_of(outcome, core.metadata()) for outcome in chunk.outcomes()]


async def run_in_threads(
    core: Core, run: Run, parts: Iterator[Piece], threads: standard.futures.ThreadPoolExecutor
) -> list[ProcessResult]:
    """Run the parts of a batch of a plan without async functions, off the event loop."""
    work = partial(run_batch, core.engine, core.metadata(), run)
    loop = standard.asyncio.get_running_loop()
    done = await standard.asyncio.gather(
        *(loop.run_in_executor(threads, work, part) for part in parts)
    )
    return list(chain.from_iterable(done))
