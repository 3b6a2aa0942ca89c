"""Stream: moves chunks from an intake through computing to the outlets. The same for all drivers.

Written as coroutines that wait only for a `Bell`: with a `ThreadBell` they never suspend.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from math import inf

from statepipe.errors import LifecycleError, StreamError, StreamTimeoutError
from statepipe.interruption import exposed
from statepipe.ports.clock import Clock
from statepipe.record import Position
from statepipe.run.awaiting import settled
from statepipe.run.bell import Bell
from statepipe.run.bookmark import Bookmark
from statepipe.run.chunk import ChunkResult
from statepipe.run.committing import Committer, Facts
from statepipe.run.computing import Computing, Done
from statepipe.run.dead_letters import DeadLetters
from statepipe.run.encoding import LateEncoding
from statepipe.run.intake import Intake
from statepipe.run.lives import alive_async
from statepipe.run.options import StreamConfig
from statepipe.run.outlets import Outlet
from statepipe.run.progress import Counters, OnProgress, Progress, StreamResult
from statepipe.run.restraint import Restraint
from statepipe.run.safekeeping import Safekeeping
from statepipe.run.underway import Weighed

PATIENCE_S = 0.02
"""How long sinks may hold back what they have while workers are busy with more."""


@dataclass(slots=True)
class Parts:
    """All that one stream is made of.

    `excluded` are the end states that emit nothing. `relative_lines`: each chunk counts its lines
    from 1. `late` encodes what workers could not. With a `committer` the stream can be left at
    any time and gone on with; `facts` are what must be the same then.
    """

    intake: Intake
    computing: Computing
    outlets: Sequence[Outlet]
    dead_letters: DeadLetters | None
    config: StreamConfig
    clock: Clock
    bell: Bell
    total_bytes: int | None = None
    on_progress: OnProgress | None = None
    excluded: frozenset[str] = frozenset()
    timeout_s: float | None = None
    relative_lines: bool = False
    late: LateEncoding | None = None
    committer: Committer | None = None
    facts: Facts = field(default_factory=Facts)


@exposed
async def told(on_progress: OnProgress, progress: Progress) -> None:
    await settled(on_progress(progress))


def tell_counts(error: BaseException, result: StreamResult) -> None:
    """Let an error that ended a stream tell what was done before: as `.result`, and in a note."""
    if not isinstance(error, Exception):
        return
    if vars(error).setdefault("result", result) is None:
        vars(error)["result"] = result
    if result.total_records:
        error.add_note(
            f"after {result.total_records} {'record' if result.total_records == 1 else 'records'}: "
            f"{result.successful} successful, {result.failed} failed"
        )


class Stream:
    """One run of a stream. `run` is called once."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.counters = Counters()
        written: list[Weighed] = [*parts.outlets]
        if parts.dead_letters is not None:
            written.append(parts.dead_letters)
        self.restraint = Restraint(parts.config, parts.intake, written, parts.clock)
        self._began_s = parts.clock.monotonic_s()
        self._ends_s = inf if parts.timeout_s is None else self._began_s + parts.timeout_s
        self._watch_due_s = 0.0
        self._ordered = parts.config.ordered or parts.computing.in_order
        self._bookmark = Bookmark(parts.relative_lines)
        self.keeping: Safekeeping | None = None
        if parts.committer is not None:
            self.keeping = Safekeeping(
                parts.committer, parts.facts, self.counters, self._bookmark, parts.bell
            )
        self._keeps_place = parts.committer is not None or parts.relative_lines
        self._held: dict[int, list[Done]] = {}
        self._next = 0

    async def run(self) -> StreamResult:
        """Move everything. On any error or cancellation nothing new stands under a final name.

        What a source iterator raises is raised after all that it gave before has been written.
        """
        try:
            async with alive_async(self.parts.computing.lives):
                await self._move_to_commit()
        except BaseException as error:
            await self._close()
            if isinstance(error, LifecycleError):
                tell_counts(error, self.result())
            if self.parts.computing.late_failure is not None:
                error.add_note(str(self.parts.computing.late_failure))
            raise
        await self._close()
        for failed in (self.parts.intake.error, self.parts.computing.late_failure):
            if failed is not None:
                tell_counts(failed, self.result())
                raise failed
        return self.result()

    async def _move_to_commit(self) -> None:
        try:
            if self.keeping is not None and await self.keeping.go_on():
                return
            await self._open()
            await self._move_all()
            await self._commit()
        except BaseException as error:
            await self._abort(error)
            tell_counts(error, self.result())
            if isinstance(error, StreamError):
                error.last_checkpoint = self.committed
            raise

    async def _close(self) -> None:
        try:
            self.parts.computing.close()
        finally:
            await self.parts.intake.close()
            if self.keeping is not None:
                self.keeping.close()

    async def _open(self) -> None:
        """Open everything: first what is written, so that nothing is read in vain."""
        parts = self.parts
        for outlet in parts.outlets:
            if self.keeping is None:
                outlet.open()
            else:  # it reads what an earlier run has written
                await parts.bell.aside(outlet.open)
        if parts.dead_letters is not None:
            parts.dead_letters.prepare()
        if self.keeping is not None:
            self.keeping.begin()
        parts.intake.open()
        parts.computing.start()
        self.restraint.start()

    async def _commit(self) -> None:
        error = self.parts.intake.error
        if error is not None and (self.keeping is not None or not self.parts.intake.keeps):
            raise error
        if self.keeping is not None:
            await self.keeping.finish()
            return
        for outlet in self.parts.outlets:
            await outlet.commit()
        if self.parts.dead_letters is not None:
            await self.parts.dead_letters.commit()

    async def _abort(self, error: BaseException) -> None:
        """Commit what is done, if that can be; then abort every outlet, whatever fails."""
        try:
            async with AsyncExitStack() as aborts:
                for outlet in self.parts.outlets:
                    aborts.push_async_callback(outlet.abort)
                if self.parts.dead_letters is not None:
                    aborts.push_async_callback(self.parts.dead_letters.abort)
                if self.keeping is not None:
                    # Comes first. Time may be up meanwhile, which cancels it; the rest follows.
                    aborts.push_async_callback(self.keeping.commit_rest, error)
        except Exception as failed:  # a sink object of the user's; `error` is what matters
            error.add_note(f"and a sink could not be aborted: {failed!r}")

    async def _move_all(self) -> None:
        self._watch()
        while True:
            self.parts.bell.heed()
            moved = await self._read_on()
            while self.parts.computing.busy and (done := self.parts.computing.take()) is not None:
                await self._finish(done)
                moved = True
            if self.parts.intake.ended and not self.parts.computing.busy:
                self._watch()  # the last chunk may have taken longer than the whole stream may
                return
            if self.keeping is not None:
                await self.keeping.commit_if_due()
            if not moved:
                await self._wait()
            elif self.parts.bell.is_shared:
                await self.parts.bell.breathe()
            if self.parts.clock.monotonic_s() >= self._watch_due_s:
                self._watch()

    async def _read_on(self) -> bool:
        """Submit what may be read and is ready; return whether anything was."""
        parts, moved = self.parts, False
        while parts.computing.room and not parts.intake.ended:
            if not self.restraint.may_read():
                break
            chunk = parts.intake.take()
            if chunk is None:
                break
            records, moved = len(chunk), True
            self.restraint.under_way.on_read(records, chunk.content)
            if self.keeping is not None:
                # What is computed at once may teach an encoder something that no output shows.
                self.keeping.at_border = False
            done = await parts.computing.submit(chunk, records)
            if done is not None:
                for result in done.results:
                    await self._settle(done, result)
                break
            if self.keeping is not None:
                self.keeping.at_border = True
        return moved

    async def _wait(self) -> None:
        """Wait for the bell. Let go of what sinks hold back where the source is slow, or waits."""
        holds_back = self.parts.computing.busy and not self.restraint.is_pausing
        patience_s = PATIENCE_S if holds_back else 0.0
        if await self.parts.bell.wait(patience_s):
            return
        if self.keeping is None:
            await self._flush()
        else:
            with self.keeping.away():
                await self._flush()
        waits = [self.restraint.wait_s()]
        if self.parts.timeout_s is not None:
            waits.append(self._ends_s - self.parts.clock.monotonic_s())
        if self.keeping is not None:
            waits.append(self.keeping.wait_s())
        await self.parts.bell.wait(min((wait for wait in waits if wait is not None), default=None))

    async def _flush(self) -> None:
        for outlet in self.parts.outlets:
            await outlet.flush()
        if self.parts.dead_letters is not None:
            await self.parts.dead_letters.flush()

    async def _finish(self, done: Done) -> None:
        """Write results that come in any order; in the chunks' order unless that is not asked."""
        self.restraint.under_way.on_computed(done)
        if not self._ordered:
            for result in done.results:
                await self._write(result)
        self._held.setdefault(done.number, []).append(done)
        while self._next in self._held:
            for ready in self._held.pop(self._next):
                for result in ready.results:
                    await self._settle(ready, result)
                if not ready.results:
                    self.restraint.under_way.on_taken(ready)
                if ready.last:
                    self._bookmark.on_chunk_end()
                self._next += ready.last

    async def _settle(self, done: Done, result: ChunkResult) -> None:
        """Count one result of a chunk whose forerunners have all been counted, and tell of it."""
        if self.keeping is not None:
            self.keeping.at_border = False
        if self._ordered:
            await self._write(result)
        if result.failures:
            await self._write_failures(result)
        self.counters.add(result)  # what has been written: a border lies behind it
        if self._keeps_place:
            self._bookmark.on_result(result)
        if self.keeping is not None:
            self.keeping.on_counted(result)
        if result is done.results[-1]:
            self.restraint.under_way.on_taken(done)
        if self.parts.on_progress is not None:
            await told(self.parts.on_progress, self.progress())

    async def _write(self, result: ChunkResult) -> None:
        if self.parts.late is not None:
            self.parts.late.apply(result)
        for outlet, output in zip(self.parts.outlets, result.outputs, strict=True):
            await outlet.write(output)

    async def _write_failures(self, result: ChunkResult) -> None:
        """Tell failures where they are in the whole source: a chunk knows only its own part."""
        for failure in result.failures:
            failure.line = self._bookmark.line_of(failure)
            index = self.counters.total + failure.index
            failure.error.position = Position(index, failure.offset, failure.line)
        if self.parts.dead_letters is not None:
            await self.parts.dead_letters.write(result.failures)

    def _watch(self) -> None:
        """Look at the time and at the memory, and set when that is due again."""
        now_s = self.parts.clock.monotonic_s()
        if now_s >= self.restraint.look_due_s:
            self.restraint.look(self.parts.computing.pids)
        if now_s >= self._ends_s:
            raise StreamTimeoutError(f"the stream took longer than {self.parts.timeout_s} s")
        self._watch_due_s = min(self.restraint.look_due_s, self._ends_s)

    def progress(self) -> Progress:
        """Return where the stream stands now."""
        return self.counters.progress(
            self.parts.clock.monotonic_s() - self._began_s,
            total_bytes=self.parts.total_bytes,
            load=self.restraint.load(),
            committed=self.committed,
            workers_replaced=self.parts.computing.replaced,
        )

    @property
    def committed(self) -> int | None:
        """The records that are safe in the checkpoint; None without one."""
        return self.keeping.committed if self.keeping is not None else None

    def result(self) -> StreamResult:
        """Return the counts as they stand now."""
        counters = self.counters
        duration = self.parts.clock.monotonic_s() - self._began_s
        excluded = self.parts.excluded
        load = self.restraint.load()
        letters, committer = self.parts.dead_letters, self.parts.committer
        resumed = committer.resumed if committer is not None else None
        done = counters.total - counters.resumed.total
        return StreamResult(
            total_records=counters.total,
            successful=counters.successful,
            failed=counters.failed,
            malformed=counters.malformed,
            emitted=counters.emitted,
            excluded_by_state={
                state: count for state, count in counters.by_state.items() if state in excluded
            },
            by_state=dict(counters.by_state),
            duration=duration,
            throughput=done / duration if duration > 0 else 0.0,
            errors=list(counters.errors),
            peak_memory_mb=load.peak_memory_mb,
            paused_s=load.paused_s,
            chunks=counters.chunks,
            dead_letters=letters.path if letters else None,
            failure_groups=list(counters.groups.values()),
            resumed_at=resumed.counts.total if resumed is not None else None,
            already_finished=committer is not None and committer.was_over,
            workers_replaced=self.parts.computing.replaced,
        )
