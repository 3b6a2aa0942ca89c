"""Engine: runs chunks of records through a compiled plan and says what became of each."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Iterator, MutableSequence
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType

from statepipe.codegen.compile import CompiledPlan, HandOver, compile_plan
from statepipe.codegen.locate import locate
from statepipe.codegen.program import Program, Trail
from statepipe.errors import RecordError, UsageError
from statepipe.functions.moment import NOWHERE, Moments
from statepipe.plan.interpret import Walk, finish, finish_async
from statepipe.plan.model import Plan
from statepipe.plan.told import ToldWalk
from statepipe.record import Outcome, Record

Failed = tuple[int, "Exception | HandOver", TracebackType | None, Record, Trail]
"""As the generated function notes it. An error that was raised again since has lost the traceback
that it had here."""

Tell = Callable[[int, tuple[str, ...]], None]
"""Takes a record's index, and its path so far."""


@dataclass(slots=True)
class RunChunk:
    """A chunk that has been run.

    `records`, `ends` and `trails` go by the record's index in the chunk: `records[i]` is the
    data at the end state, or where it failed; `ends[i]` is 0 if it failed, else a leaf's number
    plus 1. `errors` holds what failed, and `finished` what the interpreter had to finish.
    """

    program: Program
    records: list[Record]
    ends: MutableSequence[int]
    trails: list[Trail]
    errors: dict[int, RecordError] = field(default_factory=dict)
    finished: dict[int, Outcome] = field(default_factory=dict)

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
        return (*self.program.path_behind(self.trails[index]), *leaf.path)

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
        return self.program.leaves[self.ends[index] - 1].state


class Engine:
    """A compiled plan. Keeps nothing between chunks, so one engine may serve several threads."""

    def __init__(self, plan: Plan) -> None:
        self.compiled: CompiledPlan = compile_plan(plan)
        self.plan = plan
        self.asks = plan.asks
        program = self.compiled.program
        self.end_states: tuple[str, ...] = tuple(leaf.state for leaf in program.leaves)
        """The end state of each leaf: value k + 1 in `RunChunk.ends` means `end_states[k]`."""

    def run(self, records: list[Record], moments: Moments = NOWHERE) -> RunChunk:
        """Run records through a plan without async functions.

        `records` is taken over: its items are replaced by what becomes of them. `moments` goes by
        their indices.
        """
        chunk = self._new_chunk(records)
        failed: list[Failed] = []
        asked = (moments,) if self.asks else ()
        todo = enumerate(records)
        self.compiled.run_chunk(todo, records, chunk.ends, chunk.trails, failed, *asked)
        check_all_done(chunk, failed)
        for index, error, traceback, record, trail in failed:
            if isinstance(error, HandOver):
                self._settle(chunk, index, finish(self._walk(error, record, trail)))
            else:
                self._fail(chunk, index, error.with_traceback(traceback), record, trail)
        return chunk

    async def run_async(
        self, records: list[Record], concurrency: int, moments: Moments = NOWHERE
    ) -> RunChunk:
        """Run records through an async plan, at most `concurrency` of them at a time.

        Results stand in the records' order, whatever order the functions finish in.
        """
        chunk = self._new_chunk(records)
        failed: list[Failed] = []
        todo = enumerate(records)
        run = self.compiled.run_chunk
        asked = (moments,) if self.asks else ()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(concurrency, len(records))):
                tasks.create_task(run(todo, records, chunk.ends, chunk.trails, failed, *asked))
        check_all_done(chunk, failed)
        for index, error, traceback, record, trail in failed:
            if isinstance(error, HandOver):
                walk = self._walk(error, record, trail)
                self._settle(chunk, index, await finish_async(walk))
            else:
                self._fail(chunk, index, error.with_traceback(traceback), record, trail)
        return chunk

    def run_each(self, records: list[Record], tell: Tell, moments: Moments = NOWHERE) -> RunChunk:
        """Run records one by one, by the interpreter; `tell` hears of each before a call is made.

        What it gives is what `run` gives. Source: docs/semantics.md, its first lines.
        """
        chunk = self._new_chunk(records)
        for index, record in enumerate(records):
            outcome = finish(
                ToldWalk(self.plan, record, partial(tell, index), moments.promise(index))
            )
            self._settle(chunk, index, without_frames(outcome))
        return chunk

    async def run_each_async(
        self, records: list[Record], tell: Tell, moments: Moments = NOWHERE
    ) -> RunChunk:
        """Run records one by one through an async plan, as `run_each` does."""
        chunk = self._new_chunk(records)
        for index, record in enumerate(records):
            outcome = await finish_async(
                ToldWalk(self.plan, record, partial(tell, index), moments.promise(index))
            )
            self._settle(chunk, index, without_frames(outcome))
        return chunk

    def _new_chunk(self, records: list[Record]) -> RunChunk:
        program = self.compiled.program
        count = len(records)
        small = len(program.leaves) < 255
        ends = bytearray(count) if small else array("L", bytes(count * array("L").itemsize))
        return RunChunk(program, records, ends, [None] * count)

    def _walk(self, hand_over: HandOver, record: Record, trail: Trail) -> Walk:
        path = self.compiled.program.path_behind(trail)
        return Walk(
            self.plan,
            record,
            at=hand_over.state,
            path=path,
            transitions=hand_over.transitions,
            moment=hand_over.moment,
        )

    def _settle(self, chunk: RunChunk, index: int, outcome: Outcome) -> None:
        chunk.records[index] = outcome.data
        if outcome.error is not None:
            chunk.errors[index] = outcome.error
            return
        chunk.finished[index] = outcome
        chunk.ends[index] = self.end_states.index(outcome.final_state) + 1

    def _fail(
        self, chunk: RunChunk, index: int, error: Exception, record: Record, trail: Trail
    ) -> None:
        chunk.records[index] = record
        chunk.errors[index] = locate(self.compiled, error, record, trail)


def check_all_done(chunk: RunChunk, failed: list[Failed]) -> None:
    """Raise UsageError if a record neither ended nor failed: none may be taken for done.

    A task that is cancelled ends without a word, and a function can cancel the task it runs in.
    """
    left = chunk.ends.count(0) - len(failed)
    if left:
        raise UsageError(
            "a function cancelled the task that it runs in, and left records unfinished "
            f"({left} of {len(chunk.records)}); let it raise an exception instead"
        )


def without_frames(outcome: Outcome) -> Outcome:
    """Let go of an error's traceback: all that a record's functions made hangs on its frames.

    One of them holds the error in turn, so that it would wait for the garbage collector.
    """
    if outcome.error is not None and outcome.error.__cause__ is not None:
        outcome.error.__cause__.__traceback__ = None
    return outcome
