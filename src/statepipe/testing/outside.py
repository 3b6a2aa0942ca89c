"""outside: puts another world in the place of the machine's own, for a machine's streams."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from statepipe.api.outside import OpenStore
from statepipe.api.stages import Streaming
from statepipe.ports.clock import Clock, Randomness
from statepipe.ports.filesystem import FileSystem
from statepipe.run.checkpoint import CommitLimits
from statepipe.testing.disk import SimulatedDisk
from statepipe.testing.store import SimulatedStore

EVERY_CHUNK = CommitLimits(interval_s=0.0, open_bytes=1, behind_bytes=0)
"""Commits after each chunk, and waits for it: a stream then does the same in every run."""


def outside(
    fsm: Streaming[Any],  # of either kind
    *,
    files: FileSystem | None = None,
    clock: Clock | None = None,
    randomness: Randomness | None = None,
    open_store: OpenStore | None = None,
    commit_limits: CommitLimits | None = None,
) -> None:
    """Let the streams that `fsm` begins from now on meet what is given, and else what they did.

    `files` are those that are read and written, and for a `SimulatedDisk`, where checkpoints are
    kept. `open_store` opens a checkpoint: called with its directory, and `take_over`.
    `commit_limits` say how often streams with a checkpoint commit.
    """
    if isinstance(files, SimulatedDisk) and open_store is None:
        open_store = partial(SimulatedStore, files)
    given = {
        "files": files,
        "clock": clock,
        "randomness": randomness,
        "open_store": open_store,
        "commit_limits": commit_limits,
    }
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    for stage in fsm._stages:
        stage.outside = replace(stage.outside, **changes)
