"""Tests of output files that are left on the way and gone on with."""

from __future__ import annotations

import errno
import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statepipe.connectors.filesystem import LocalFiles
from statepipe.connectors.formats import file_sink
from statepipe.connectors.gzip_stream import MEMBER_BYTES, MemberPacker
from statepipe.errors import SinkError
from statepipe.ports.byte_sink import DurableSink, DurableWriter
from statepipe.saved import SavedOutput
from statepipe.testing import Operation, SimulatedDisk


def sink_at(path: Path) -> DurableSink:
    sink = file_sink(str(path), files=LocalFiles())
    assert isinstance(sink, DurableSink)
    return sink


def opened(
    path: Path, saved: SavedOutput | None = None, *, detached: bool = False
) -> DurableWriter:
    return sink_at(path).open_durable(saved, detached=detached)


def left_after(path: Path, data: bytes) -> SavedOutput:
    """Write `data` durably and more that is not, and leave the file."""
    writer = opened(path)
    writer.write(data)
    saved = writer.mark()
    writer.sync()
    writer.write(b"behind the mark\n")
    writer.flush()
    writer.abort()
    return saved


@pytest.mark.parametrize("name", ["out.jsonl", "out.json", "out.jsonl.gz", "out.json.gz"])
@settings(max_examples=30, deadline=None)
@given(pieces=st.lists(st.integers(1, 300_000), min_size=1, max_size=8), cut=st.integers(0, 8))
def test_a_file_that_was_left_has_the_bytes_of_one_that_was_not(
    name: str, pieces: list[int], cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("out")
    records = [os.urandom(4).hex().encode() * (size // 8 + 1) for size in pieces]
    whole = opened(folder / f"whole-{name}")
    first = opened(folder / name)
    for data in records:
        whole.write(data)
    for data in records[:cut]:
        first.write(data)
    saved = first.mark()
    first.sync()
    first.abort()
    second = opened(folder / name, saved)
    for data in records[cut:]:
        second.write(data)
    for writer in (whole, second):
        writer.finish()
        writer.place()

    assert (folder / name).read_bytes() == (folder / f"whole-{name}").read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == sorted([name, f"whole-{name}"])


def test_what_was_written_behind_the_mark_is_cut_off(tmp_path: Path) -> None:
    saved = left_after(tmp_path / "out.jsonl", b"1\n")
    writer = opened(tmp_path / "out.jsonl", saved)
    writer.write(b"2\n")
    writer.commit()

    assert (tmp_path / "out.jsonl").read_bytes() == b"1\n2\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "2 bytes were durable, and 0 are there"),
        (b"7\nbehind", "its first 2 bytes have been changed"),
        (None, "there is no "),
    ],
)
def test_what_is_not_as_it_was_left_is_refused(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    saved = left_after(tmp_path / "out.jsonl", b"1\n")
    partial = tmp_path / ".out.jsonl.partial"
    partial.unlink() if content is None else partial.write_bytes(content)

    with pytest.raises(SinkError, match=said):
        opened(tmp_path / "out.jsonl", saved)
    if content is not None:
        assert partial.read_bytes() == content


def test_a_finished_file_is_given_its_name_once(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    writer = opened(path)
    writer.write(b"1\n")
    saved = writer.finish()
    writer.abort()
    for _ in range(2):
        sink_at(path).complete(saved)

    assert path.read_bytes() == b"1\n"
    path.write_bytes(b"7\n")
    with pytest.raises(SinkError, match="its first 2 bytes have been changed"):
        sink_at(path).complete(saved)
    path.write_bytes(b"1\n2\n")
    with pytest.raises(SinkError, match="more than its 2 bytes"):
        sink_at(path).complete(saved)
    path.unlink()
    with pytest.raises(SinkError, match="neither it nor its partial file"):
        sink_at(path).complete(saved)


@pytest.mark.parametrize("begun", [True, False])
def test_who_was_taken_over_from_cannot_reach_the_file(begun: bool, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    hung = opened(path)
    hung.write(b"1\n")
    saved = hung.mark() if begun else None
    hung.sync()
    writer = opened(path, saved, detached=True)
    hung.write(b"from the dead\n")
    hung.flush()
    writer.write(b"2\n")
    writer.commit()
    hung.abort()

    assert path.read_bytes() == (b"1\n2\n" if begun else b"2\n")


def test_a_file_is_locked_while_it_is_open(tmp_path: Path) -> None:
    writer = opened(tmp_path / "out.jsonl")
    saved = writer.mark()

    with pytest.raises(SinkError, match="another run is writing to"):
        opened(tmp_path / "out.jsonl", saved)
    writer.abort()


@pytest.mark.parametrize("kind", ["create", "truncate", "sync folder"])
def test_a_file_that_could_not_be_opened_is_not_locked(kind: str, tmp_path: Path) -> None:
    def fault(operation: Operation) -> OSError | None:
        return OSError(errno.EIO, "broken") if operation.kind == kind else None

    disk = SimulatedDisk(fault=fault)
    if kind != "create":
        disk.put(str(tmp_path / ".out.jsonl.partial"), b"of an earlier run")
    sink = file_sink(str(tmp_path / "out.jsonl"), files=disk)
    assert isinstance(sink, DurableSink)
    with pytest.raises(SinkError, match=r"cannot write .*out\.jsonl: broken"):
        sink.open_durable(None, detached=False)
    disk.fault = lambda operation: None

    sink.open_durable(None, detached=False).abort()


@given(st.lists(st.integers(0, 2 * MEMBER_BYTES), max_size=4), st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_members_are_cut_by_content_alone(sizes: list[int], pieces: int) -> None:
    content = b"".join(bytes([at % 251]) * size for at, size in enumerate(sizes))
    one, many = MemberPacker(), MemberPacker()
    packed = one.pack(content) + one.finish()
    step = max(1, len(content) // pieces)
    found = b""
    for at in range(0, len(content), step):
        found += many.pack(content[at : at + step])
        many = MemberPacker(many.pending)
    found += many.finish()

    assert found == packed
    assert gzip.decompress(packed) == content
