"""Tests of the ways out: byte sinks, callables and sink objects."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from statepipe.errors import SinkError
from statepipe.record import Record
from statepipe.run.bell import ThreadBell
from statepipe.run.blocking_driver import run_blocking
from statepipe.run.outlets import ByteOutlet, CallableOutlet, SinkOutlet, settled
from statepipe.run.writing import BUFFER_BYTES
from statepipe.testing import AsyncCollectingSink, CollectingSink
from tests.run.sinks import PaperSink
from tests.run.sources import until


def opened(sink: PaperSink, bell: ThreadBell | None = None) -> ByteOutlet:
    outlet = ByteOutlet(sink, bell or ThreadBell())
    outlet.open()
    return outlet


def test_bytes_reach_the_sink_in_order_and_are_committed_once() -> None:
    sink = PaperSink()
    outlet = opened(sink)
    for part in (b"one ", b"", b"two"):
        run_blocking(outlet.write(part))
    run_blocking(outlet.commit())
    run_blocking(outlet.commit())
    run_blocking(outlet.abort())

    assert sink.text == b"one two"
    assert sink.events == ["open", "commit"]


def test_a_flush_hands_on_what_is_collected() -> None:
    sink = PaperSink()
    outlet = opened(sink)
    run_blocking(outlet.write(b"little"))
    before = sink.text
    run_blocking(outlet.flush())
    until(lambda: sink.text)

    assert (before, sink.text) == (b"", b"little")
    run_blocking(outlet.abort())


def test_what_was_taken_and_is_not_yet_written_can_be_told() -> None:
    sink, bell = PaperSink(gate=threading.Event()), ThreadBell()
    assert sink.gate is not None
    outlet = opened(sink, bell)
    run_blocking(outlet.write(b"x" * BUFFER_BYTES))
    run_blocking(outlet.write(b"little"))

    assert (outlet.taken_bytes, outlet.written_bytes) == (BUFFER_BYTES + 6, 0)
    sink.gate.set()
    until(lambda: outlet.written_bytes == BUFFER_BYTES)
    run_blocking(outlet.flush())
    until(lambda: outlet.written_bytes == BUFFER_BYTES + 6)
    run_blocking(outlet.abort())


def test_nothing_waits_to_be_written_after_writing_has_failed() -> None:
    sink = PaperSink(gate=threading.Event(), write_error=SinkError("the disk is full"))
    assert sink.gate is not None
    outlet = opened(sink)
    for _ in range(4):
        run_blocking(outlet.write(b"x" * BUFFER_BYTES))
    sink.gate.set()
    until(lambda: outlet.written_bytes >= outlet.taken_bytes)  # or a driver would wait forever

    with pytest.raises(SinkError, match="the disk is full"):
        run_blocking(outlet.write(b"y"))
    run_blocking(outlet.abort())
    assert sink.events == ["open", "abort"]


def test_an_outlet_of_records_holds_nothing_back() -> None:
    for outlet in (CallableOutlet(print), SinkOutlet(CollectingSink())):
        assert (outlet.taken_bytes, outlet.written_bytes) == (0, 0)


def test_a_sink_that_cannot_be_opened_says_so_and_can_be_aborted() -> None:
    outlet = ByteOutlet(PaperSink(open_error=SinkError("read-only")), ThreadBell())

    with pytest.raises(SinkError, match="read-only"):
        outlet.open()
    run_blocking(outlet.abort())
    run_blocking(outlet.flush())


def test_after_a_commit_that_failed_the_output_is_removed() -> None:
    sink = PaperSink(commit_error=SinkError("no such folder"))
    outlet = opened(sink)
    with pytest.raises(SinkError, match="no such folder"):
        run_blocking(outlet.commit())
    run_blocking(outlet.abort())
    run_blocking(outlet.abort())

    assert sink.events == ["open", "abort"]


# -- callables and sink objects ----------------------------------------------------------------


async def test_a_callable_gets_each_record_and_what_it_gives_is_awaited_if_it_can_be() -> None:
    got: list[tuple[str, Record]] = []

    def plain(record: Record) -> str:
        got.append(("plain", record))
        return "dropped"

    async def later(record: Record) -> None:
        got.append(("later", record))

    await CallableOutlet(plain).write([{"n": 1}, {"n": 2}])
    await CallableOutlet(later).write([{"n": 3}])

    assert got == [("plain", {"n": 1}), ("plain", {"n": 2}), ("later", {"n": 3})]


@pytest.mark.parametrize("kind", [CollectingSink, AsyncCollectingSink])
async def test_a_sink_object_gets_chunks_with_records_only(kind: type) -> None:
    sink = kind()
    kept: CollectingSink = sink.kept if kind is AsyncCollectingSink else sink
    outlet = SinkOutlet(sink)
    outlet.open()
    for output in ([{"n": 1}, {"n": 2}], [], [{"n": 3}]):
        await outlet.write(output)
    await outlet.flush()
    await outlet.commit()
    await outlet.abort()

    assert kept.chunks == [[{"n": 1}, {"n": 2}], [{"n": 3}]]
    assert (kept.commits, kept.aborts) == (1, 0)


async def test_a_sink_object_is_aborted_once() -> None:
    sink = CollectingSink()
    outlet = SinkOutlet(sink)
    await outlet.abort()
    await outlet.abort()

    assert (sink.commits, sink.aborts) == (0, 1)


class Uncommitted:
    """A sink object whose commit fails."""

    def __init__(self) -> None:
        self.aborts = 0

    def write(self, records: Sequence[Record]) -> None:
        return

    def commit(self) -> None:
        raise OSError("the transaction was refused")

    def abort(self) -> None:
        self.aborts += 1


async def test_a_sink_object_whose_commit_failed_is_aborted() -> None:
    sink = Uncommitted()
    outlet = SinkOutlet(sink)
    with pytest.raises(OSError, match="was refused"):
        await outlet.commit()
    await outlet.abort()

    assert sink.aborts == 1


async def test_settling_awaits_only_what_can_be_awaited() -> None:
    async def later() -> int:
        return 1

    assert await settled(later()) == 1
    assert await settled(2) == 2
