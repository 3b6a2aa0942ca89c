"""A byte source in memory, for tests of what reads one: blocks, gates and errors, as told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from statepipe.connectors.json_codec import JsonDecoder
from statepipe.ports.byte_source import ByteReader
from statepipe.ports.formats import Decoder
from statepipe.ports.items import Block, Item

WAIT_S = 30
"""Only a safety net: no test waits for it to pass."""

Part: TypeAlias = "list[bytes] | threading.Event | Exception"
"""A block's items; a gate that reading waits at until it is set; or an error to raise."""


@dataclass(slots=True)
class ScriptedSource:
    """Gives its parts in order. Counts the blocks `given` and the calls of `close`."""

    parts: Sequence[Part]
    live: bool = False
    close_error: Exception | None = None
    open_error: Exception | None = None
    name: str = "script"
    decoder: Decoder = field(default_factory=JsonDecoder)
    total_bytes: int | None = None
    splittable: bool = False
    given: int = 0
    closed: int = 0

    def open(self) -> ByteReader:
        if self.open_error is not None:
            raise self.open_error
        return ScriptedReader(self)

    def open_range(self, start: int, end: int) -> ByteReader:
        raise NotImplementedError


class ScriptedReader:
    def __init__(self, source: ScriptedSource) -> None:
        self._source = source
        self._parts: Iterator[Part] = iter(source.parts)
        self._offset, self._line = 0, 1

    def read(self) -> Block | None:
        for part in self._parts:
            if isinstance(part, Exception):
                raise part
            if isinstance(part, threading.Event):
                assert part.wait(WAIT_S)
                continue
            self._source.given += 1
            return self._block(part)
        return None

    def close(self) -> None:
        self._source.closed += 1
        if self._source.close_error is not None:
            raise self._source.close_error

    def _block(self, part: list[bytes]) -> Block:
        items: list[Item] = list(part)
        size = sum(map(len, part)) + len(part)
        block = Block(items, self._offset, self._line, size)
        self._offset += size
        self._line += len(part)
        return block


def lines(first: int, end: int) -> list[bytes]:
    """Return the JSON lines `{"n": first}` to `{"n": end - 1}`."""
    return [b'{"n":%d}' % number for number in range(first, end)]


def until(true: Callable[[], object]) -> None:
    """Wait for what another thread is about to do."""
    end = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)
