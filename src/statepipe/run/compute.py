"""Computing one chunk: decode, run every stage, encode for every sink. No files, no threads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from dataclasses import replace

from statepipe.codegen.engine import Engine, RunChunk
from statepipe.codegen.ownership import Entrants
from statepipe.functions.moment import NO_RUN, NOWHERE, Moments
from statepipe.interruption import exposed
from statepipe.plan.model import Plan
from statepipe.plan.recover import Kept, restored
from statepipe.plan.values import deep_copy
from statepipe.ports.formats import Decoder, Malformed
from statepipe.ports.providers import Holder
from statepipe.record import DataHandlingMode, Record, Run
from statepipe.run.batch import Batch, Job
from statepipe.run.care import Care
from statepipe.run.chunk import ByteChunk, ChunkResult, RecordChunk
from statepipe.run.deliveries import Poison
from statepipe.run.fitting import Allowance
from statepipe.run.routing import Exits, Routing
from statepipe.run.weighing import weight
from statepipe.short import shown

Steps = Generator[Job, RunChunk, ChunkResult]


class ChunkRunner:
    """Runs chunks through the engines of one or more stages.

    Between two stages records go through JSON, as they would through a file. `retries`: how
    often a failing record is run again. `concurrency`: records of a chunk that async functions
    work on at a time. `run` is what `now`, `uuid` and `rng` are bound to. `allowed`: how much an
    iterator's record may weigh, if that is limited. `holders` are closed where a worker ends.
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
        holders: Sequence[Holder] = (),
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
        self._is_plain = len(engines) == 1 and not retries
        lives = (life for engine in engines for life in engine.plan.lives)
        self.lives = list({id(life.target): life for life in lives}.values())
        plan = engines[0].plan
        # A function of a COPY state that may change its record is given a copy of its own. So
        # one is made here only for states of other modes, and for records that are seen again.
        seen_again = plan.changes_in_place or not routing.encodes
        self._copies = plan.mode is DataHandlingMode.COPY and seen_again
        self._shares = not self._copies and plan.changes_in_place
        self.waits = any(engine.plan.waits for engine in engines)
        self.holders = list(holders)

    @exposed
    def run(self, chunk: ByteChunk | RecordChunk) -> ChunkResult:
        """Compute a chunk whose plans have no async functions."""
        if self._is_plain:  # what `_steps` comes to here, in as few calls as it takes
            batch, engine = self._read(chunk), self.engines[0]
            moments = Moments(self.this_run, batch.positions()) if engine.asks else NOWHERE
            entrants = Entrants.OWN if isinstance(chunk, ByteChunk) else Entrants.SHARED
            batch.done = engine.attempt(batch.records, moments, entrants)
            if batch.done.errors:
                engine.conclude(batch.done)
                batch.add_errors(0)
            return batch.finish(self.exits)
        return driven(self._steps(chunk), done_of)

    async def run_async(self, chunk: ByteChunk | RecordChunk) -> ChunkResult:
        """Compute a chunk, awaiting what has to be awaited."""
        return await driven_async(self._steps(chunk), self._run_job)

    @exposed
    def run_carefully(self, chunk: ByteChunk | RecordChunk, care: Care) -> ChunkResult:
        """Compute a chunk record by record, to the same result as `run` but for its poison."""
        return driven(self._steps(chunk, care), care.run)

    async def run_carefully_async(self, chunk: ByteChunk | RecordChunk, care: Care) -> ChunkResult:
        """Compute a chunk record by record, as `run_carefully` does."""
        return await driven_async(self._steps(chunk, care), care.run_async)

    async def _run_job(self, job: Job) -> RunChunk:
        if not job.engine.plan.is_async:
            return done_of(job)
        if job.concluded is not None:
            await job.engine.conclude_async(job.concluded, self.concurrency)
            return job.concluded
        return await job.engine.attempt_async(job.records, self.concurrency, job.moments)

    def _steps(self, chunk: ByteChunk | RecordChunk, care: Care | None = None) -> Steps:
        batch = self._read(chunk) if care is None else self._read_carefully(chunk, care)
        for number, engine in enumerate(self.engines):
            entered = kept(engine.plan, batch.records) if self.retries else None
            moments = Moments(self.this_run, batch.positions(), number)
            job = Job(engine, batch.records, batch, moments)
            done = yield job
            if done.errors and entered is not None:
                yield from self._retry(job, done, entered)
            if done.errors:
                yield replace(job, concluded=done)
            batch.done = done
            batch.add_errors(self.retries)
            if number < len(self.engines) - 1 and self.routing.relay is not None:
                passing, relay = self.routing.passing[number], self.routing.relay
                if care is not None:
                    care.try_relay(batch, passing, relay)
                batch.hand_on(passing, self.routing.names[number], relay)
        if care is not None:
            care.try_outputs(batch, self.exits)
        return batch.finish(self.exits)

    def _read(self, chunk: ByteChunk | RecordChunk) -> Batch:
        if isinstance(chunk, RecordChunk):
            return self._take_over(chunk)
        assert self.decoder is not None
        try:
            return Batch(chunk, self.decoder.decode(chunk.items))
        except ValueError:
            return sorted_out(chunk, self.decoder.decode_each(chunk.items))

    def _read_carefully(self, chunk: ByteChunk | RecordChunk, care: Care) -> Batch:
        if isinstance(chunk, RecordChunk):
            records, chunk.shared = chunk.records, self._shares
            return sorted_out(chunk, care.read(lambda item: self._taken_over(records[item])))
        items, decoder = chunk.items, self.decoder
        assert decoder is not None
        return sorted_out(chunk, care.read(lambda item: decoder.decode_each([items[item]])[0]))

    def _take_over(self, chunk: RecordChunk) -> Batch:
        """Make the records of an iterator the plan's own."""
        chunk.shared = self._shares
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
                batch.records.append(deep_copy(record) if self._copies else record)
            except Exception as error:  # the values are the user's, and so are their ways to copy
                batch.add_malformed(number, f"the record cannot be copied: {error}")
                continue
            batch.numbers.append(number)
        if len(batch.records) == len(chunk.records):
            batch.numbers = None
        return batch

    def _taken_over(self, record: Record) -> Record | Malformed:
        """Return one record as `_take_over` makes it the plan's own, or why it cannot."""
        batch = self._take_over(RecordChunk([record]))
        return batch.records[0] if batch.records else Malformed(batch.failures[0].error.message)

    def _retry(
        self, job: Job, done: RunChunk, entered: list[Record | Kept]
    ) -> Generator[Job, RunChunk, None]:
        """Run failed records again, each from the start, until they succeed or `retries` is up.

        What is bound to the run is the same for each attempt.
        """
        for index in sorted(done.errors):
            moments = job.moments.only(index)
            for _ in range(self.retries):
                record = restored(entered[index])
                again = yield replace(job, records=[record], moments=moments, at=index)
                done.replace(index, again)
                if index not in done.errors:
                    break


def done_of(job: Job) -> RunChunk:
    """Do a job whose plan has no async functions."""
    if job.concluded is not None:
        job.engine.conclude(job.concluded)
        return job.concluded
    return job.engine.attempt(job.records, job.moments)


def driven(steps: Steps, run: Callable[[Job], RunChunk]) -> ChunkResult:
    """Do the jobs of a chunk until its result is there."""
    job = next(steps)
    while True:
        done = run(job)
        try:
            job = steps.send(done)
        except StopIteration as end:
            result: ChunkResult = end.value
            return result


async def driven_async(steps: Steps, run: Callable[[Job], Awaitable[RunChunk]]) -> ChunkResult:
    """Do the jobs of a chunk, awaiting what has to be awaited."""
    job = next(steps)
    while True:
        done = await run(job)
        try:
            job = steps.send(done)
        except StopIteration as end:
            result: ChunkResult = end.value
            return result


def sorted_out(
    chunk: ByteChunk | RecordChunk, values: Iterable[Record | Malformed | Poison | None]
) -> Batch:
    """Return a batch of a chunk's records, given what there is for each of its items.

    What is malformed or poison fails, and None, for a blank item, is nothing at all.
    """
    batch = Batch(chunk, [], [], [])
    assert batch.items is not None and batch.numbers is not None
    for item, value in enumerate(values):
        if value is None:
            continue
        number = len(batch.items)
        batch.items.append(item)
        if isinstance(value, Malformed):
            batch.add_malformed(number, value.reason)
        elif isinstance(value, Poison):
            batch.add_poison(number, value)
        else:
            batch.numbers.append(number)
            batch.records.append(value)
    return batch


def too_heavy(record: Record, allowed: Allowance) -> str | None:
    """Return why an iterator's record does not fit, or None if it does."""
    size = weight(record)
    if size <= allowed.weight:
        return None
    return allowed.refusal(f"a record of about {size} bytes is over the {allowed.weight} that")


def kept(plan: Plan, records: list[Record]) -> list[Record | Kept]:
    """Return what to run each record again from: itself, where no function can change it."""
    return list(map(Kept, records)) if plan.changes_in_place else list(records)
