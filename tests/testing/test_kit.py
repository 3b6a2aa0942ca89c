"""Tests of sources, sinks, clock and chance in memory."""

from __future__ import annotations

import pytest

from statepipe.ports import Sink, Source
from statepipe.ports.clock import Clock, Randomness
from statepipe.ports.timing import Timing
from statepipe.record import Run
from statepipe.testing import (
    ABORT,
    END,
    PAUSE,
    AbortedError,
    AsyncCollectingSink,
    AsyncMemorySource,
    CollectingSink,
    CountingRandomness,
    ManualClock,
    ManualTiming,
    MemorySource,
    context_of,
    view_of,
)


def test_a_source_gives_what_is_asked_for_up_to_a_mark() -> None:
    source = MemorySource([{"n": 1}, {"n": 2}, {"n": 3}, PAUSE, {"n": 4}, END, {"n": 5}])
    sizes = [len(source.read(2)) for _ in range(5)]

    assert sizes == [2, 1, 1, 0, 0]
    assert source.given == 4


def test_an_abort_comes_after_what_stands_before_it() -> None:
    source = MemorySource([{"n": 1}, ABORT, {"n": 2}])

    assert source.read(10) == [{"n": 1}]
    with pytest.raises(AbortedError, match=r"told to abort after 1 record$"):
        source.read(10)


async def test_the_async_source_does_the_same() -> None:
    source = AsyncMemorySource([{"n": 1}, PAUSE, {"n": 2}])

    assert [await source.read(5) for _ in range(3)] == [[{"n": 1}], [{"n": 2}], []]
    await source.close()
    assert (source.given, source.closed) == (2, 1)


def test_a_sink_keeps_and_counts() -> None:
    sink = CollectingSink(fail_at=2)
    sink.write([{"n": 1}])
    with pytest.raises(OSError, match="told to refuse chunk 2"):
        sink.write([{"n": 2}])
    sink.abort()

    assert (sink.records, sink.commits, sink.aborts) == ([{"n": 1}], 0, 1)


def test_the_kit_fits_the_ports() -> None:
    sources: list[Source] = [MemorySource([]), AsyncMemorySource([])]
    sinks: list[Sink] = [CollectingSink(), AsyncCollectingSink()]
    clock: Clock = ManualClock()
    randomness: Randomness = CountingRandomness()

    assert all(isinstance(source, Source) for source in sources)
    assert all(isinstance(sink, Sink) for sink in sinks)
    assert (clock.monotonic_s(), clock.now_s()) == (0.0, 0.0)
    assert randomness.random_bytes(1) == b"\1"


def test_a_clock_moves_when_told() -> None:
    clock = ManualClock(5)
    clock.advance(1.5)

    assert clock.monotonic_s() == 6.5


def test_random_bytes_count_the_calls() -> None:
    randomness = CountingRandomness()

    assert [randomness.random_bytes(2) for _ in range(3)] == [b"\0\1", b"\0\2", b"\0\3"]


def test_a_function_s_arguments_can_be_made_for_a_test_of_its_own() -> None:
    run = Run("mine", 60.0)
    view = view_of({"a": 1}, "clean", {"db": 2}, run=run, position=9)
    context = context_of("clean", "shop", {"db": 2}, run=run, position=9)

    assert (view.data, view.name, view.resources["db"]) == ({"a": 1}, "clean", 2)
    assert (context.state, context.network, context.resources["db"]) == ("clean", "shop", 2)
    assert view.now().minute == context.now().minute == 1
    assert view.uuid() == context.uuid()
    assert view_of({}, run=run).uuid() != view_of({}).uuid() != view_of({}, position=1).uuid()


def test_in_a_manual_timing_no_time_passes() -> None:
    timing: Timing = ManualTiming(late=[2], chance=0.25)
    timing.sleep(3600)

    assert timing.within(5, KeyError, lambda: 7) == 7
    with pytest.raises(KeyError):
        timing.within(6, KeyError, lambda: 7)
    assert timing.random() == 0.25
    assert (timing.slept, timing.limits) == ([3600], [(5, "KeyError"), (6, "KeyError")])  # type: ignore[attr-defined]  # it is a ManualTiming


async def test_in_a_manual_timing_async_work_is_done_too() -> None:
    async def work() -> int:
        return 7

    timing = ManualTiming(late=[2])
    await timing.sleep_async(3600)

    assert await timing.within_async(5, KeyError, work()) == 7
    with pytest.raises(KeyError):
        await timing.within_async(6, KeyError, work())
    assert (timing.slept, timing.limits) == ([3600], [(5, "KeyError"), (6, "KeyError")])
