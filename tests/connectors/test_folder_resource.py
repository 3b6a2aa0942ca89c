"""A folder: what is below it can be had, and nothing else, whatever the links say."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from statepipe.connectors.folder_resource import Folder, FolderProvider, OpenFolder
from statepipe.errors import ResourceError


@pytest.fixture
def base(tmp_path: Path) -> Path:
    base = tmp_path / "base"
    (base / "sub").mkdir(parents=True)
    (base / "a.txt").write_text("äpfel", encoding="utf-8")
    (base / "sub" / "b.bin").write_bytes(b"\xff\x00")
    (tmp_path / "secret.txt").write_text("canary", encoding="utf-8")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.txt").write_text("canary", encoding="utf-8")
    return base


@pytest.fixture
def opened(base: Path) -> Iterator[list[OpenFolder]]:
    opened: list[OpenFolder] = []
    yield opened
    for one in opened:
        one.close()


@pytest.fixture
def folder(base: Path, opened: list[OpenFolder]) -> Folder:
    return handle(opened, base)


def handle(opened: list[OpenFolder], base: Path, **options: Any) -> Folder:
    opened.append(FolderProvider("files", str(base), **options).open())
    found = opened[-1].handle(awaits=False)
    assert isinstance(found, Folder)
    return found


def test_files_below_are_read(folder: Folder) -> None:
    assert folder.read_text("a.txt") == "äpfel"
    assert folder.read_bytes("sub/b.bin") == b"\xff\x00"
    assert folder.read_text(".//a.txt") == "äpfel"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "sub/../../secret.txt",
        "sub/../a.txt",
        "/etc/passwd",
        "..",
        "a\0b",
        5,
        "//x",
    ],
)
def test_paths_that_could_lead_out_are_refused(folder: Folder, path: Any) -> None:
    for work in (folder.read_text, folder.exists):
        with pytest.raises(ResourceError, match="leads out of the folder"):
            work(path)


@pytest.mark.parametrize(
    "target", ["../secret.txt", "/etc/passwd", "sub/../../secret.txt", "link", "../base/a.txt"]
)
def test_links_that_lead_out_are_refused(base: Path, folder: Folder, target: str) -> None:
    (base / "link").symlink_to(target)

    with pytest.raises(ResourceError, match="'link' leads out of the folder"):
        folder.read_text("link")
    with pytest.raises(ResourceError, match="'link' leads out of the folder"):
        folder.exists("link")


def test_links_to_folders_that_lead_out_are_refused(base: Path, folder: Folder) -> None:
    (base / "way").symlink_to("../outside")

    with pytest.raises(ResourceError, match=r"'way/a\.txt' leads out of the folder"):
        folder.read_text("way/a.txt")


def test_links_that_stay_below_are_followed(base: Path, folder: Folder) -> None:
    (base / "sub" / "up").symlink_to("../a.txt")
    (base / "way").symlink_to("sub")
    (base / "twice").symlink_to("./way/up")

    assert [folder.read_text(path) for path in ("sub/up", "way/up", "twice")] == ["äpfel"] * 3


def test_a_loop_of_links_ends(base: Path, folder: Folder) -> None:
    (base / "one").symlink_to("two")
    (base / "two").symlink_to("one")

    with pytest.raises(ResourceError, match="'one' leads out of the folder"):
        folder.read_text("one")


@pytest.mark.parametrize(
    ("name", "target"), [("sub", "../outside"), ("sub/a.txt", "../../secret.txt")]
)
def test_a_link_put_in_place_meanwhile_leads_nowhere_else(
    base: Path, folder: Folder, name: str, target: str
) -> None:
    """While a name turns into a link and back, no read gets what lies outside."""
    (base / "sub" / "a.txt").write_text("inside", encoding="utf-8")
    over, found = threading.Event(), set[str]()

    def swap() -> None:
        while not over.is_set():
            os.rename(base / name, base / "kept")
            os.symlink(target, base / name)
            os.unlink(base / name)
            os.rename(base / "kept", base / name)

    thread = threading.Thread(target=swap)
    thread.start()
    for _ in range(3000):
        try:
            found.add(folder.read_text("sub/a.txt"))
        except ResourceError as error:
            found.add(error.reason.partition(":")[0][:20])
    over.set()
    thread.join()

    assert "canary" not in found
    assert "inside" in found


def test_the_folder_stays_the_one_that_was_opened(base: Path, folder: Folder) -> None:
    base.rename(base.with_name("moved"))
    base.symlink_to("outside")

    assert folder.read_text("a.txt") == "äpfel"


def test_what_is_not_there_or_no_file_is_told(base: Path, folder: Folder) -> None:
    os.mkfifo(base / "pipe")

    assert (folder.exists("a.txt"), folder.exists("no"), folder.exists("no/x")) == (
        True,
        False,
        False,
    )
    for path in ("pipe", "sub", ""):
        with pytest.raises(ResourceError, match="is no regular file"):
            folder.read_bytes(path)
    with pytest.raises(ResourceError, match=r"resource 'files': 'no\.txt': No such file"):
        folder.read_text("no.txt")
    with pytest.raises(ResourceError, match=r"'a\.txt/x': Not a directory"):
        folder.read_text("a.txt/x")
    with pytest.raises(ResourceError, match=r"'sub/b\.bin' is not UTF-8"):
        folder.read_text("sub/b.bin")


def test_a_file_beyond_the_limit_is_refused(base: Path, opened: list[OpenFolder]) -> None:
    (base / "big").write_bytes(b"x" * 11)

    assert handle(opened, base, max_bytes=11).read_bytes("big") == b"x" * 11
    with pytest.raises(ResourceError, match="'big' has more than max_bytes, 10"):
        handle(opened, base, max_bytes=10).read_bytes("big")


def test_nothing_is_written_unless_that_is_allowed(base: Path, folder: Folder) -> None:
    with pytest.raises(ResourceError, match=r"cannot be written: add  writable: true"):
        folder.write_text("new.txt", "x")

    assert sorted(os.listdir(base)) == ["a.txt", "sub"]


def test_files_are_written_in_one_step(base: Path, opened: list[OpenFolder]) -> None:
    folder = handle(opened, base, writable=True, max_bytes=5)
    folder.write_text("sub/new.txt", "ä")
    folder.write_text("a.txt", "neu")

    assert (base / "sub" / "new.txt").read_bytes() == "ä".encode()
    assert folder.read_text("a.txt") == "neu"
    with pytest.raises(ResourceError, match="would have more than max_bytes, 5"):
        folder.write_bytes("a.txt", b"123456")
    assert sorted(os.listdir(base)) == ["a.txt", "sub"]


def test_a_write_through_a_link_stays_below(base: Path, opened: list[OpenFolder]) -> None:
    folder = handle(opened, base, writable=True)
    (base / "out").symlink_to("../secret.txt")
    (base / "way").symlink_to("../outside")

    for path in ("out", "way/a.txt", "../x"):
        with pytest.raises(ResourceError, match="leads out of the folder"):
            folder.write_text(path, "evil")
    assert (base.parent / "secret.txt").read_text(encoding="utf-8") == "canary"


def test_a_failed_write_leaves_nothing_behind(base: Path, opened: list[OpenFolder]) -> None:
    folder = handle(opened, base, writable=True)
    (base / "taken").mkdir()

    with pytest.raises(ResourceError, match="'taken': Is a directory"):
        folder.write_text("taken", "x")
    assert sorted(os.listdir(base)) == ["a.txt", "sub", "taken"]


def test_async_functions_await_the_same(base: Path, opened: list[OpenFolder]) -> None:
    handle(opened, base, writable=True)
    folder: Any = opened[0].handle(awaits=True)

    async def work() -> list[Any]:
        await folder.write_bytes("x", b"1")
        await folder.write_text("y", "2")
        return [
            await folder.read_bytes("x"),
            await folder.read_text("y"),
            await folder.exists("z"),
        ]

    assert asyncio.run(work()) == [b"1", "2", False]
    assert repr(folder) == "<filesystem resource 'files'>"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match=r"the folder '.*none': No such file or directory"):
        FolderProvider("files", str(tmp_path / "none")).open()
