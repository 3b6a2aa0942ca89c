"""Computing one chunk: decode, run every stage, encode for every sink. No files, no threads."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from statepipe.codegen.engine import Engine, RunChunk
from statepipe.errors import shown
from statepipe.functions.moment import NO_RUN, Moments
from statepipe.plan.values import deep_copy
from statepipe.ports import Decoder, Malformed
from statepipe.record import DataHandlingMode, Record, Run
from statepipe.run.batch import Batch
from statepipe.run.chunk import ByteChunk, ChunkResult, RecordChunk
from statepipe.run.fitting import Allowance
from statepipe.run.routing import Exits, Routing
from statepipe.run.weighing import weight


@dataclass(frozen=True, slots=True)
class Job:
    """Records for an engine to run now."""

    engine: Engine
    records: list[Record]
    moments: Moments


Steps = Generator[Job, RunChunk, ChunkResult]


class ChunkRunner:
    """Runs chunks through the engines of one or more stages.

    Between two stages records go through JSON, as they would through a file. `retries`: how
    often a failing record is run again. `concurrency`: records of a chunk that async functions
    work on at a time. `run` is what `now`, `uuid` and `rng` are bound to. `allowed`: how much an
    iterator's record may weigh, if that is limited.
    """

    def __init__(
        self,
        engines: Sequence[Engine],
        decoder: Decoder | None,
        routing: Routing,
        *,
        retries: int = 0,
        concurrency: int = 1,
        run: Run = NO_RUN,
        allowed: Allowance | None = None,
    ) -> None:
        self.engines = list(engines)
        self.decoder = decoder
        self.routing = routing
        self.retries = retries
        self.concurrency = concurrency
        self.this_run = run
        self.allowed = allowed
        self.exits = Exits(engines[-1].end_states, routing)
        self.is_async = any(engine.plan.is_async for engine in engines)

    def run(self, chunk: ByteChunk | RecordChunk) -> ChunkResult:
        """Compute a chunk whose plans have no async functions."""
        steps = self._steps(chunk)
        job = next(steps)
        while True:
            try:
                job = steps.send(job.engine.run(job.records, job.moments))
            except StopIteration as done:
                result: ChunkResult = done.value
                return result

    async def run_async(self, chunk: ByteChunk | RecordChunk) -> ChunkResult:
        """Compute a chunk, awaiting what has to be awaited."""
        steps = self._steps(chunk)
        job = next(steps)
        while True:
            if job.engine.plan.is_async:
                done = await job.engine.run_async(job.records, self.concurrency, job.moments)
            else:
                done = job.engine.run(job.records, job.moments)
            try:
                job = steps.send(done)
            except StopIteration as end:
                result: ChunkResult = end.value
                return result

    def _steps(self, chunk: ByteChunk | RecordChunk) -> Steps:
        batch = self._read(chunk)
        for number, engine in enumerate(self.engines):
            originals = copies(batch.records) if self.retries else None
            moments = Moments(self.this_run, batch.positions(), number)
            done = yield Job(engine, batch.records, moments)
            if done.errors and originals is not None:
                yield from self._retry(engine, done, originals, moments)
            batch.take(done, self.retries, originals)
            if number < len(self.engines) - 1 and self.routing.relay is not None:
                batch.hand_on(
                    self.routing.passing[number], self.routing.names[number], self.routing.relay
                )
        return batch.finish(self.exits)

    def _read(self, chunk: ByteChunk | RecordChunk) -> Batch:
        if isinstance(chunk, RecordChunk):
            return self._take_over(chunk)
        assert self.decoder is not None
        try:
            return Batch(chunk, self.decoder.decode(chunk.items))
        except ValueError:
            return self._read_each(chunk, self.decoder)

    def _read_each(self, chunk: ByteChunk, decoder: Decoder) -> Batch:
        """Decode item by item, so that what is malformed fails alone."""
        batch = Batch(chunk, [], [], [])
        assert batch.items is not None and batch.numbers is not None
        for item, value in enumerate(decoder.decode_each(chunk.items)):
            if value is None:
                continue
            number = len(batch.items)
            batch.items.append(item)
            if isinstance(value, Malformed):
                batch.add_malformed(number, value.reason)
            else:
                batch.numbers.append(number)
                batch.records.append(value)
        return batch

    def _take_over(self, chunk: RecordChunk) -> Batch:
        """Make the records of an iterator the plan's own."""
        plan = self.engines[0].plan
        copies = plan.mode is DataHandlingMode.COPY and not (plan.harmless and self.routing.encodes)
        chunk.shared = not copies and not plan.harmless
        batch = Batch(chunk, [], [], None)
        assert batch.numbers is not None
        for number, record in enumerate(chunk.records):
            if not isinstance(record, dict):
                batch.add_malformed(number, f"a record must be a dict, not {type(record).__name__}")
                continue
            if self.allowed is not None and (reason := too_heavy(record, self.allowed)):
                chunk.heads[number] = shown(record).encode(errors="backslashreplace")
                batch.add_malformed(number, reason)
                continue
            try:
                batch.records.append(deep_copy(record) if copies else record)
            except Exception as error:  # the values are the user's, and so are their ways to copy
                batch.add_malformed(number, f"the record cannot be copied: {error}")
                continue
            batch.numbers.append(number)
        if len(batch.records) == len(chunk.records):
            batch.numbers = None
        return batch

    def _retry(
        self, engine: Engine, done: RunChunk, originals: list[Record | None], moments: Moments
    ) -> Generator[Job, RunChunk, None]:
        """Run failed records again, each from the start, until they succeed or `retries` is up.

        What is bound to the run is the same for each attempt.
        """
        for index in sorted(done.errors):
            original = originals[index]
            for _ in range(0 if original is None else self.retries):
                again = yield Job(engine, [deep_copy(original)], moments.only(index))
                done.replace(index, again)
                if index not in done.errors:
                    break


def too_heavy(record: Record, allowed: Allowance) -> str | None:
    """Return why an iterator's record does not fit, or None if it does."""
    size = weight(record)
    if size <= allowed.weight:
        return None
    return allowed.refusal(f"a record of about {size} bytes is over the {allowed.weight} that")


def copies(records: list[Record]) -> list[Record | None]:
    """Return a copy of each record, to run it again from; None of one that cannot be copied."""
    return [copy_or_none(record) for record in records]


def copy_or_none(record: Record) -> Record | None:
    try:
        copied: Record = deep_copy(record)
    except Exception:  # the values are the user's; without a copy the record runs but once
        return None
    return copied
