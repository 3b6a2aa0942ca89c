"""Tests of files that a config names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from statepipe.config.attached import AttachedError, attached_text


def test_a_file_is_read_from_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfh\xc3\xa9")

    assert attached_text("a.txt", str(tmp_path), bounded=True) == "hé"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.txt", "there is no file 'none.txt'"),
        ("bad.txt", "the file 'bad.txt' is not UTF-8 at byte 1"),
        (".", "'.' is no regular file"),
        ("pipe", "'pipe' is no regular file"),
        ("a\0b", "cannot be read: embedded null byte"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "bad.txt").write_bytes(b"a\xff")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(AttachedError) as caught:
        attached_text(name, str(tmp_path), bounded=False)

    assert message in caught.value.message


def test_what_is_outside_is_refused_whether_it_is_there_or_not(tmp_path: Path) -> None:
    for name in ("../none.txt", "/etc/hostname"):
        with pytest.raises(AttachedError, match="must lie in the config's folder"):
            attached_text(name, str(tmp_path), bounded=True)
