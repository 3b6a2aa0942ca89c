"""Tests of descriptors that forked children let go of."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from statepipe.connectors.checkpoint_lock import locked
from statepipe.connectors.filesystem import LocalFiles
from statepipe.errors import CheckpointError


def while_a_child_lives(act: Callable[[], None]) -> None:
    """Do something while a forked child does nothing."""
    context = multiprocessing.get_context("fork")
    begun, over = context.Event(), context.Event()

    def idle() -> None:
        begun.set()
        over.wait(20)

    child = context.Process(target=idle)
    child.start()
    assert begun.wait(20)
    try:
        act()
    finally:
        over.set()
        child.join()


def test_a_child_does_not_hold_the_lock_of_a_checkpoint(tmp_path: Path) -> None:
    lock = locked(str(tmp_path))

    def release_and_lock_again() -> None:
        with pytest.raises(CheckpointError):
            locked(str(tmp_path))
        lock.release()
        locked(str(tmp_path)).release()

    while_a_child_lives(release_and_lock_again)


def test_a_child_does_not_hold_the_lock_of_an_output(tmp_path: Path) -> None:
    files, path = LocalFiles(), str(tmp_path / ".out.partial")
    first = files.open_partial(path)

    def close_and_open_again() -> None:
        with pytest.raises(BlockingIOError):
            files.open_again(path)
        first.close()
        files.open_again(path).close()

    while_a_child_lives(close_and_open_again)


def test_what_is_closed_is_forgotten(tmp_path: Path) -> None:
    LocalFiles().open_partial(str(tmp_path / "a")).close()
    reused = os.open(tmp_path / "b", os.O_RDWR | os.O_CREAT)
    pid = os.fork()
    if not pid:
        os._exit(0 if os.write(reused, b"x") == 1 else 1)
    _, status = os.waitpid(pid, 0)
    os.close(reused)

    assert status == 0
