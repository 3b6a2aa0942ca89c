"""Poison for tests: records that end the process that runs them, each in its own way."""

from __future__ import annotations

import ctypes
import faulthandler
import gzip
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from statepipe import Record, StreamResult
from tests.streaming.streams import blocking_stream, lines_of, on_workers, one_state


def segfault() -> None:
    faulthandler.disable()  # pytest's would print a traceback
    ctypes.string_at(0)


def abort() -> None:
    faulthandler.disable()
    os.abort()


def overflow_the_stack() -> None:
    """Recurse through C, which has no limit of its own."""
    faulthandler.disable()
    sys.setrecursionlimit(10**9)

    def deeper(_: int) -> int:
        return max([1], key=deeper)

    deeper(1)


WAYS: dict[str, tuple[Callable[[], Any], str]] = {
    "exit": (lambda: os._exit(7), "ended with exit code 7"),
    "exit-0": (lambda: os._exit(0), "ended with exit code 0"),
    "sys-exit": (lambda: sys.exit("enough"), "ended with exit code 1"),
    "segfault": (segfault, "was killed by SIGSEGV"),
    "stack": (overflow_the_stack, "was killed by SIGSEGV"),
    "abort": (abort, "was killed by SIGABRT"),
    "killed": (lambda: os.kill(os.getpid(), signal.SIGKILL), "was killed by SIGKILL"),
}
"""How to end a process, and what is said of it."""


@dataclass
class Victims:
    """Ends the processes that get a record with `poison`, and writes down whom it ended."""

    folder: Path
    way: str = "exit"
    calls: Path = field(init=False)

    def __post_init__(self) -> None:
        self.calls = self.folder / "victims.txt"

    def run(self, state: Any) -> Any:
        if state.data.get("poison"):
            self.note(state["id"])
            WAYS[self.way][0]()
        return {**state.data, "double": 2 * state["id"]}

    def harmless(self, state: Any) -> Any:
        """Do what `run` does, but only fail."""
        if state.data.get("poison"):
            raise RuntimeError("poison")
        return {**state.data, "double": 2 * state["id"]}

    def note(self, number: int) -> None:
        with self.calls.open("a") as file:
            file.write(f"{os.getpid()} {number}\n")

    @property
    def pids(self) -> list[int]:
        return [int(line.split()[0]) for line in self._lines]

    @property
    def numbers(self) -> list[int]:
        """The ids of the records that ended a process, in the order in which they did."""
        return [int(line.split()[1]) for line in self._lines]

    @property
    def _lines(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


def poisoned(count: int, poison: set[int]) -> list[Record]:
    return [{"id": n, **({"poison": True} if n in poison else {})} for n in range(count)]


def write_source(path: Path, records: list[Record]) -> Path:
    data = "".join(json.dumps(record) + "\n" for record in records).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def check_as_if_only_failed(
    victims: Victims, source: Any, result: StreamResult, folder: Path, **options: Any
) -> list[dict[str, Any]]:
    """Check what stands in `folder` against a run, in one process, where poison only raises.

    Return the dead letters of the poison.
    """
    other = folder / "expected"
    other.mkdir()
    options |= {"sink": other / "out.jsonl"}
    expected = blocking_stream(
        one_state(victims.harmless), source, stream_config=on_workers(1, chunk_size=7), **options
    )
    assert (folder / "out.jsonl").read_bytes() == (other / "out.jsonl").read_bytes()
    mine, theirs = lines_of(folder / "out.dead.jsonl"), lines_of(other / "out.dead.jsonl")
    for name in ("original", "position", "source", "machine"):
        assert [letter[name] for letter in mine] == [letter[name] for letter in theirs]
    counts = "total_records successful failed malformed emitted by_state".split()
    assert [result[name] for name in counts] == [expected[name] for name in counts]
    return [letter for letter in mine if letter["role"] == "worker"]


def check_deaths(victims: Victims, result: StreamResult) -> None:
    """Check that processes really died, each once, and that none is left."""
    assert len(set(victims.pids)) == len(victims.pids) == result.workers_replaced
    assert os.getpid() not in victims.pids
    assert not any(psutil.pid_exists(pid) for pid in victims.pids)
