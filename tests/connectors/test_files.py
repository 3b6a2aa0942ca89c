"""Tests of file sources and of putting a whole file in place."""

from __future__ import annotations

import errno
import gzip
import os
import pickle
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from statepipe.connectors.file_writer import FileWriter, StreamPlace
from statepipe.connectors.files import FileSink, FileSource, partial_path
from statepipe.connectors.filesystem import LocalFile, LocalFiles
from statepipe.connectors.json_array import JsonArrayOutput
from statepipe.connectors.jsonl import JsonLinesInput, JsonLinesOutput
from statepipe.errors import SinkError, SourceError
from statepipe.ports.byte_source import ByteReader
from statepipe.ports.filesystem import File
from statepipe.ports.formats import Framing
from statepipe.ports.items import Item

FILES = LocalFiles()


class Counted(LocalFile):
    """A file that counts the writes to it."""

    writes = 0

    def write(self, data: bytes) -> None:
        self.writes += 1
        super().write(data)


def test_a_flush_with_nothing_waiting_writes_nothing(tmp_path: Path) -> None:
    file = Counted(os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT))
    writer = FileWriter(file, "out", Framing(), StreamPlace())
    writer.flush()
    writer.write(b"a\n")
    writer.flush()
    writer.flush()

    assert file.writes == 1
    assert (tmp_path / "out").read_bytes() == b"a\n"
    writer.abort()


class FullDisk:
    """A disk on which files can only have `free` more bytes, or one of its syncs fails."""

    def __init__(self, free: int, broken_sync: bool = False) -> None:
        self._free = free
        self._broken_sync = broken_sync
        self.syncs = 0

    def open_read(self, path: str) -> File:
        return FILES.open_read(path)

    def open_partial(self, path: str) -> File:
        return _FullFile(FILES.open_partial(path), self)

    def replace(self, source: str, target: str) -> None:
        FILES.replace(source, target)

    def remove(self, path: str) -> None:
        FILES.remove(path)

    def take(self, size: int) -> None:
        self._free -= size
        if self._free < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def sync(self) -> None:
        self.syncs += 1
        if self._broken_sync:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


class _FullFile:
    def __init__(self, file: File, disk: FullDisk) -> None:
        self._file = file
        self._disk = disk

    def read(self, size: int) -> bytes:
        return self._file.read(size)

    def write(self, data: bytes) -> None:
        self._disk.take(len(data))
        self._file.write(data)

    def seek(self, offset: int) -> None:
        self._file.seek(offset)

    def sync(self) -> None:
        self._disk.sync()
        self._file.sync()

    def close(self) -> None:
        self._file.close()


def lines_sink(path: Path, files: LocalFiles | FullDisk = FILES) -> FileSink:
    return FileSink(str(path), JsonLinesOutput(), files, path.suffix == ".gz")


def lines_source(path: Path) -> FileSource:
    compressed = path.suffix == ".gz"
    size = path.stat().st_size
    return FileSource(str(path), JsonLinesInput(), FILES, compressed, size, not compressed)


def items_of(reader: ByteReader) -> list[Item]:
    try:
        return [item for block in iter(reader.read, None) for item in block.items]
    finally:
        reader.close()


def test_the_final_name_shows_nothing_until_the_commit(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    writer = lines_sink(path).open()
    writer.write(b"new\n")
    writer.flush()

    assert path.read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == [".out.jsonl.partial", "out.jsonl"]

    writer.commit()
    assert path.read_text() == "new\n"
    assert os.listdir(tmp_path) == ["out.jsonl"]


def test_an_abort_leaves_nothing_and_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    writer = lines_sink(path).open()
    writer.write(b"new\n")
    writer.abort()
    writer.abort()

    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.jsonl"]


def test_an_abort_after_the_commit_does_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    writer = lines_sink(path).open()
    writer.commit()
    writer.abort()

    assert path.read_bytes() == b""


def test_what_a_killed_run_left_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    Path(partial_path(str(path))).write_text("left by a killed run, and longer")
    writer = lines_sink(path).open()
    writer.write(b"new\n")
    writer.commit()

    assert path.read_text() == "new\n"


def test_records_are_framed(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    for records, expected in (([], b"[\n]\n"), ([b"1", b"", b"2,\n3"], b"[\n1,\n2,\n3\n]\n")):
        writer = FileSink(str(path), JsonArrayOutput(), FILES, False).open()
        for data in records:
            writer.write(data)
        writer.commit()

        assert path.read_bytes() == expected


def test_small_writes_are_gathered(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    writer = lines_sink(path).open()
    partial = Path(partial_path(str(path)))
    for _ in range(255):
        writer.write(b"x" * 1024)

    assert partial.stat().st_size == 0
    writer.write(b"x" * 1024)
    assert partial.stat().st_size == 256 * 1024
    writer.abort()


def test_the_file_is_synced_before_it_is_renamed(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    disk = FullDisk(100, broken_sync=True)
    writer = lines_sink(path, disk).open()
    writer.write(b"new\n")
    with pytest.raises(SinkError) as caught:
        writer.commit()
    writer.abort()

    assert str(caught.value) == f"cannot write {path} after 4 bytes: Input/output error"
    assert disk.syncs == 1
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.jsonl"]


def test_a_full_disk_is_an_error_with_path_and_bytes_and_the_old_file_stays(
    tmp_path: Path,
) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    writer = lines_sink(path, FullDisk(300_000)).open()
    writer.write(b"x" * 270_000)
    with pytest.raises(SinkError) as caught:
        writer.write(b"x" * 270_000)
    writer.abort()

    assert str(caught.value) == f"cannot write {path} after 270000 bytes: No space left on device"
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.jsonl"]


LIMITED = """
import resource, signal, sys
from statepipe.connectors.filesystem import LocalFiles
from statepipe.connectors.formats import file_sink
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
writer = file_sink(sys.argv[1], files=LocalFiles()).open()
try:
    for _ in range(10):
        writer.write(b"x" * 99_999 + b"\\n")
        writer.flush()
except Exception as exc:
    print(exc)
writer.abort()
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs a limit on file sizes")
def test_a_real_limit_on_the_files_size_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True
    )

    assert run.stdout == f"cannot write {path} after 100000 bytes: File too large\n"
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.jsonl"]


def test_another_run_that_writes_the_same_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    writer = lines_sink(path).open()
    with pytest.raises(SinkError) as caught:
        lines_sink(path).open()
    writer.write(b"a\n")
    writer.commit()

    assert str(caught.value) == f"another run is writing to {path}"
    assert path.read_bytes() == b"a\n"


def test_a_sink_that_cannot_be_written_is_refused_when_opened(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    missing = tmp_path / "missing" / "out.jsonl"
    refused = {
        folder: f"cannot write {folder}: it is a folder",
        missing: f"cannot write {missing}: there is no folder {missing.parent}",
    }
    for path, message in refused.items():
        with pytest.raises(SinkError) as caught:
            lines_sink(path).open()

        assert str(caught.value) == message


def test_a_name_that_is_too_long_is_refused_when_opened(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r"cannot write .*: File name too long"):
        lines_sink(tmp_path / f"{'n' * 300}.jsonl").open()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_or_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.touch(mode=0o400)
    with pytest.raises(SinkError, match="the file there is read-only"):
        lines_sink(path).open()
    path.unlink()
    tmp_path.chmod(0o500)
    with pytest.raises(SinkError, match="Permission denied"):
        lines_sink(path).open()


def test_a_link_stays_and_what_it_names_is_replaced(tmp_path: Path) -> None:
    real, link = tmp_path / "real.jsonl", tmp_path / "link.jsonl"
    real.write_text("old")
    link.symlink_to(real)
    writer = lines_sink(link).open()
    writer.write(b"new\n")
    writer.commit()

    assert link.is_symlink()
    assert real.read_text() == "new\n"


def test_a_pipe_is_written_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pipe.jsonl"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writer = lines_sink(path).open()
    writer.write(b"a\n")
    writer.commit()

    assert os.read(reading, 10) == b"a\n"
    assert path.is_fifo()
    os.close(reading)


def test_each_opening_has_a_new_encoder(tmp_path: Path) -> None:
    sink = lines_sink(tmp_path / "out.jsonl")
    before = sink.encoder
    sink.open().abort()

    assert sink.encoder is not before


def test_gzip_is_read_and_written_the_same_each_time(tmp_path: Path) -> None:
    path, other = tmp_path / "out.jsonl.gz", tmp_path / "other.jsonl.gz"
    content = b'{"a":1}\n' * 100_000
    for target, piece in ((path, 8), (other, 80_000)):
        writer = lines_sink(target).open()
        for at in range(0, len(content), piece):
            writer.write(content[at : at + piece])
        writer.flush()
        writer.commit()

    assert path.read_bytes() == other.read_bytes()
    assert gzip.decompress(path.read_bytes()) == content
    assert items_of(lines_source(path).open()) == [b'{"a":1}'] * 100_000


def test_a_gzip_source_that_is_cut_off_gives_its_whole_lines_first(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a":1}\n{"a":2}\n{"a"')[:-9])
    reader = lines_source(path).open()
    block = reader.read()

    assert block is not None
    assert block.items == [b'{"a":1}', b'{"a":2}']
    with pytest.raises(SourceError, match="the gzip stream is cut off at byte"):
        reader.read()


def test_a_source_is_read_whole_or_in_ranges_also_after_pickling(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'{"a":1}\n{"a":2}\n{"a":3}')
    source = pickle.loads(pickle.dumps(lines_source(path)))

    assert items_of(source.open()) == [b'{"a":1}', b'{"a":2}', b'{"a":3}']
    assert items_of(source.open_range(1, 9)) == [b'{"a":2}']
    assert (source.name, source.total_bytes, source.live) == (str(path), 23, False)


def test_a_compressed_source_has_no_ranges(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl.gz"
    path.write_bytes(gzip.compress(b"{}\n"))
    with pytest.raises(SourceError) as caught:
        lines_source(path).open_range(0, 1)

    assert str(caught.value) == f"{path} cannot be read in ranges"


def test_a_source_that_cannot_be_opened_names_its_path(tmp_path: Path) -> None:
    source = FileSource(str(tmp_path / "no"), JsonLinesInput(), FILES, False)
    with pytest.raises(SourceError) as caught:
        source.open()

    assert str(caught.value) == f"cannot read {tmp_path / 'no'}: No such file or directory"


def test_a_source_that_breaks_names_its_place(tmp_path: Path) -> None:
    source = FileSource(str(tmp_path), JsonLinesInput(), FILES, False)
    with pytest.raises(SourceError) as caught:
        source.open().read()

    assert str(caught.value) == f"cannot read {tmp_path} at byte 0: Is a directory"
