"""Engine: runs chunks of records through a compiled plan and says what became of each."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Coroutine, Iterable, Iterator, MutableSequence, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from statepipe import standard
from statepipe.codegen.compile import CompiledPlan, HandOver, compile_plan
from statepipe.codegen.locate import locate, origin_of
from statepipe.codegen.nesting import frames_of, pushes_by_number
from statepipe.codegen.ownership import Entrants, entrants_matter
from statepipe.codegen.program import Program, Trail
from statepipe.errors import RecordError, UsageError
from statepipe.functions.moment import NO_PROMISE, NOWHERE, Moments
from statepipe.plan.drive import Steps, check_timing, drive, drive_async
from statepipe.plan.frames import Frame
from statepipe.plan.interpret import conclude, conclude_async, finish, finish_async
from statepipe.plan.model import HANDING_BACK, Plan
from statepipe.plan.told import ToldWalk
from statepipe.plan.walk import Walk
from statepipe.ports.timing import Timing
from statepipe.record import Outcome, Record

Failed = tuple[Any, ...]
"""As the generated function notes it: the record's index, the error or a HandOver, the error's
traceback (one that was raised again since has lost it), the record, its trail, and where a plan
recovers, what was kept of the record when it entered the last state that does, and its moment;
where it pushes records into other networks, also the frames."""

Tell = Callable[[int, tuple[str, ...]], None]
"""Takes a record's index, and its path so far."""


@dataclass(slots=True)
class RunChunk:
    """A chunk that has been run.

    `records`, `ends` and `trails` go by the record's index in the chunk: `records[i]` is the
    data at the end state, or where it failed; `ends[i]` is 0 if it failed, else a leaf's number
    plus 1. `errors` holds what failed, and `finished` what the interpreter had to finish.
    """

    compiled: CompiledPlan
    records: list[Record]
    ends: MutableSequence[int]
    trails: list[Trail]
    errors: dict[int, RecordError] = field(default_factory=dict)
    finished: dict[int, Outcome] = field(default_factory=dict)
    moments: Moments = NOWHERE

    @property
    def program(self) -> Program:
        return self.compiled.program

    def outcome(self, index: int) -> Outcome:
        """Return the outcome of record `index`, path included."""
        if index in self.finished:
            return self.finished[index]
        error = self.errors.get(index)
        if error is not None:
            assert error.state is not None
            return Outcome(self.records[index], error.path, error.state, error)
        return Outcome(self.records[index], self.path(index), self.leaf_state(index))

    def outcomes(self) -> Iterator[Outcome]:
        return map(self.outcome, range(len(self.records)))

    def path(self, index: int) -> tuple[str, ...]:
        """Return the states of a successful record, in order."""
        if index in self.finished:
            return self.finished[index].path
        leaf = self.program.leaves[self.ends[index] - 1]
        trail = self.trails[index]
        return leaf.path if trail is None else self.program.behind(trail).then(leaf.path)

    def replace(self, index: int, again: RunChunk) -> None:
        """Put the only record of `again`, run from the same plan, in the place of `index`."""
        self.errors.pop(index, None)
        self.records[index], self.ends[index] = again.records[0], again.ends[0]
        self.trails[index] = again.trails[0]
        if 0 in again.errors:
            self.errors[index] = again.errors[0]
        if 0 in again.finished:
            self.finished[index] = again.finished[0]

    def leaf_state(self, index: int) -> str:
        """Return the end state of a successful record."""
        if index in self.finished:
            return self.finished[index].final_state
        return self.program.leaves[self.ends[index] - 1].state


class Engine:
    """A compiled plan. Keeps nothing between chunks, so one engine may serve several threads.

    `timing` does the waiting, and limits the time of records; a plan without either needs none.
    A process that has another way to do so may put its own there before the first record.
    """

    def __init__(self, plan: Plan, timing: Timing | None = None) -> None:
        check_timing(plan, timing)
        self.compiled: CompiledPlan = compile_plan(plan)
        self.plan = plan
        self.asks = plan.asks
        self.forgets = plan.memory == "none"  # else records have to come by in their order
        self.pushes = pushes_by_number(plan)
        self.timing = timing
        self.end_states: tuple[str, ...] = end_states(self.compiled)
        """The end state of each leaf: value k + 1 in `RunChunk.ends` means `end_states[k]`."""

    def run(self, records: list[Record], moments: Moments = NOWHERE) -> RunChunk:
        """Run records through a plan without async functions.

        `records` is taken over: its items are replaced by what becomes of them. `moments` goes by
        their indices.
        """
        chunk = self.attempt(records, moments)
        self.conclude(chunk)
        return chunk

    def attempt(
        self,
        records: list[Record],
        moments: Moments = NOWHERE,
        entrants: Entrants = Entrants.SHARED,
    ) -> RunChunk:
        """As `run`, but records that have failed may still be run again: see `conclude`.

        Those that nobody else has, the `entrants` tell it, may be changed.
        """
        compiled = self.compiled
        if entrants is Entrants.OWN and set(map(type, records)) <= {dict}:
            compiled = self._compiled_for_own
        chunk = self._new_chunk(compiled, records, moments)
        failed: list[Failed] = []
        asked = (moments,) if self.asks else ()
        compiled.run_chunk(enumerate(records), records, chunk.ends, chunk.trails, failed, *asked)
        left = chunk.ends.count(0) - len(failed)
        if left:
            raise left_unfinished(left, len(records))
        for noted in failed:
            steps = self._taken_up(chunk, noted)
            if steps is not None:
                self._settle(chunk, noted[0], drive(steps, self.timing))
        return chunk

    @cached_property
    def _compiled_for_own(self) -> CompiledPlan:
        """The plan for records that nobody else has; the same, where that makes no difference."""
        differs = entrants_matter(self.plan)
        return compile_plan(self.plan, Entrants.OWN) if differs else self.compiled

    def conclude(self, chunk: RunChunk, tell: Tell | None = None) -> None:
        """Do what the plan does for records that have failed for good: those of `chunk`.

        `tell` hears of each before its calls are made.
        """
        for index in sorted(chunk.errors) if self.plan.on_failure else ():
            if tell is not None:
                tell(index, chunk.errors[index].path)
            moment = chunk.moments.promise(index)
            conclude(self.plan, chunk.outcome(index), moment, self.timing)

    async def run_async(
        self, records: list[Record], concurrency: int, moments: Moments = NOWHERE
    ) -> RunChunk:
        """Run records through an async plan, at most `concurrency` of them at a time.

        Results stand in the records' order, whatever order the functions finish in.
        """
        chunk = await self.attempt_async(records, concurrency, moments)
        await self.conclude_async(chunk, concurrency)
        return chunk

    async def attempt_async(
        self, records: list[Record], concurrency: int, moments: Moments = NOWHERE
    ) -> RunChunk:
        """As `run_async`, but records that have failed may still be run again."""
        chunk = self._new_chunk(self.compiled, records, moments)
        failed: list[Failed] = []
        todo = enumerate(records)
        run = self.compiled.run_chunk
        asked = (moments,) if self.asks else ()
        async with standard.asyncio.TaskGroup() as tasks:
            for _ in range(min(concurrency if self.forgets else 1, len(records))):
                tasks.create_task(run(todo, records, chunk.ends, chunk.trails, failed, *asked))
        left = chunk.ends.count(0) - len(failed)
        if left:
            raise left_unfinished(left, len(records))
        await side_by_side((self._take_up(chunk, noted) for noted in failed), concurrency)
        return chunk

    def run_each(self, records: list[Record], tell: Tell, moments: Moments = NOWHERE) -> RunChunk:
        """Run records one by one, by the interpreter; `tell` hears of each before a call is made.

        What it gives is what `attempt` gives. Source: docs/semantics.md, its first lines.
        """
        chunk = self._new_chunk(self.compiled, records, moments)
        for index, record in enumerate(records):
            walk = ToldWalk(self.plan, record, partial(tell, index), moments.promise(index))
            outcome = finish(walk, self.timing)
            self._settle(chunk, index, without_frames(outcome))
        return chunk

    async def run_each_async(
        self, records: list[Record], tell: Tell, moments: Moments = NOWHERE
    ) -> RunChunk:
        """Run records one by one through an async plan, as `run_each` does."""
        chunk = self._new_chunk(self.compiled, records, moments)
        for index, record in enumerate(records):
            walk = ToldWalk(self.plan, record, partial(tell, index), moments.promise(index))
            outcome = await finish_async(walk, self.timing)
            self._settle(chunk, index, without_frames(outcome))
        return chunk

    async def conclude_async(
        self, chunk: RunChunk, concurrency: int, tell: Tell | None = None
    ) -> None:
        """As `conclude`, at most `concurrency` records at a time."""
        indices = sorted(chunk.errors) if self.plan.on_failure else ()
        await side_by_side((self._concluded(chunk, n, tell) for n in indices), concurrency)

    async def _concluded(self, chunk: RunChunk, index: int, tell: Tell | None) -> None:
        if tell is not None:
            tell(index, chunk.errors[index].path)
        moment = chunk.moments.promise(index)
        await conclude_async(self.plan, chunk.outcome(index), moment, self.timing)

    async def _take_up(self, chunk: RunChunk, noted: Failed) -> None:
        steps = self._taken_up(chunk, noted)
        if steps is not None:
            self._settle(chunk, noted[0], await drive_async(steps, self.timing))

    def _new_chunk(
        self, compiled: CompiledPlan, records: list[Record], moments: Moments
    ) -> RunChunk:
        count = len(records)
        small = len(self.end_states) < 255
        ends = bytearray(count) if small else array("L", bytes(count * array("L").itemsize))
        return RunChunk(compiled, records, ends, [None] * count, moments=moments)

    def _taken_up(self, chunk: RunChunk, noted: Failed) -> Steps[Outcome] | None:
        """Return how a record goes on, which the generated function gave up; None if not."""
        index, error, traceback, record, trail, *kept = noted
        if isinstance(error, HandOver):
            return self._walk(chunk, noted).steps()
        failure = error.with_traceback(traceback)
        failed = locate(chunk.compiled, failure, record, trail)
        steps = self._recovery(chunk, failed, failure, noted) if kept else None
        if steps is None:
            chunk.records[index] = record
            chunk.errors[index] = failed
        return steps

    def _recovery(
        self, chunk: RunChunk, failed: RecordError, failure: Exception, noted: Failed
    ) -> Steps[Outcome] | None:
        _, _, _, record, trail, *kept = noted
        origin = origin_of(chunk.compiled, failure)
        frames = self._frames(chunk, trail, kept)
        is_at_state = origin.site.role != HANDING_BACK
        own = kept[0] if is_at_state and self.plan.states[origin.at].recovery else None
        if own is None and not any(frame.state.recovery for frame in frames):
            return None
        walk = Walk(
            self.plan,
            record,
            at=origin.at,
            path=failed.path,
            transitions=len(failed.path) - 1,
            moment=kept[1] if self.asks else NO_PROMISE.copy(),
            frames=frames,
        )
        return walk.steps_after(failed, own)

    def _frames(self, chunk: RunChunk, trail: Trail, kept: Sequence[Any]) -> tuple[Frame, ...]:
        if len(kept) < 3:
            return ()
        return frames_of(kept[2], chunk.program.behind(trail), self.pushes)

    def _walk(self, chunk: RunChunk, noted: Failed) -> Walk:
        _, hand_over, _, record, trail, *kept = noted
        path = tuple(chunk.program.behind(trail).path)
        behind = hand_over.transitions
        return Walk(
            self.plan,
            record,
            at=hand_over.state,
            path=path,
            transitions=len(path) if behind is None else behind,
            moment=hand_over.moment,
            frames=self._frames(chunk, trail, kept),
        )

    def _settle(self, chunk: RunChunk, index: int, outcome: Outcome) -> None:
        chunk.records[index] = outcome.data
        if outcome.error is not None:
            chunk.errors[index] = outcome.error
            return
        chunk.finished[index] = outcome
        chunk.ends[index] = self.end_states.index(outcome.final_state) + 1


def left_unfinished(left: int, count: int) -> UsageError:
    """Return the error of records that neither ended nor failed: none may be taken for done.

    A task that is cancelled ends without a word, and a function can cancel the task it runs in.
    """
    return UsageError(
        "a function cancelled the task that it runs in, and left records unfinished "
        f"({left} of {count}); let it raise an exception instead"
    )


def without_frames(outcome: Outcome) -> Outcome:
    """Let go of an error's traceback: all that a record's functions made hangs on its frames.

    One of them holds the error in turn, so that it would wait for the garbage collector.
    """
    if outcome.error is not None and outcome.error.__cause__ is not None:
        # Of a frozen dataclass, which an author's exception may be, nothing can be assigned.
        BaseException.with_traceback(outcome.error.__cause__, None)
    return outcome


def end_states(compiled: CompiledPlan) -> tuple[str, ...]:
    """Return the end state of each leaf, then those that only the interpreter leads to."""
    plan = compiled.plan
    leaves = [leaf.state for leaf in compiled.program.leaves]
    if plan.recovers or plan.needs_timing:
        ends = [state.name for state in plan.own_states if state.is_end]
        leaves += [name for name in ends if name not in leaves]
    return tuple(leaves)


async def side_by_side(work: Iterable[Coroutine[Any, Any, None]], concurrency: int) -> None:
    """Await all of `work`, at most `concurrency` at a time, begun in its order."""
    todo = iter(work)

    async def some() -> None:
        for each in todo:
            await each

    async with standard.asyncio.TaskGroup() as tasks:
        for _ in range(concurrency):
            tasks.create_task(some())
