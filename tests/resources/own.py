"""Classes that the tests name as custom resources. They write down what happens to them."""

from __future__ import annotations

import os
import time
from pathlib import Path


class Noted:
    """Appends a line to a file for everything, with the process it happened in."""

    def __init__(self, path: str, fail: str = "", secret: str = "") -> None:
        self.path, self.fail, self.secret = Path(path), fail, secret

    def note(self, word: str) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{word} {os.getpid()}\n")
        if word == self.fail:
            raise ValueError(f"{word} with {self.secret}")

    def open(self) -> None:
        self.note("open")

    def close(self) -> None:
        self.note("close")

    def use(self) -> int:
        self.note("use")
        return os.getpid()


class SlowNoted(Noted):
    """Takes a while to open and to close."""

    def open(self) -> None:
        self.note("open")
        time.sleep(0.3)

    def close(self) -> None:
        time.sleep(0.1)
        self.note("close")


class StuckNoted(Noted):
    """Never comes back from being closed."""

    def close(self) -> None:
        self.note("closing")
        time.sleep(60)


class AsyncNoted(Noted):
    async def open(self) -> None:  # type: ignore[override]  # the async kind
        self.note("open")

    async def close(self) -> None:  # type: ignore[override]  # the async kind
        self.note("close")

    async def use(self) -> int:  # type: ignore[override]  # the async kind
        self.note("use")
        return os.getpid()


def notes(path: Path) -> list[tuple[str, int]]:
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [(word, int(pid)) for word, pid in (line.split() for line in lines)]
