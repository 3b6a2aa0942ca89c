"""Tests of the simulated disk: what it does while it has power, and what is left after."""

from __future__ import annotations

import errno
from collections import Counter
from pathlib import Path

import pytest

from statepipe.ports.filesystem import FileSystem
from statepipe.testing import Operation, SimulatedCrashError, SimulatedDisk


def written(disk: SimulatedDisk, path: str, *pieces: bytes, synced: int = 0) -> None:
    """Write a new file, and sync it after the first `synced` pieces."""
    file = disk.open_partial(path)
    for number, piece in enumerate(pieces, start=1):
        file.write(piece)
        if number == synced:
            file.sync()
    file.close()


def left(disk: SimulatedDisk, path: str, seeds: int = 200) -> set[bytes | None]:
    """Return all that may be left of a file after a power loss."""
    return {disk.after_power_loss(seed).files().get(path) for seed in range(seeds)}


def test_it_is_a_file_system() -> None:
    disk = SimulatedDisk()
    files: FileSystem = disk
    written(disk, "/d/a", b"one", b"two")
    again = files.open_again("/d/a")
    again.seek(1)
    middle, size = again.read(3), again.size()
    again.truncate(2)
    again.write(b"X")
    files.replace("/d/a", "/d/b")

    assert (middle, size) == (b"net", 6)
    assert disk.files() == {"/d/b": b"onX"}
    assert files.exists("/d/b") and not files.exists("/d/a")
    files.remove("/d/b")
    with pytest.raises(FileNotFoundError):
        files.open_again("/d/b")


def test_an_open_file_is_locked_until_it_is_closed() -> None:
    disk = SimulatedDisk()
    file = disk.open_partial("/d/a")
    with pytest.raises(BlockingIOError):
        disk.open_again("/d/a")
    file.close()

    disk.open_again("/d/a").close()


def test_a_new_file_is_empty() -> None:
    disk = SimulatedDisk()
    disk.put("/d/a", b"old")
    disk.open_partial("/d/a").close()

    assert disk.files() == {"/d/a": b""}
    assert left(disk, "/d/a") == {b"old", b""}


def test_what_it_does_not_have_is_read_from_the_machine(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"theirs")
    file = SimulatedDisk().open_read(str(tmp_path / "in"))

    assert file.read(10) == b"theirs"
    file.close()


def test_of_unsynced_bytes_any_prefix_is_left() -> None:
    disk = SimulatedDisk()
    written(disk, "/d/a", b"12", b"34", b"56", synced=1)
    disk.sync_folder("/d")
    found = left(disk, "/d/a")

    assert {b"12", b"123", b"1234", b"12345", b"123456"} <= found
    assert all(each is not None and each.startswith(b"12") for each in found)
    assert all(b"123456".startswith((each or b"").rstrip(b"\0")) for each in found)
    assert b"12\0\0" in found


def test_an_unsynced_truncation_happened_or_not() -> None:
    disk = SimulatedDisk()
    disk.put("/d/a", b"123456")
    file = disk.open_again("/d/a")
    file.truncate(2)
    file.write(b"xy")
    file.close()

    assert left(disk, "/d/a") >= {b"123456", b"12", b"12x", b"12xy", b"12xy56", b"12x456"}


def test_names_vanish_until_their_folder_is_synced() -> None:
    disk = SimulatedDisk()
    written(disk, "/d/a", b"1", synced=1)
    before = left(disk, "/d/a")
    disk.sync_folder("/other")
    still = left(disk, "/d/a")
    disk.sync_folder("/d")

    assert before == still == {None, b"1"}
    assert left(disk, "/d/a") == {b"1"}


def test_a_rename_is_undone_or_done_whole_until_its_folder_is_synced() -> None:
    disk = SimulatedDisk()
    written(disk, "/d/new", b"new", synced=1)
    disk.put("/d/old", b"old")
    disk.sync_folder("/d")
    disk.replace("/d/new", "/d/old")
    found = [disk.after_power_loss(seed).files() for seed in range(50)]
    disk.sync_folder("/d")

    assert {"/d/new": b"new", "/d/old": b"old"} in found
    assert {"/d/old": b"new"} in found
    assert len({tuple(sorted(each.items())) for each in found}) == 2
    assert left(disk, "/d/new") == {None}


def test_a_killed_process_loses_nothing_and_still_may() -> None:
    disk = SimulatedDisk()
    written(disk, "/d/a", b"1")
    disk.open_again("/d/a")
    killed = disk.after_kill(seed=0)
    killed.open_again("/d/a").close()

    assert killed.files() == {"/d/a": b"1"}
    assert left(killed, "/d/a") == {None, b"", b"1", b"\0"}


def test_after_the_crash_nothing_works_and_files_can_be_closed() -> None:
    disk = SimulatedDisk(crash_at=2)
    file = disk.open_partial("/d/a")
    with pytest.raises(SimulatedCrashError, match="the power went at operation 2, write /d/a"):
        file.write(b"1")
    for call in (file.sync, file.size, lambda: file.read(1), lambda: disk.exists("/d/a")):
        with pytest.raises(SimulatedCrashError):
            call()
    file.close()

    assert disk.crashed_at == Operation(2, "write", "/d/a", 1)
    assert [each.kind for each in disk.operations] == ["create", "write"]


def test_the_operation_of_the_crash_has_its_effect_or_not() -> None:
    found = Counter()
    for seed in range(50):
        disk = SimulatedDisk(seed, crash_at=1)
        with pytest.raises(SimulatedCrashError):
            disk.open_partial("/d/a")
        found[len(disk.files())] += 1

    assert found[0] > 10 and found[1] > 10


def no_room(operation: Operation) -> OSError | None:
    return OSError(errno.ENOSPC, "full") if operation.kind in ("write", "sync") else None


def test_a_write_that_fails_has_written_a_part() -> None:
    found = set()
    for seed in range(50):
        disk = SimulatedDisk(seed, fault=no_room)
        file = disk.open_partial("/d/a")
        with pytest.raises(OSError, match="full"):
            file.write(b"123")
        found.add(disk.files()["/d/a"])

    assert found == {b"", b"1", b"12", b"123"}


def test_an_fsync_that_failed_has_lost_what_the_next_one_says_is_durable() -> None:
    disk = SimulatedDisk()
    file = disk.open_partial("/d/a")
    disk.sync_folder("/d")
    file.write(b"12")
    disk.fault = no_room
    with pytest.raises(OSError, match="full"):
        file.sync()
    disk.fault = lambda operation: None
    file.write(b"34")
    file.sync()

    assert disk.files() == {"/d/a": b"1234"}
    assert left(disk, "/d/a") == {b"\0\x0034"}
