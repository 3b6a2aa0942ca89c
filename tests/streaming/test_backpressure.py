"""A slow sink pauses reading at the threshold, and it goes on at half: told by counts."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from statepipe import Record, StreamConfig
from statepipe.connectors.json_codec import JsonEncoder
from statepipe.ports.byte_sink import ByteWriter
from statepipe.ports.formats import Encoder, Framing
from statepipe.run.intake import Intake
from statepipe.run.restraint import Restraint
from statepipe.run.underway import UnderWay
from statepipe.run.writing import BUFFER_BYTES
from tests.run.sources import WAIT_S, until
from tests.streaming.streams import Stream, async_stream, blocking_stream, on_workers, one_state

COUNT = 100
CHUNK = 5
THRESHOLD = 20
TEXT = "x" * (4 * BUFFER_BYTES // CHUNK)
"""So long that each chunk is written in a piece of its own."""

EXPECTED = [20, 20, 30, 30, 40, 40]
"""Records read when each of the first pieces is about to be written: at 20 under way reading
pauses, and it goes on when 10 are."""


@dataclass
class Tally:
    """What the source gave and the machine took, and what the sink got."""

    given: int = 0
    taken: int = 0
    got: int = 0
    most: int = 0
    each: Sequence[Record] = ()

    def records(self) -> Iterator[Record]:
        for record in self.each or ({"n": number, "text": TEXT} for number in range(COUNT)):
            self.given += 1
            yield record

    async def live(self) -> AsyncIterator[Record]:
        for record in self.records():
            yield record
            await asyncio.sleep(0)

    def take(self, state: Any) -> Any:
        self.taken += 1
        return state.data

    def receive(self, _record: Record) -> None:
        self.most = max(self.most, self.given - self.got)
        self.got += 1

    async def receive_later(self, record: Record) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        self.receive(record)


@dataclass
class SteppingSink:
    """A ByteSink that notes how much was read before each piece; it waits until that is enough."""

    read: Callable[[], int]
    name: str = "steps"
    path: str | None = None
    encoder: Encoder = field(default_factory=JsonEncoder)
    framing: Framing = field(default=Framing(between=b"", end_if_any=b""))
    seen: list[int] = field(default_factory=list)
    lines: int = 0

    def open(self) -> ByteWriter:
        return self

    def write(self, data: bytes) -> None:
        step = len(self.seen)
        if step < len(EXPECTED):
            until(lambda: self.read() >= EXPECTED[step])
            time.sleep(0.02)  # reading too far can pass by luck, but never fail by it
        self.seen.append(self.read())
        self.lines += data.count(b"\n")

    def flush(self) -> None:
        return

    def commit(self) -> None:
        return

    def abort(self) -> None:
        return


def config(**options: Any) -> StreamConfig:
    return StreamConfig(chunk_size=CHUNK, backpressure_threshold=THRESHOLD, **options)


@pytest.mark.parametrize("kind", ["iterator", "async iterator"])
def test_iterators_pause_at_the_threshold_and_go_on_at_half(kind: str, stream: Stream) -> None:
    tally = Tally()
    source = tally.records() if kind == "iterator" else tally.live()
    sink = SteppingSink(lambda: tally.given)
    result = stream(one_state(), source, sink, stream_config=config(max_wait_ms=60_000))

    assert sink.seen[: len(EXPECTED)] == EXPECTED
    assert (sink.lines, result.emitted) == (COUNT, COUNT)
    assert result.paused_s > 0


def fill(path: Path) -> None:
    with path.open("wb") as file:
        for number in range(COUNT):
            file.write(b'{"n":%d,"text":"%s"}\n' % (number, TEXT.encode()))


@pytest.mark.parametrize("kind", ["file", "pipe"])
def test_files_and_pipes_pause_at_the_threshold_and_go_on_at_half(
    kind: str, stream: Stream, tmp_path: Path
) -> None:
    path, tally = tmp_path / "in.jsonl", Tally()
    if kind == "pipe":
        os.mkfifo(path)
        filling = threading.Thread(target=fill, args=(path,))
        filling.start()
    else:
        fill(path)
    sink = SteppingSink(lambda: tally.taken)
    result = stream(one_state(tally.take), path, sink, stream_config=config(max_wait_ms=60_000))
    if kind == "pipe":
        filling.join(WAIT_S)

    assert sink.seen[: len(EXPECTED)] == EXPECTED
    assert (sink.lines, result.emitted) == (COUNT, COUNT)
    assert result.paused_s > 0


@pytest.mark.parametrize("source", ["iterator", "async iterator"])
@pytest.mark.parametrize("sink", ["callable", "async callable"])
def test_a_slow_callable_holds_every_source_back(
    source: str, sink: str, stream: Stream, parallelism: int
) -> None:
    tally = Tally()
    given = tally.records() if source == "iterator" else tally.live()
    receive = tally.receive if sink == "callable" else tally.receive_later
    # Chunks are whole: one that is cut early, as of a slow source, lets in another behind it.
    options = on_workers(
        parallelism, chunk_size=CHUNK, backpressure_threshold=THRESHOLD, max_wait_ms=60_000
    )
    stream(one_state(), given, receive, stream_config=options)

    assert tally.got == COUNT
    assert tally.most <= THRESHOLD + 1  # the record that the source is about to give


# -- bytes ---------------------------------------------------------------------------------


def test_bytes_under_way_stay_under_the_budget(
    stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    path = tmp_path / "in.jsonl"
    fill(path)
    budget = 40 * len(TEXT)
    told: list[Any] = []
    for buffer_bytes in (budget, 1 << 30):
        seen: list[int] = []
        stream(
            one_state(),
            path,
            tmp_path / "out.jsonl",
            on_progress=lambda p, seen=seen: seen.append(p.in_flight_bytes),  # type: ignore[misc]
            stream_config=on_workers(parallelism, chunk_size=CHUNK, buffer_bytes=buffer_bytes),
        )
        told.append(max(seen))

    assert told[0] <= budget
    assert told[1] > 0
    assert (tmp_path / "out.jsonl").read_bytes() == path.read_bytes()


GROWING = "lambda s: {**s.data, 'more': 4 * [s.data['text']]}"
BUDGET = 500_000
SOURCES = [".jsonl", ".jsonl.gz", ".json", ".csv", "iterator", "async iterator"]


def source_of(kind: str, folder: Path, size: int) -> Any:
    """Return a source of two budgets, in records of `size` bytes."""
    records = [{"n": n, "text": "x" * size} for n in range(2 * BUDGET // size)]
    if kind == "iterator":
        return iter(records)
    if kind == "async iterator":
        return Tally(each=records).live()
    path = folder / f"in{kind}"
    lines = ",\n".join(map(json.dumps, records))
    if kind == ".csv":
        lines = "n,text\n" + "".join(f"{each['n']},{each['text']}\n" for each in records)
    data = (f"[{lines}]" if kind == ".json" else lines.replace("},", "}")).encode()
    path.write_bytes(gzip.compress(data, 1) if kind.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("size", [100, 15_000])
@pytest.mark.parametrize("times", [1, 5])
@pytest.mark.parametrize("sink", ["file", "callable"])
@pytest.mark.parametrize("source", SOURCES)
def test_a_small_budget_holds_whatever_is_read_and_becomes_of_it(
    source: str,
    sink: str,
    times: int,
    size: int,
    parallelism: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    most = watched(monkeypatch)
    options = on_workers(parallelism, chunk_size=1000, buffer_bytes=BUDGET)
    given, size = source_of(source, tmp_path, size // times), size // times
    stream = async_stream if source == "async iterator" else blocking_stream
    flow = one_state(GROWING if times > 1 else None)
    target: Any = tmp_path / "out.jsonl" if sink == "file" else lambda record: None
    result = stream(flow, given, target, stream_config=options)

    assert result.successful == 2 * BUDGET // size
    assert BUDGET // 20 < most[0] <= BUDGET


@pytest.mark.parametrize("source", SOURCES)
def test_records_larger_than_the_budget_are_under_way_one_by_one(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, size = watched(monkeypatch), 2 * BUDGET // 3
    options = StreamConfig(chunk_size=1000, buffer_bytes=BUDGET // 10)
    given = source_of(source, tmp_path, size)
    stream = async_stream if source == "async iterator" else blocking_stream
    result = stream(one_state(), given, tmp_path / "out.jsonl", stream_config=options)

    assert result.successful == 3
    assert size < most[0] < 2.1 * size  # one in work, and one read ahead


def watched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return where the most bytes are told that were under way at any step of a stream."""
    most = [0]

    def watch(name: str) -> None:
        change = getattr(UnderWay, name)

        def changed(under_way: UnderWay, *given: Any) -> None:
            change(under_way, *given)
            most[0] = max(most[0], under_way._flow.in_flight_bytes + waiting[-1].waiting_bytes)

        monkeypatch.setattr(UnderWay, name, changed)

    waiting: list[Intake] = []
    start = Restraint.start

    def started(restraint: Restraint) -> None:
        waiting.append(restraint._intake)
        start(restraint)

    monkeypatch.setattr(Restraint, "start", started)
    for name in ("on_read", "on_computed", "on_taken"):
        watch(name)
    return most


def test_buffer_bytes_hold_a_source_back_that_the_records_would_not(stream: Stream) -> None:
    tally, waited = Tally(), threading.Event()
    records_of_budget = 30
    sink = SteppingSink(lambda: tally.given)

    def write(data: bytes) -> None:
        if not waited.is_set():
            until(lambda: tally.given >= 15)
            time.sleep(0.05)  # reading too far can pass by luck, but never fail by it
            sink.seen.append(tally.given)
            waited.set()
        sink.lines += data.count(b"\n")

    sink.write = write  # type: ignore[method-assign]
    options = StreamConfig(chunk_size=CHUNK, buffer_bytes=records_of_budget * len(TEXT))
    stream(one_state(), tally.records(), sink, stream_config=options)

    assert sink.seen[0] <= records_of_budget
    assert sink.lines == COUNT


def test_a_chunk_ends_early_where_its_records_are_large(stream: Stream, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    fill(path)
    sizes = {}
    for name, source in (("file", path), ("iterator", Tally().records())):
        told: list[int] = []
        stream(
            one_state(),
            source,
            on_progress=lambda p, told=told: told.append(p.records_processed),  # type: ignore[misc]
            stream_config=StreamConfig(chunk_size=1000, buffer_bytes=40 * len(TEXT)),
        )
        sizes[name] = max(b - a for a, b in zip([0, *told], told, strict=False))

    assert sizes == {"file": 9, "iterator": 10}  # a quarter of the budget; a line has its name too


def test_a_tiny_budget_still_moves_everything(stream: Stream, parallelism: int) -> None:
    tally = Tally()
    options = on_workers(parallelism, chunk_size=CHUNK, buffer_bytes=1)
    result = stream(one_state(), tally.records(), tally.receive, stream_config=options)

    assert (result.emitted, tally.got) == (COUNT, COUNT)


# -- the view ------------------------------------------------------------------------------


def test_progress_shows_memory_sizes_and_what_is_under_way(stream: Stream, tmp_path: Path) -> None:
    path, told = tmp_path / "in.jsonl", list[Any]()
    fill(path)
    stream(one_state(), path, on_progress=told.append, stream_config=config())

    assert {p.chunk_size for p in told} == {CHUNK}
    assert all(1 < p.memory_mb <= p.peak_memory_mb for p in told)
    assert told[0].in_flight_bytes > 0  # read ahead, at least
    assert (told[-1].in_flight, told[-1].in_flight_bytes) == (0, 0)


# -- without an end ------------------------------------------------------------------------


def test_an_endless_source_is_never_further_ahead_than_it_may_be(stream: Stream) -> None:
    """The variant in real time, with memory, is tests/soak/test_endless.py."""
    tally, enough = Tally(), 1000

    async def endless() -> AsyncIterator[Record]:
        while True:
            tally.given += 1
            yield {"n": tally.given}

    async def receive(record: Record) -> None:
        await tally.receive_later(record)
        if tally.got == enough:
            raise InterruptedError("enough")

    with pytest.raises(InterruptedError, match="enough"):
        stream(one_state(), endless(), receive, stream_config=config())

    assert tally.got == enough
    assert tally.most <= THRESHOLD + 1
    assert tally.given <= enough + THRESHOLD + 1
