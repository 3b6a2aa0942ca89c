"""When a checkpoint is saved, and what of a stream's numbers. Decides; touches nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from statepipe.errors import UsageError


@dataclass(frozen=True, slots=True)
class CommitLimits:
    """How much may be done and not committed.

    A commit is due `interval_s` after the last one, or when `open_bytes` of the source were done
    since. At `behind_bytes` the driver waits for the commit under way.
    """

    interval_s: float = 0.25
    open_bytes: int = 8 * 1024 * 1024
    behind_bytes: int = 64 * 1024 * 1024


@dataclass(slots=True)
class CommitPolicy:
    """Counts what is done and not committed, and says when the next commit is due."""

    last_s: float
    limits: CommitLimits = CommitLimits()
    open_records: int = 0
    open_bytes: int = 0

    def on_done(self, records: int, size: int) -> None:
        """Count a chunk that has been written."""
        self.open_records += records
        self.open_bytes += size

    def on_begun(self, now_s: float) -> None:
        """Note that a commit of all that is done begins."""
        self.last_s = now_s
        self.open_records = self.open_bytes = 0

    def due_in_s(self, now_s: float) -> float | None:
        """Return after how long a commit is due; None where there is nothing to commit."""
        if not self.open_records and not self.open_bytes:
            return None
        if self.open_bytes >= self.limits.open_bytes:
            return 0.0
        return max(0.0, self.last_s + self.limits.interval_s - now_s)

    @property
    def is_behind(self) -> bool:
        return self.open_bytes >= self.limits.behind_bytes


LONGEST = 300
"""A fact is shown before and after up to this many characters: a path is, a schema is not."""


def check_same(
    saved: Mapping[str, str], now: Mapping[str, str], *, what: str, directory: str
) -> None:
    """Raise UsageError naming what is not as it was when the checkpoint was saved."""
    changes = list(differences(saved, now))
    if changes:
        raise UsageError(
            f"the {what} is not the one of the checkpoint {directory}: {'; '.join(changes)}. "
            "Go on all the same with accept_changes=True or --accept-changes, "
            "or start over with another checkpoint directory"
        )


def differences(saved: Mapping[str, str], now: Mapping[str, str]) -> Iterable[str]:
    """Yield in words what differs between two mappings of facts."""
    for name in {**saved, **now}:
        before, after = saved.get(name), now.get(name)
        if before == after:
            continue
        if before is None:
            yield f"{name} is new"
        elif after is None:
            yield f"{name} is gone"
        elif max(len(before), len(after)) <= LONGEST and not is_digest(before):
            yield f"{name} was {before} and is {after}"
        else:
            yield f"{name} has changed"


def is_digest(text: str) -> bool:
    return len(text) >= 12 and all(char in "0123456789abcdef" for char in text)
