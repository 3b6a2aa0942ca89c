"""Tests of holding reading back, with a real intake and a clock that is told the time."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from statepipe.record import Record
from statepipe.run import restraint as module
from statepipe.run.bell import LoopBell
from statepipe.run.chunk import ChunkResult
from statepipe.run.computing import Done
from statepipe.run.intake import IterableIntake
from statepipe.run.live_intake import LiveIntake
from statepipe.run.options import StreamConfig
from statepipe.run.restraint import LOOK_S, Restraint
from statepipe.testing import ManualClock


def restrained(**options: float) -> tuple[Restraint, IterableIntake, ManualClock]:
    clock = ManualClock()
    config = StreamConfig(**options)  # type: ignore[arg-type]  # as many kinds as there are options
    intake = IterableIntake([{"n": n} for n in range(100)], config.chunk_size, 1.0, clock)
    found = Restraint(config, intake, [], clock)
    found.start()
    return found, intake, clock


def test_the_time_until_reading_goes_on_counts_as_paused() -> None:
    held, _, clock = restrained(chunk_size=5, backpressure_threshold=5)
    verdicts = [held.may_read()]
    held.under_way.on_read(5, 100)
    verdicts.append(held.may_read())
    clock.advance(2.0)
    verdicts.append(held.may_read())
    held.under_way.on_taken(Done(0, 5, [ChunkResult(5, {}, [], [])]))
    verdicts.append(held.may_read())

    assert verdicts == [True, False, False, True]
    assert held.load().paused_s == 2.0
    assert (held.load().in_flight, held.load().chunk_size) == (0, 5)


def test_while_reading_is_paused_only_the_bell_tells() -> None:
    held, intake, _ = restrained(chunk_size=5, backpressure_threshold=5)
    intake.wait_s = lambda: 0.5  # type: ignore[method-assign]
    free = held.wait_s()
    held.under_way.on_read(5, 100)
    held.may_read()

    assert (free, held.wait_s()) == (0.5, None)


def test_chunks_are_cut_by_what_their_results_weigh() -> None:
    held, intake, _ = restrained(chunk_size=100, buffer_bytes=64_000)
    sizes: list[int] = []
    intake.resize = lambda sizes_: sizes.append(sizes_.chunk_bytes)  # type: ignore[method-assign]
    for read, results in ((1000, 500), (1000, 3500)):
        held.under_way.on_read(5, read)
        held.under_way.on_computed(
            Done(len(sizes), 5, [ChunkResult(5, {}, [b"x" * results], [5])]).weighed()
        )
        held.may_read()

    assert sizes[0] == 64_000 // 4
    assert sizes[1] < 64_000 // 4 // 2


def test_a_look_is_due_at_once_and_then_after_some_time() -> None:
    held, _, clock = restrained()
    clock.advance(100.0)
    first = held.look_due_s
    held.look([])

    assert (first, held.look_due_s) == (0.0, 100.0 + LOOK_S)


def test_what_was_written_is_looked_for_only_when_there_may_be_no_room() -> None:
    held, _, _ = restrained(chunk_size=5, backpressure_threshold=20)
    seen = []
    for number in range(4):
        held.may_read()
        seen.append(held.flow.in_flight)
        held.under_way.on_read(5, 100)
        held.under_way.on_taken(Done(number, 5, [ChunkResult(5, {}, [], [])]))

    assert seen == [0, 5, 10, 0]


async def nothing() -> AsyncIterator[Record]:
    for record in list[Record]():
        yield record


async def test_an_intake_that_heeds_the_flow_finds_counts_of_this_moment() -> None:
    clock, config = ManualClock(), StreamConfig(chunk_size=5, backpressure_threshold=20)
    intake = LiveIntake(nothing(), chunk_size=5, max_wait_s=1.0, bell=LoopBell(), clock=clock)
    held = Restraint(config, intake, [], clock)
    held.under_way.on_read(5, 100)
    held.under_way.on_taken(Done(0, 5, [ChunkResult(5, {}, [], [])]))

    assert held.may_read() is True
    assert held.flow.in_flight == 0


def test_memory_near_its_limit_makes_chunks_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    given_back: list[bool] = []
    monkeypatch.setattr(module, "give_back", lambda: given_back.append(True))
    held, intake, clock = restrained(chunk_size=8, memory_limit_mb=1)
    sizes = []
    for _ in range(3):
        held.look([])
        clock.advance(1.0)
        chunk = intake.take()
        sizes.append(len(chunk) if chunk is not None else 0)

    assert sizes == [4, 2, 1]
    assert held.flow.tight is True
    assert len(given_back) == 3
    assert held.load().memory_mb > 1


def test_without_a_limit_memory_is_only_told() -> None:
    held, intake, _ = restrained(chunk_size=8)
    held.look([])
    chunk = intake.take()

    assert chunk is not None and len(chunk) == 8
    assert held.flow.tight is False
    assert held.load().peak_memory_mb > 1
