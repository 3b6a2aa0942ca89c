"""Tests of the thread that writes behind the driver's back."""

from __future__ import annotations

import threading

import pytest

from statepipe.errors import SinkError
from statepipe.run.bell import ThreadBell
from statepipe.run.blocking_driver import run_blocking
from statepipe.run.writing import BUFFER_BYTES, WriteBehind
from tests.run.sources import WAIT_S, until

MANY_BYTES = 4 * BUFFER_BYTES


class Paper:
    """A ByteWriter in memory; `gate` holds writing back, `fault` breaks it."""

    def __init__(self, *, open_gate: bool = True, fault: SinkError | None = None) -> None:
        self.written: list[bytes] = []
        self.ended: list[str] = []
        self.fault = fault
        self.gate = threading.Event()
        if open_gate:
            self.gate.set()

    def write(self, data: bytes) -> None:
        assert self.gate.wait(WAIT_S)
        if self.fault is not None:
            raise self.fault
        self.written.append(data)

    def flush(self) -> None:
        self.ended.append("flush")

    def commit(self) -> None:
        self.ended.append("commit")

    def abort(self) -> None:
        self.ended.append("abort")


def test_all_that_was_put_is_written_in_order_at_the_commit() -> None:
    paper = Paper()
    behind = WriteBehind(paper, b",", ThreadBell())

    for part in (b"a", b"", b"b", b"c"):
        behind.put(part)
    behind.commit()

    assert b"".join(paper.written) == b"a,b,c"
    assert paper.ended[-1] == "commit"


def test_small_parts_are_written_in_larger_pieces() -> None:
    paper = Paper()
    behind = WriteBehind(paper, b"", ThreadBell())

    for _ in range(100):
        behind.put(b"x" * (BUFFER_BYTES // 50))
    behind.commit()

    assert len(paper.written) <= 4
    assert sum(map(len, paper.written)) == 100 * (BUFFER_BYTES // 50)


def test_pending_counts_what_waits_and_the_bell_tells_when_it_is_less() -> None:
    paper, bell = Paper(open_gate=False), ThreadBell()
    behind = WriteBehind(paper, b"", bell)
    while behind.pending < MANY_BYTES:
        behind.put(b"x" * BUFFER_BYTES)
    paper.gate.set()

    while behind.pending:
        assert run_blocking(bell.wait(WAIT_S))
    behind.commit()

    assert len(paper.written) == MANY_BYTES // BUFFER_BYTES


def test_an_error_of_the_writer_is_raised_by_the_next_call_and_nothing_stays_pending() -> None:
    paper, bell = Paper(open_gate=False, fault=SinkError("the disk is full")), ThreadBell()
    behind = WriteBehind(paper, b"", bell)
    for _ in range(4):
        behind.put(b"x" * BUFFER_BYTES)
    paper.gate.set()

    while behind.pending:
        assert run_blocking(bell.wait(WAIT_S))
    with pytest.raises(SinkError, match="the disk is full"):
        behind.put(b"more")
    with pytest.raises(SinkError, match="the disk is full"):
        behind.commit()
    behind.abort()

    assert paper.ended == ["abort"]
    assert paper.written == []


def test_an_abort_drops_what_is_not_written_and_ends_the_thread() -> None:
    paper = Paper()
    behind = WriteBehind(paper, b"", ThreadBell())
    behind.put(b"x")

    behind.abort()

    assert paper.written == []
    assert paper.ended == ["abort"]
    assert not [thread for thread in threading.enumerate() if thread.name == "statepipe-write"]


class LateLength(bytes):
    """Bytes whose length, asked for between the looks of `put` and `flush`, lets writing fail."""

    paper: Paper
    bell: ThreadBell

    def __len__(self) -> int:
        if not self.paper.gate.is_set():
            self.paper.gate.set()
            assert run_blocking(self.bell.wait(WAIT_S))
        return super().__len__()


def test_an_error_while_a_large_part_is_put_leaves_nothing_pending() -> None:
    paper, bell = Paper(open_gate=False, fault=SinkError("the disk is full")), ThreadBell()
    behind = WriteBehind(paper, b"", bell)
    behind.put(b"x" * BUFFER_BYTES)
    late = LateLength(b"y" * MANY_BYTES)
    late.paper, late.bell = paper, bell
    behind.put(late)

    assert behind.pending == 0  # else a driver that waits for room would wait forever
    with pytest.raises(SinkError, match="the disk is full"):
        behind.put(b"z")
    behind.abort()


def test_without_anything_to_write_a_commit_is_made_all_the_same() -> None:
    paper = Paper()
    WriteBehind(paper, b"", ThreadBell()).commit()

    assert paper.ended == ["commit"]


def test_an_abort_drops_the_pieces_that_still_wait() -> None:
    paper = Paper(open_gate=False)
    behind = WriteBehind(paper, b"", ThreadBell())
    for _ in range(3):
        behind.put(b"x" * BUFFER_BYTES)
    dropped = threading.Thread(target=behind.abort)
    dropped.start()
    until(lambda: not behind._pieces)
    paper.gate.set()
    dropped.join(WAIT_S)

    assert len(paper.written) <= 1  # the one that was under way
    assert paper.ended[-1] == "abort"


class Done:
    """An act that keeps what became of it."""

    def __init__(self) -> None:
        self.ends: list[object] = []

    def do(self) -> None:
        self.ends.append("done")

    def drop(self, error: Exception | None) -> None:
        self.ends.append(error)


def test_an_act_is_done_behind_what_was_put_before() -> None:
    paper, act = Paper(), Done()
    behind = WriteBehind(paper, b"", ThreadBell())
    behind.put(b"x")
    behind.act(act)
    behind.end()

    assert act.ends == ["done"]
    assert paper.written == [b"x"]


def test_an_act_behind_a_write_that_failed_is_told_why() -> None:
    fault = SinkError("full")
    paper, first, second = Paper(fault=fault), Done(), Done()
    behind = WriteBehind(paper, b"", ThreadBell())
    behind.put(b"x")
    behind.act(first)
    until(lambda: bool(first.ends))
    behind.act(second)

    assert first.ends == second.ends == [fault]
    behind.abort()


def test_an_act_whose_turn_never_comes_is_dropped() -> None:
    paper, act = Paper(open_gate=False), Done()
    behind = WriteBehind(paper, b"", ThreadBell())
    behind.put(b"x" * BUFFER_BYTES)
    behind.act(act)
    aborting = threading.Thread(target=behind.abort)
    aborting.start()
    until(lambda: bool(act.ends))
    paper.gate.set()
    aborting.join(WAIT_S)

    assert act.ends == [None]
