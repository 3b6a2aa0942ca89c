"""Outside: what a machine meets of the world: files, time, chance, and a place for checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from statepipe.connectors.checkpoint_db import CheckpointDb
from statepipe.connectors.filesystem import LocalFiles, SystemClock, SystemRandomness
from statepipe.ports import CheckpointStore, Clock, FileSystem, Randomness
from statepipe.run.checkpoint import CommitLimits

OpenStore = Callable[..., CheckpointStore]
"""As `CheckpointDb`: called with a directory, and `take_over`."""


@dataclass(frozen=True, slots=True)
class Outside:
    """The machine's own world, unless a test puts another in its place.

    `open_store` opens a checkpoint's directory. Set by `statepipe.testing.outside`.
    """

    files: FileSystem = field(default_factory=LocalFiles)
    clock: Clock = field(default_factory=SystemClock)
    randomness: Randomness = field(default_factory=SystemRandomness)
    open_store: OpenStore = CheckpointDb
    commit_limits: CommitLimits = field(default_factory=CommitLimits)
