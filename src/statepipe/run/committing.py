"""Committer: saves where a stream stands, behind the driver's back, in the one right order.

Outputs are written, marked, and fsynced; then the store is told, in one transaction; then it
counts as committed. Source: docs/guides/reliability.md, "What a commit is".
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from statepipe.errors import RecordError
from statepipe.ports.checkpoint_store import CheckpointStore
from statepipe.ports.clock import Clock
from statepipe.run.alarm import Alarm
from statepipe.run.bell import Bell
from statepipe.run.checkpoint import CommitLimits, CommitPolicy
from statepipe.run.durable_outlet import DurableOutlet, Mark
from statepipe.run.saved_failures import failure_of_document
from statepipe.saved import Phase, Saved, SavedOutput


@dataclass(frozen=True, slots=True)
class Facts:
    """What a run is, by which it is known again. `source` and `settings` as in `saved.Saved`."""

    run_id: str = ""
    began_s: float = 0.0
    source: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Border:
    """Where a stream stands between two chunks: all but its outputs, and failures not yet saved."""

    saved: Saved
    failures: Mapping[int, bytes]


@dataclass(frozen=True, slots=True)
class Commit:
    """A border to commit, with a mark in each output; None where an output holds nothing."""

    border: Border
    marks: list[Mark | None]


class Committer:
    """Commits borders one after the other, in a thread. `outlets` go by the sinks' numbers.

    `resumed` is where the stream goes on from, None for a new one. `committed` is what the store
    holds. `may_commit` while borders can be committed. What a commit raised is raised by `check`.
    """

    def __init__(
        self,
        store: CheckpointStore,
        outlets: Sequence[DurableOutlet],
        resumed: Saved | None,
        clock: Clock,
        bell: Bell,
        limits: CommitLimits,
    ) -> None:
        self.resumed = resumed
        self.committed = resumed
        self._store = store
        self._outlets = outlets
        self._clock = clock
        self._bell = bell
        self._policy = CommitPolicy(clock.monotonic_s(), limits)
        self._durable: list[SavedOutput | None] = [outlet.saved for outlet in outlets]
        self._jobs: deque[Commit | None] = deque()  # the first of them is being done
        self._came, self._went = Alarm(), Alarm()
        self._error: Exception | None = None
        self._thread: threading.Thread | None = None
        self.may_commit = False

    # -- a run that was over, or nearly -----------------------------------------------------

    @property
    def was_over(self) -> bool:
        """Whether an earlier run has written everything: at most names are to be given."""
        return self.resumed is not None and self.resumed.phase is not Phase.RUNNING

    def earlier_errors(self) -> dict[int, RecordError]:
        """Return the failures that the store kept, by their ordinal."""
        return {at: failure_of_document(text) for at, text in self._store.failures().items()}

    def complete(self) -> None:
        """Give the outputs of an earlier run their names, as far as it did not. Blocks."""
        assert self.resumed is not None
        if self.resumed.phase is Phase.FINISHING:
            for outlet, saved in zip(self._outlets, self.resumed.outputs, strict=True):
                if saved is not None:
                    outlet.complete(saved)
            self._store.save(replace(self.resumed, phase=Phase.DONE), {})

    # -- a run under way --------------------------------------------------------------------

    def begin(self, border: Border) -> None:
        """Save that the run is under way, with the outputs as they were left. Blocks."""
        self._save(border, self._durable, Phase.RUNNING)
        self.may_commit = True

    def on_done(self, records: int, size: int) -> None:
        """Count a chunk that was written since the last commit began."""
        self._policy.on_done(records, size)

    def wait_s(self) -> float | None:
        """Return after how long a commit is due; None while one is under way or none is needed."""
        if self._jobs:
            return None
        return self._policy.due_in_s(self._clock.monotonic_s())

    @property
    def is_behind(self) -> bool:
        """Whether so much is done and not committed that the commit under way must be awaited."""
        return self._policy.is_behind and bool(self._jobs)

    def commit_if_due(self, border: Callable[[], Border]) -> None:
        """Begin to commit the border where the stream stands, if it is time for that."""
        self.check()
        if self.wait_s() == 0.0:
            self._begin_commit(border())

    def check(self) -> None:
        """Raise what a commit raised."""
        if self._error is not None:
            raise self._error

    # -- the end ----------------------------------------------------------------------------

    def commit_now(self, border: Border) -> None:
        """Commit a border, and wait for it: the run ends early. Blocks."""
        self._await_commit()
        self.check()
        self._begin_commit(border)
        self._await_commit()
        self.check()

    def finish(self, border: Border) -> None:
        """Write the outputs' ends, save that they are whole, and give them their names. Blocks."""
        self._await_commit()
        self.check()
        self.may_commit = False  # an output that has its end takes no more marks
        whole = [outlet.finish() if outlet.is_open else None for outlet in self._outlets]
        self._save(border, whole, Phase.FINISHING)
        for outlet in self._outlets:
            if outlet.is_open:
                outlet.place()
        self._save(Border(border.saved, {}), whole, Phase.DONE)

    def close(self) -> None:
        """End the thread, and let go of the store. Safe to call more than once."""
        self._jobs.append(None)
        self._came.ring()  # also for a thread that an error kept from being known of
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._store.close()

    # -- the thread -------------------------------------------------------------------------

    def _begin_commit(self, border: Border) -> None:
        self._policy.on_begun(self._clock.monotonic_s())
        marks = [outlet.mark() if outlet.is_open else None for outlet in self._outlets]
        if self._thread is None:
            thread = threading.Thread(target=self._work, name="statepipe-commit", daemon=True)
            thread.start()
            self._thread = thread  # only now: Ctrl-C may come in between, and it is joined then
        self._jobs.append(Commit(border, marks))
        self._came.ring()

    def _await_commit(self) -> None:
        """Wait until no commit is under way. Blocks."""
        while self._jobs:
            self._came.ring()  # where an error came between a job and its ring
            self._went.wait()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                self._commit(job)
            except Exception as error:  # raised by the driver's next call
                self._error = error
            self._jobs.popleft()
            self._went.ring()
            self._bell.ring()

    def _next(self) -> Commit | None:
        while not self._jobs:
            self._came.wait()
        return self._jobs[0]

    def _commit(self, job: Commit) -> None:
        states = [mark.wait() if mark is not None else None for mark in job.marks]
        for outlet, before, state in zip(self._outlets, self._durable, states, strict=True):
            if state is not None and (before is None or state.length != before.length):
                outlet.sync()
        self._save(job.border, states, Phase.RUNNING)
        self._durable = states

    def _save(self, border: Border, outputs: Sequence[SavedOutput | None], phase: Phase) -> None:
        saved = replace(border.saved, outputs=tuple(outputs), phase=phase)
        self._store.save(saved, border.failures)
        self.committed = saved
