"""Tests of the thread that reads ahead of the driver."""

from __future__ import annotations

import threading
import time

import pytest

from statepipe.errors import SourceError
from statepipe.ports.items import Block, Unreadable
from statepipe.run.bell import ThreadBell
from statepipe.run.blocking_driver import run_blocking
from statepipe.run.blocks import content_of
from statepipe.run.reading import MAX_BLOCKS, ReadAhead
from tests.run.sources import WAIT_S, Part, ScriptedSource, lines, until


def started(source: ScriptedSource) -> tuple[ReadAhead, ThreadBell]:
    bell = ThreadBell()
    reading = ReadAhead(source.open, bell)
    reading.open()
    reading.start()
    return reading, bell


def next_block(reading: ReadAhead, bell: ThreadBell) -> Block | None:
    """Return the next block, or None at the end."""
    while (block := reading.take()) is None and not reading.ended:
        assert run_blocking(bell.wait(WAIT_S))
    return block


def all_blocks(reading: ReadAhead, bell: ThreadBell) -> list[Block]:
    blocks: list[Block] = []
    while (block := next_block(reading, bell)) is not None:
        blocks.append(block)
    return blocks


def test_all_blocks_come_in_order_and_then_the_end() -> None:
    source = ScriptedSource([lines(at, at + 2) for at in range(0, 40, 2)])
    blocks = all_blocks(*started(source))

    assert [item for block in blocks for item in block.items] == lines(0, 40)
    assert [block.line for block in blocks] == list(range(1, 40, 2))


def test_no_more_blocks_are_read_ahead_than_allowed() -> None:
    parts: list[Part] = [lines(at, at + 1) for at in range(MAX_BLOCKS)]
    far = WatchedGate()
    source = ScriptedSource([*parts, far, lines(90, 91)])
    reading, bell = started(source)
    reached_too_early = far.reached.wait(0.1)  # can pass by luck, but never fail by it

    assert not reached_too_early
    assert next_block(reading, bell) is not None
    assert far.reached.wait(WAIT_S)
    far.set()
    assert len(all_blocks(reading, bell)) == MAX_BLOCKS


class WatchedGate(threading.Event):
    """A gate that tells when reading has come to it."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.reached.set()
        return super().wait(timeout)


def test_an_error_comes_behind_the_blocks_before_it() -> None:
    error = SourceError("the line is dead")
    reading, bell = started(ScriptedSource([lines(0, 2), error]))
    blocks = all_blocks(reading, bell)

    assert [block.items for block in blocks] == [lines(0, 2)]
    assert reading.error is error
    assert reading.ended


def test_an_error_of_closing_is_passed_on_and_does_not_hang_the_driver() -> None:
    source = ScriptedSource([lines(0, 1)], close_error=SourceError("cannot close"))
    reading, bell = started(source)
    all_blocks(reading, bell)

    assert reading.ended
    assert str(reading.error) == "cannot close"


def test_a_source_that_cannot_be_opened_raises_at_once() -> None:
    source = ScriptedSource([], open_error=SourceError("no such file"))

    with pytest.raises(SourceError, match="no such file"):
        ReadAhead(source.open, ThreadBell()).open()


def test_closing_while_full_ends_the_thread_and_closes_the_reader() -> None:
    source = ScriptedSource([lines(at, at + 1) for at in range(100)])
    reading, bell = started(source)
    next_block(reading, bell)
    reading.close()
    thread = thread_of(reading)
    thread.join(WAIT_S)

    assert not thread.is_alive()
    assert source.closed >= 1
    assert source.given <= MAX_BLOCKS + 2


def test_closing_while_the_source_waits_does_not_wait_for_it() -> None:
    gate = WatchedGate()
    source = ScriptedSource([gate, lines(0, 1)], live=True)
    reading, _ = started(source)
    assert gate.reached.wait(WAIT_S)
    reading.close()

    assert source.closed == 1
    gate.set()
    thread_of(reading).join(WAIT_S)
    assert reading.take() is None


def test_closing_before_opening_is_fine() -> None:
    source = ScriptedSource([])
    ReadAhead(source.open, ThreadBell()).close()

    assert source.closed == 0


def thread_of(reading: ReadAhead) -> threading.Thread:
    return reading._thread


def test_large_blocks_are_read_ahead_by_their_bytes_and_one_always_is() -> None:
    parts: list[Part] = [[b"x" * 999] for _ in range(10)]
    source = ScriptedSource(parts)
    bell = ThreadBell()
    reading = ReadAhead(source.open, bell)
    reading.most_bytes = 500
    reading.open()
    reading.start()
    until(lambda: reading.waiting_bytes == 1000)
    time.sleep(0.05)  # reading too far can pass by luck, but never fail by it
    given = [source.given]
    blocks = all_blocks(reading, bell)

    assert given == [1]
    assert len(blocks) == 10
    assert reading.waiting_bytes == 0


def test_a_block_is_read_when_there_is_room_for_one_like_the_last() -> None:
    source, bell = ScriptedSource([[b"x" * 99] for _ in range(10)]), ThreadBell()
    reading = ReadAhead(source.open, bell)
    reading.most_bytes = 299
    reading.open()
    reading.start()
    until(lambda: reading.waiting_bytes == 200)
    time.sleep(0.05)  # as above
    given = [source.given]
    assert reading.take() is not None
    until(lambda: reading.waiting_bytes == 200)

    assert (given, source.given) == ([2], 3)
    reading.close()


def test_a_reader_that_counts_its_bytes_is_believed() -> None:
    block = Block([b"abc"], 0, 1, 4, content=77)
    counted = Block([b"abc", Unreadable("too long", b"head", 10**9)], 0, 1, 10**9)

    assert (block.content, content_of(counted.items)) == (77, 3 + 4 + 2)
