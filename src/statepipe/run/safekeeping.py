"""Safekeeping: a stream's side of its checkpoint: what it stands at, and when that is committed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from statepipe.errors import StatepipeError
from statepipe.run.bell import Bell
from statepipe.run.bookmark import Bookmark
from statepipe.run.chunk import ChunkResult
from statepipe.run.committing import Border, Committer, Facts
from statepipe.run.progress import Counters
from statepipe.run.saved_failures import failure_document
from statepipe.saved import Phase, Saved


class Safekeeping:
    """Commits the borders between chunks at which a stream stands.

    `at_border` is false while a chunk is on its way from being computed to being counted: then
    outputs or encoders are ahead of the counts, and nothing may be committed.
    """

    def __init__(
        self, committer: Committer, facts: Facts, counters: Counters, bookmark: Bookmark, bell: Bell
    ) -> None:
        self.committer = committer
        self.at_border = True
        self._facts = facts
        self._counters = counters
        self._bookmark = bookmark
        self._bell = bell

    async def go_on(self) -> bool:
        """Stand where an earlier run was left; return whether that was the end."""
        committer = self.committer
        if committer.resumed is None:
            return False
        self._counters.restore(committer.resumed.counts, committer.earlier_errors())
        self._bookmark.begin_at(committer.resumed.point)
        if committer.was_over:
            await self._bell.aside(committer.complete)
        return committer.was_over

    def begin(self) -> None:
        """Save that the run is under way. Its outputs are open."""
        self.committer.begin(self._border())

    def on_counted(self, result: ChunkResult) -> None:
        """Know that a result is written and counted: a border lies behind it."""
        self.committer.on_done(result.total, result.size)
        self.at_border = True

    @contextmanager
    def away(self) -> Iterator[None]:
        """Do what Ctrl-C may cut short anywhere: only if it comes to its end, the border holds."""
        before, self.at_border = self.at_border, False
        yield
        self.at_border = before

    async def commit_if_due(self) -> None:
        """Begin a commit if one is due; wait for the one under way if it is far behind."""
        with self.away():
            self.committer.commit_if_due(self._border)
        while self.committer.is_behind:
            await self._bell.wait(None)
            self.committer.check()

    def wait_s(self) -> float | None:
        """Return after how long a commit is due; None if none is."""
        return self.committer.wait_s()

    async def finish(self) -> None:
        """Make all outputs whole, and give them their names."""
        self.at_border = False
        border = self._border()
        await self._bell.aside(lambda: self.committer.finish(border))

    async def commit_rest(self, error: BaseException) -> None:
        """Commit where the stream stands, now that `error` ends it, if it stands at a border."""
        if not self.committer.may_commit or not self.at_border:
            return
        border = self._border()
        try:
            await self._bell.aside(lambda: self.committer.commit_now(border))
        except (StatepipeError, OSError) as failed:
            if failed is not error:
                error.add_note(f"and what was done last could not be committed: {failed}")

    def close(self) -> None:
        """Let go of the checkpoint. Safe to call more than once."""
        self.committer.close()

    @property
    def committed(self) -> int:
        """The records that are safe."""
        saved = self.committer.committed
        return saved.counts.total if saved is not None else 0

    def _border(self) -> Border:
        counts, errors = self._counters.save()
        saved = Saved(
            run_id=self._facts.run_id,
            began_s=self._facts.began_s,
            phase=Phase.RUNNING,
            counts=counts,
            point=self._bookmark.point,
            source=self._facts.source,
            settings=self._facts.settings,
            outputs=(),
        )
        return Border(saved, {ordinal: failure_document(each) for ordinal, each in errors.items()})
