"""SimulatedStore: a checkpoint on a simulated disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from statepipe.connectors.checkpoint_document import document_of, saved_of
from statepipe.errors import CheckpointError
from statepipe.saved import Saved
from statepipe.testing.disk import KeptCheckpoint, SimulatedDisk


class SimulatedStore:
    """A `CheckpointStore` that is one document: each save is one operation, done or not done."""

    def __init__(self, disk: SimulatedDisk, directory: str, *, take_over: bool = False) -> None:
        """Open the checkpoint of `directory`; CheckpointError if another store has it."""
        if directory in disk.holders and not take_over:
            raise CheckpointError(f"another store has the checkpoint {directory}")
        disk.holders[directory] = self
        self._disk = disk
        self._directory = directory

    def load(self) -> Saved | None:
        """Return what was saved last; None if nothing was."""
        document = self._kept.document
        return saved_of(document) if document else None

    def failures(self) -> Mapping[int, bytes]:
        """Return the failures that were saved, by their ordinal."""
        return self._kept.failures

    def save(self, saved: Saved, failures: Mapping[int, bytes]) -> None:
        """Replace what was saved, and add `failures`. CheckpointError, also at a crash."""
        kept = self._kept
        self._keep(
            replace(kept, document=document_of(saved), failures={**kept.failures, **failures})
        )

    def suspects(self) -> Mapping[int, int]:
        """Return the deliveries of each suspect, by its position."""
        return {at: count for at, count in self._kept.suspects.items() if count}

    def note(self, position: int, count: int) -> None:
        """Note a suspect's deliveries. CheckpointError, also at a crash."""
        kept = self._kept
        self._keep(replace(kept, suspects={**kept.suspects, position: count}))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Refuse as `save` does, before. (There are no other processes.)"""
        self._check_owned()
        yield

    def close(self) -> None:
        """Let another store have it. Safe to call more than once."""
        if self._disk.holders.get(self._directory) is self:
            del self._disk.holders[self._directory]

    @property
    def _kept(self) -> KeptCheckpoint:
        return self._disk.checkpoints.get(self._directory, KeptCheckpoint())

    def _keep(self, kept: KeptCheckpoint) -> None:
        self._check_owned()
        try:
            self._disk.act("save", self._directory, lambda: self._put(kept))
        except OSError as exc:
            raise CheckpointError(f"cannot save to {self._directory}: {exc.strerror}") from exc

    def _check_owned(self) -> None:
        if self._disk.holders.get(self._directory) is not self:
            raise CheckpointError(f"another store has taken over {self._directory}")

    def _put(self, kept: KeptCheckpoint) -> None:
        self._disk.checkpoints[self._directory] = kept
