"""Checkpointing: what a caller asked for about the checkpoint of a stream."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from statepipe.api.outside import OpenStore
from statepipe.errors import UsageError
from statepipe.ports.checkpoint_store import CheckpointStore
from statepipe.run.checkpoint import check_same
from statepipe.saved import Phase, Saved

OUTPUTS = "outputs"
"""The setting that names all outputs."""


@dataclass(frozen=True, slots=True)
class Checkpointing:
    """The arguments of `process_stream` about its checkpoint.

    `accept_changes`: go on although config or source are not what they were. `take_over`: from a
    process that hangs.
    """

    directory: str
    accept_changes: bool = False
    take_over: bool = False

    def opened(self, open_store: OpenStore) -> CheckpointStore:
        """Open the checkpoint, which locks it. Raises CheckpointError."""
        return open_store(self.directory, take_over=self.take_over)

    def check(self, saved: Saved, source: Mapping[str, str], settings: Mapping[str, str]) -> None:
        """Raise UsageError where a run cannot go on from `saved`, or should not unasked."""
        check_outputs(saved.settings, settings, self.directory)
        if self.accept_changes and saved.phase is Phase.RUNNING:
            return
        check_same(saved.settings, settings, what="flow", directory=self.directory)
        check_same(saved.source, source, what="source", directory=self.directory)


def check_outputs(saved: Mapping[str, str], now: Mapping[str, str], directory: str) -> None:
    """Raise UsageError if the outputs are others: what was written cannot be moved."""
    if saved.get(OUTPUTS) != now.get(OUTPUTS):
        raise UsageError(
            f"the checkpoint {directory} is of a run with other outputs: {saved.get(OUTPUTS)}, "
            f"not {now.get(OUTPUTS)}. Give the same ones, or another checkpoint directory"
        )


def check_checkpoint(
    given: object, accept_changes: object, take_over: object
) -> Checkpointing | None:
    """Return the arguments about the checkpoint, resolved; raises UsageError."""
    for name, value in (("accept_changes", accept_changes), ("take_over", take_over)):
        if not isinstance(value, bool):
            raise UsageError(f"{name} must be True or False, not {value!r}")
        if value and given is None:
            raise UsageError(f"{name} is for a stream with a checkpoint")
    if given is None:
        return None
    if not isinstance(given, str | os.PathLike):
        raise UsageError(f"checkpoint must be the path of a directory, not {given!r}")
    return Checkpointing(os.fspath(given), bool(accept_changes), bool(take_over))
