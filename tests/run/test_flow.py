"""Tests of when to read on and when to pause."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from statepipe.run.flow import Flow


def test_flow_stops_reading_at_the_limit_and_resumes_when_written() -> None:
    flow = Flow(limit=20, pause_at=100)
    flow.on_read(10)
    flow.on_read(10)
    full = flow.may_read(1)
    flow.on_written(10)

    assert full is False
    assert flow.may_read(10) is True
    assert flow.may_read(11) is False


def test_flow_pauses_at_the_threshold_until_half_of_it_is_written() -> None:
    flow = Flow(limit=100, pause_at=20)
    flow.on_read(20)
    verdicts = []
    for _ in range(20):
        flow.on_written(1)
        verdicts.append(flow.may_read(1))

    assert verdicts == [False] * 9 + [True] * 11


def test_with_nothing_under_way_one_chunk_of_any_size_may_be_read() -> None:
    flow = Flow(limit=5, pause_at=5)

    assert flow.may_read(1000) is True
    flow.on_read(1000)
    assert flow.may_read(1) is False
    flow.on_written(1000)
    assert flow.may_read(1000) is True


def test_while_memory_is_short_one_chunk_is_let_in_at_a_time() -> None:
    flow = Flow(limit=100, pause_at=100, tight=True)
    first = flow.may_read(10)
    flow.on_read(10)

    assert (first, flow.may_read(10)) == (True, False)
    flow.tight = False
    assert flow.may_read(10) is True


def test_an_intake_that_reads_ahead_heeds_the_lower_limit() -> None:
    assert Flow(limit=10, pause_at=7).most == 7
    assert Flow(limit=5, pause_at=7).most == 5


@given(
    limit=st.integers(1, 50),
    pause_at=st.integers(1, 50),
    chunks=st.lists(st.tuples(st.integers(1, 20), st.booleans()), max_size=60),
)
def test_flow_never_passes_its_limit_and_never_stalls(
    limit: int, pause_at: int, chunks: list[tuple[int, bool]]
) -> None:
    flow, under_way = Flow(limit, pause_at), list[int]()
    for size, write in chunks:
        if flow.may_read(size):
            alone = not under_way
            flow.on_read(size)
            under_way.append(size)
            assert alone or flow.in_flight <= limit
        elif not under_way:
            raise AssertionError("nothing is under way, and nothing may be read")
        if write and under_way:
            flow.on_written(under_way.pop(0))

    assert flow.in_flight == sum(under_way)


def test_flow_counts_bytes_too_and_goes_on_at_half_of_them() -> None:
    flow = Flow(limit=100, pause_at=100, limit_bytes=1000)
    flow.on_read(1, 600)
    verdicts = [flow.may_read(1, 400), flow.may_read(1, 401)]
    flow.in_flight_bytes += 400
    verdicts.append(flow.may_read(1))
    flow.in_flight_bytes -= 499
    verdicts.append(flow.may_read(1))
    flow.in_flight_bytes -= 1
    verdicts.append(flow.may_read(1))

    assert verdicts == [True, False, False, False, True]
    flow.on_written(1, 500)
    assert (flow.in_flight, flow.in_flight_bytes) == (0, 0)


@given(
    limit=st.integers(1, 50),
    pause_at=st.integers(1, 50),
    limit_bytes=st.integers(1, 500),
    moves=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 500)), max_size=30),
    asked=st.tuples(st.integers(1, 20), st.integers(0, 200)),
)
def test_where_there_is_room_a_chunk_may_be_read_and_pauses_nothing(
    limit: int,
    pause_at: int,
    limit_bytes: int,
    moves: list[tuple[int, int]],
    asked: tuple[int, int],
) -> None:
    flow = Flow(limit, pause_at, limit_bytes=limit_bytes)
    for records, size in moves:
        flow.on_read(records, size)
        flow.may_read(1)
        flow.on_written(records // 2, size // 2)
        if flow.has_room(*asked):
            assert flow.may_read(*asked)
            flow.on_read(*asked)
            assert not flow.paused
            flow.on_written(*asked)


def test_while_paused_or_short_of_memory_there_is_no_room() -> None:
    assert Flow(100, 100).has_room(99, 0) is True
    assert Flow(100, 100).has_room(100, 0) is False
    assert Flow(100, 100, tight=True).has_room(1, 0) is False
    assert Flow(100, 100, paused=True).has_room(1, 0) is False
    assert Flow(100, 100, limit_bytes=10).has_room(1, 10) is False


def test_what_is_expected_counts_as_if_it_were_there() -> None:
    flow = Flow(limit=100, pause_at=100, limit_bytes=1000)
    flow.on_read(1, 100)
    flow.growth_bytes = 500
    verdicts = [flow.may_read(1, 400), flow.may_read(1, 401), flow.has_room(1, 400)]
    flow.growth_bytes = 900
    verdicts.append(flow.may_read(1))
    flow.growth_bytes = 401
    verdicts.append(flow.may_read(1))
    flow.growth_bytes = 400
    verdicts.append(flow.may_read(1))

    assert verdicts == [True, False, False, False, False, True]
    assert flow.in_flight_bytes == 100


def test_with_nothing_under_way_bytes_hold_nothing_up() -> None:
    flow = Flow(limit=5, pause_at=5, limit_bytes=10)

    assert flow.may_read(1, 1_000_000) is True
    flow.on_read(1, 1_000_000)
    assert flow.may_read(1) is False
