"""Tests of the lock on a checkpoint directory."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

import pytest

from statepipe.connectors.checkpoint_lock import LOCK_NAME, locked, owner_of
from statepipe.errors import CheckpointError


def test_the_owner_is_named_while_it_holds_the_lock(tmp_path: Path) -> None:
    lock = locked(str(tmp_path))
    owners = [owner_of(str(tmp_path))]
    with pytest.raises(CheckpointError, match=f"process {os.getpid()} is working on"):
        locked(str(tmp_path))
    lock.release()
    lock.release()
    owners.append(owner_of(str(tmp_path)))

    assert owners == [os.getpid(), None]


def test_one_that_only_looks_locks_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking = os.open(tmp_path / LOCK_NAME, os.O_RDWR | os.O_CREAT)
    fcntl.flock(looking, fcntl.LOCK_SH)
    waits: list[float] = []

    def look_away(seconds: float) -> None:
        waits.append(seconds)
        fcntl.flock(looking, fcntl.LOCK_UN)

    monkeypatch.setattr(time, "sleep", look_away)
    locked(str(tmp_path)).release()
    os.close(looking)

    assert len(waits) == 1
