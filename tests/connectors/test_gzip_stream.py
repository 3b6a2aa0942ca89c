"""Tests of gzip on the way in and out."""

from __future__ import annotations

import gzip
import random
import re
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statepipe.connectors.gzip_stream import (
    COMPRESSED_PIECE,
    INNOCENT_BYTES,
    GzipPacker,
    GzipStream,
)
from statepipe.errors import SourceError


class Pieces:
    """A stream that gives its content in pieces of a fixed size, as a slow pipe does."""

    def __init__(self, content: bytes, piece: int = 1 << 20) -> None:
        self._content = content
        self._piece = piece

    def read(self, size: int) -> bytes:
        piece = min(size, self._piece)
        data, self._content = self._content[:piece], self._content[piece:]
        return data

    def used(self, content_bytes: int) -> int:
        return content_bytes

    def close(self) -> None:
        self._content = b""


def unpacked(compressed: bytes, piece: int = 1 << 20, size: int = 1 << 20) -> bytes:
    stream = GzipStream(Pieces(compressed, piece), "a.gz")
    return b"".join(iter(lambda: stream.read(size), b""))


@given(st.lists(st.binary(max_size=300), max_size=3), st.integers(1, 40), st.integers(1, 40))
def test_members_and_padding_are_one_content(members: list[bytes], piece: int, size: int) -> None:
    compressed = b"".join(gzip.compress(member) + b"\0" * 7 for member in members)

    assert unpacked(compressed, piece, size) == b"".join(members)


def test_a_read_gives_no_more_than_asked_for_however_well_it_was_compressed() -> None:
    stream = GzipStream(Pieces(gzip.compress(b"\0" * 50_000_000)), "a.gz")
    sizes = [len(data) for data in iter(lambda: stream.read(1 << 18), b"")]

    assert sum(sizes) == 50_000_000
    assert max(sizes) == 1 << 18


@pytest.mark.parametrize("missing", [1, 8, 9, 100])
def test_a_stream_that_is_cut_off_gives_its_begin_and_then_an_error(missing: int) -> None:
    content = bytes(range(256)) * 20
    compressed = gzip.compress(content)[:-missing]
    stream = GzipStream(Pieces(compressed), "a.gz")
    first = stream.read(1 << 20)

    assert content.startswith(first)
    assert first
    with pytest.raises(SourceError) as caught:
        stream.read(1 << 20)
    assert str(caught.value) == f"a.gz: the gzip stream is cut off at byte {len(compressed)}"


def test_corrupt_data_is_an_error() -> None:
    compressed = bytearray(gzip.compress(bytes(range(256)) * 20))
    compressed[-5] ^= 1  # of the length's or the checksum's bytes

    with pytest.raises(SourceError, match=r"a.gz: corrupt gzip data near byte \d+ \(.*check"):
        unpacked(bytes(compressed))


@pytest.mark.parametrize("content", [b'{"a": 1}\n', gzip.compress(b"a") + b"rest", b"\0" * 20])
def test_other_bytes_are_an_error(content: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        unpacked(content)

    assert str(caught.value) == f"a.gz: no gzip data near byte {len(content)}; is it gzip?"


def test_used_counts_compressed_bytes_once() -> None:
    compressed = gzip.compress(b"abc" * 100_000)
    stream = GzipStream(Pieces(compressed, 100), "a.gz")
    used = 0
    while data := stream.read(1000):
        used += stream.used(len(data))

    assert used == len(compressed)


@settings(max_examples=20)  # each packs the content twice
@given(st.lists(st.integers(0, 2 * COMPRESSED_PIECE), max_size=4))
def test_what_is_packed_depends_on_the_content_only(cuts: list[int]) -> None:
    content = b"".join(b"%d," % n for n in range(120_000))
    whole, parts, at = GzipPacker(), GzipPacker(), 0
    expected = whole.pack(content) + whole.finish()
    packed = b""
    for cut in sorted(cuts):
        packed += parts.pack(content[at:cut])
        at = max(at, cut)
    packed += parts.pack(content[at:]) + parts.finish()

    assert packed == expected
    assert gzip.decompress(packed) == content
    assert packed[4:8] == bytes(4)  # no time


def test_nothing_packed_is_an_empty_gzip_file() -> None:
    assert zlib.decompress(GzipPacker().finish(), 31) == b""


def bomb(size: int) -> bytes:
    return gzip.compress(b"\0" * size, mtime=0)


def test_a_content_far_larger_than_its_stream_is_a_bomb() -> None:
    stream = GzipStream(Pieces(bomb(INNOCENT_BYTES + 1000)), "a.gz")
    given = sum(len(stream.read(1 << 18)) for _ in range(INNOCENT_BYTES >> 18))
    with pytest.raises(SourceError) as caught:
        stream.read(1 << 18)

    assert given == INNOCENT_BYTES
    assert re.fullmatch(
        r"a\.gz: its first \d+ bytes expand to 671\d+ and more, over max_compression_ratio \(500\);"
        r" if the file is no bomb, raise that",
        str(caught.value),
    )


def test_a_small_content_may_be_compressed_as_well_as_can_be() -> None:
    assert len(unpacked(bomb(INNOCENT_BYTES))) == INNOCENT_BYTES


def test_the_ratio_counts_all_members_together() -> None:
    innocent = gzip.compress(random.Random(1).randbytes(200_000), mtime=0)
    stream = GzipStream(Pieces(innocent + bomb(INNOCENT_BYTES + 1000)), "a.gz")

    assert sum(map(len, iter(lambda: stream.read(1 << 20), b""))) == INNOCENT_BYTES + 201_000


def test_a_higher_ratio_lets_it_pass() -> None:
    stream = GzipStream(Pieces(bomb(INNOCENT_BYTES + 1000)), "a.gz", max_ratio=1032)

    assert sum(map(len, iter(lambda: stream.read(1 << 20), b""))) == INNOCENT_BYTES + 1000
