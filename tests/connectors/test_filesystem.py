"""Tests of the machine's own files."""

from __future__ import annotations

import os
import pickle
import stat
import threading
import time
from pathlib import Path

import pytest

from statepipe.connectors.filesystem import LocalFile, LocalFiles, SystemClock

FILES = LocalFiles()


def test_a_file_is_read_from_where_it_was_sought(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    file = FILES.open_read(str(path))
    file.seek(4)

    assert (file.read(3), file.read(99), file.read(99)) == (b"456", b"789", b"")
    file.close()
    file.close()
    assert file.read(1) == b""


def test_a_second_writer_is_locked_out_until_the_first_is_done(tmp_path: Path) -> None:
    path = str(tmp_path / ".a.partial")
    first = FILES.open_partial(path)
    first.write(b"first")

    with pytest.raises(BlockingIOError):
        FILES.open_partial(path)
    assert Path(path).read_bytes() == b"first"

    first.close()
    FILES.open_partial(path).close()
    assert Path(path).read_bytes() == b""


def test_a_file_that_was_renamed_while_its_lock_was_awaited_is_not_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    partial, target = str(tmp_path / ".a.partial"), str(tmp_path / "a")
    first = FILES.open_partial(partial)
    first.write(b"whole")
    real_open = os.open

    def rename_after_open(path: str, flags: int, mode: int = 0o777) -> int:
        descriptor = real_open(path, flags, mode)
        monkeypatch.undo()
        os.replace(partial, target)
        first.close()
        return descriptor

    monkeypatch.setattr(os, "open", rename_after_open)
    FILES.open_partial(partial).close()

    assert Path(target).read_bytes() == b"whole"


def test_replacing_keeps_the_mode_of_the_file_that_was_there(tmp_path: Path) -> None:
    source, target = tmp_path / "new", tmp_path / "old"
    source.write_bytes(b"new")
    target.write_bytes(b"old")
    target.chmod(0o640)
    FILES.replace(str(source), str(target))

    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert not source.exists()


def test_only_a_regular_file_is_replaced(tmp_path: Path) -> None:
    source, target = tmp_path / "new", tmp_path / "pipe"
    source.touch()
    os.mkfifo(target)

    with pytest.raises(OSError, match="it is no regular file"):
        FILES.replace(str(source), str(target))
    assert target.is_fifo()


def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    previous = os.umask(0o027)
    try:
        FILES.open_partial(str(tmp_path / "a")).close()
    finally:
        os.umask(previous)

    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_pipe_gives_what_is_there() -> None:
    read_end, write_end = os.pipe()
    file = LocalFile(read_end)
    os.write(write_end, b"ab")

    assert file.read(1 << 20) == b"ab"
    os.close(write_end)
    assert file.read(1 << 20) == b""
    file.close()


def test_closing_wakes_a_read_that_waits_for_a_pipe() -> None:
    read_end, write_end = os.pipe()
    file = LocalFile(read_end)
    given: list[bytes] = []
    reader = threading.Thread(target=lambda: given.append(file.read(10)), daemon=True)
    reader.start()
    time.sleep(0.05)
    threading.Thread(target=file.close, daemon=True).start()
    reader.join(timeout=5)

    assert given == [b""]
    os.close(write_end)


def test_all_of_a_large_write_arrives_through_a_pipe() -> None:
    read_end, write_end = os.pipe()
    file = LocalFile(write_end)
    data = os.urandom(1 << 20)
    writer = threading.Thread(target=lambda: (file.write(data), file.close()))
    writer.start()
    with os.fdopen(read_end, "rb") as stream:
        received = stream.read()
    writer.join()

    assert received == data


def test_a_descriptor_is_given_back_when_the_file_is_closed(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        FILES.open_read(str(tmp_path / "a")).close()
        read_end, write_end = os.pipe()
        LocalFile(read_end).close()
        os.close(write_end)

    assert len(os.listdir("/proc/self/fd")) == before


def test_the_clock_goes_forward_and_knows_the_date() -> None:
    clock = SystemClock()
    first = clock.monotonic_s()

    assert clock.monotonic_s() >= first
    assert abs(clock.now_s() - time.time()) < 5


def test_local_files_go_to_workers() -> None:
    assert isinstance(pickle.loads(pickle.dumps(FILES)), LocalFiles)


def test_a_link_at_a_partial_files_name_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_bytes(b"theirs")
    (tmp_path / "partial").symlink_to(tmp_path / "theirs")

    for opened in (LocalFiles().open_partial, LocalFiles().open_again):
        with pytest.raises(OSError, match="partial is a link, and is not followed: remove it"):
            opened(str(tmp_path / "partial"))
    assert (tmp_path / "theirs").read_bytes() == b"theirs"
