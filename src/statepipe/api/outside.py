"""Outside: what a machine meets of the world: files, time, chance, and a place for checkpoints."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field

from statepipe.connectors.filesystem import LocalFiles, SystemClock, SystemRandomness
from statepipe.ports.checkpoint_store import CheckpointStore
from statepipe.ports.clock import Clock, Randomness
from statepipe.ports.filesystem import FileSystem
from statepipe.run.checkpoint import CommitLimits

OpenStore = Callable[..., CheckpointStore]
"""As `checkpoint_db`: called with a directory, and `take_over`."""


def checkpoint_db(directory: str, *, take_over: bool = False) -> CheckpointStore:
    """Open the checkpoint in `directory`. SQLite is loaded here, not where no run has one."""
    module = importlib.import_module("statepipe.connectors.checkpoint_db")
    store: CheckpointStore = module.CheckpointDb(directory, take_over=take_over)
    return store


@dataclass(frozen=True, slots=True)
class Outside:
    """The machine's own world, unless a test puts another in its place.

    `open_store` opens a checkpoint's directory. Set by `statepipe.testing.outside`.
    """

    files: FileSystem = field(default_factory=LocalFiles)
    clock: Clock = field(default_factory=SystemClock)
    randomness: Randomness = field(default_factory=SystemRandomness)
    open_store: OpenStore = checkpoint_db
    commit_limits: CommitLimits = field(default_factory=CommitLimits)
