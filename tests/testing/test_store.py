"""Tests of the checkpoint on a simulated disk."""

from __future__ import annotations

from dataclasses import replace

import pytest

from statepipe.errors import CheckpointError
from statepipe.ports.checkpoint_store import CheckpointStore
from statepipe.saved import Phase, Saved, SavedCounts, SavedOutput
from statepipe.testing import SimulatedDisk, SimulatedStore

SAVED = Saved(
    "abc", 1.5, Phase.RUNNING, SavedCounts(total=3), None, {}, {}, (SavedOutput(1, 2, True, b"\0"),)
)


def test_what_was_saved_is_loaded_also_after_a_power_loss() -> None:
    disk = SimulatedDisk()
    store: CheckpointStore = SimulatedStore(disk, "/c")
    empty = store.load()
    store.save(SAVED, {0: b"first"})
    store.save(replace(SAVED, phase=Phase.DONE), {1: b"second"})
    again = SimulatedStore(disk.after_power_loss(seed=1), "/c")

    assert empty is None
    assert again.load() == replace(SAVED, phase=Phase.DONE)
    assert again.failures() == {0: b"first", 1: b"second"}


def test_suspects_are_noted_until_they_are_acquitted() -> None:
    disk = SimulatedDisk()
    store = SimulatedStore(disk, "/c")
    for position, count in ((7, 1), (9, 1), (7, 2), (9, 0)):
        store.note(position, count)
    store.save(SAVED, {})
    again = SimulatedStore(disk.after_kill(seed=1), "/c")

    assert again.suspects() == {7: 2}
    assert again.load() == SAVED
    assert [each.kind for each in disk.operations] == ["save"] * 5


def test_one_store_has_a_checkpoint_until_another_takes_it_over() -> None:
    disk = SimulatedDisk()
    first = SimulatedStore(disk, "/c")
    with pytest.raises(CheckpointError, match="another store has the checkpoint"):
        SimulatedStore(disk, "/c")
    second = SimulatedStore(disk, "/c", take_over=True)
    with pytest.raises(CheckpointError, match="has taken over"):
        first.save(SAVED, {})
    with pytest.raises(CheckpointError, match="has taken over"), first.held():
        pass
    with second.held():
        pass
    first.close()
    second.save(SAVED, {})
    second.close()

    assert SimulatedStore(disk, "/c").load() == SAVED


def test_a_save_at_the_crash_is_done_or_not_done() -> None:
    found = []
    for seed in range(40):
        disk = SimulatedDisk(seed, crash_at=1)
        with pytest.raises(CheckpointError, match="the power went at operation 1, save /c"):
            SimulatedStore(disk, "/c").save(SAVED, {})
        found.append(SimulatedStore(disk.after_power_loss(seed), "/c").load())

    assert SAVED in found and None in found
