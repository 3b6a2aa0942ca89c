"""Tests of what is counted between reading and writing."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from statepipe.run.chunk import ChunkResult, Output
from statepipe.run.computing import Done
from statepipe.run.flow import Flow
from statepipe.run.growth import FIRST_GUESS
from statepipe.run.underway import UnderWay


@dataclass
class Outlet:
    """What an outlet says of itself."""

    taken_bytes: int = 0
    written_bytes: int = 0


def done(number: int, records: int, *outputs: Output, last: bool = True) -> Done:
    return Done(number, records, [ChunkResult(records, {}, list(outputs), [])], last).weighed()


def test_a_chunk_weighs_its_input_then_its_output_until_that_is_written() -> None:
    flow, outlet = Flow(100, 100), Outlet()
    under_way, result = UnderWay(flow, [outlet]), done(0, 5, b"x" * 30)
    seen = []
    under_way.on_read(5, 40)
    seen.append((flow.in_flight, flow.in_flight_bytes))
    under_way.on_computed(result)
    seen.append((flow.in_flight, flow.in_flight_bytes))
    outlet.taken_bytes = 30
    under_way.on_taken(result)
    under_way.release()
    seen.append((flow.in_flight, flow.in_flight_bytes))
    outlet.written_bytes = 29
    under_way.release()
    seen.append((flow.in_flight, flow.in_flight_bytes))
    outlet.written_bytes = 30
    under_way.release()
    seen.append((flow.in_flight, flow.in_flight_bytes))

    assert seen == [(5, 40), (5, 30), (5, 30), (5, 30), (0, 0)]


def test_a_chunk_is_taken_to_grow_as_those_before_it_have() -> None:
    flow, outlet, seen = Flow(100, 100), Outlet(), list[int]()
    under_way, result = UnderWay(flow, [outlet]), done(0, 5, b"x" * 120)
    under_way.on_read(5, 40)
    seen.append(flow.growth_bytes)
    under_way.on_computed(result)
    seen.append(flow.growth_bytes)
    outlet.taken_bytes = 120
    under_way.on_taken(result)
    under_way.on_read(5, 40)
    seen.append(flow.growth_bytes)
    outlet.taken_bytes = 200
    under_way.on_taken(Done(1, 5, [ChunkResult(5, {}, [b"x" * 80], [5])]))

    assert seen == [(FIRST_GUESS - 1) * 40, 0, 2 * 40]
    assert (flow.in_flight_bytes, flow.growth_bytes) == (200, 0)


def test_what_a_callable_takes_counts_as_results_although_it_leaves_no_bytes() -> None:
    flow = Flow(100, 100)
    under_way, result = UnderWay(flow, [Outlet()]), done(0, 2, b"x" * 300)
    under_way.on_read(2, 100)
    under_way.on_computed(result)
    under_way.on_taken(result)

    assert under_way.growth.times == 3
    assert flow.in_flight_bytes == 0


def test_a_chunk_is_written_when_every_outlet_has_written_its_part() -> None:
    flow, fast, slow = Flow(100, 100), Outlet(), Outlet()
    under_way = UnderWay(flow, [fast, slow])
    under_way.on_read(2, 10)
    under_way.on_computed(done(0, 2, b"aa", b"bbb"))
    fast.taken_bytes, slow.taken_bytes = 2, 3
    fast.written_bytes = 2
    under_way.on_taken(done(0, 2, b"aa", b"bbb"))

    assert (flow.in_flight, flow.in_flight_bytes) == (2, 5)
    slow.written_bytes = 3
    under_way.release()
    assert (flow.in_flight, flow.in_flight_bytes) == (0, 0)


def test_records_for_a_callable_are_written_when_it_had_them() -> None:
    flow = Flow(100, 100)
    under_way, result = UnderWay(flow, [Outlet()]), done(0, 2, [{"n": 1}, {"n": 2}])
    under_way.on_read(2, 99)
    under_way.on_computed(result)

    assert flow.in_flight_bytes == 99
    under_way.on_taken(result)
    under_way.release()
    assert (flow.in_flight, flow.in_flight_bytes) == (0, 0)


def test_what_is_taken_at_once_need_not_be_weighed_before() -> None:
    flow, outlet = Flow(100, 100), Outlet()
    under_way = UnderWay(flow, [outlet])
    under_way.on_read(5, 40)
    outlet.taken_bytes = 30
    under_way.on_taken(Done(0, 5, [ChunkResult(5, {}, [b"x" * 30], [5])]))

    assert (flow.in_flight, flow.in_flight_bytes) == (5, 30)


def test_results_in_parts_count_their_records_at_the_last() -> None:
    flow, outlet = Flow(100, 100), Outlet()
    under_way = UnderWay(flow, [outlet])
    under_way.on_read(9, 50)
    for part in (done(0, 9, b"aa", last=False), done(0, 9, b"bb")):
        under_way.on_computed(part)
        outlet.taken_bytes += 2
        outlet.written_bytes += 2
        under_way.on_taken(part)
        under_way.release()
        assert flow.in_flight == (0 if part.last else 9)

    assert flow.in_flight_bytes == 0


def test_a_part_of_the_results_lets_go_of_its_part_of_the_input() -> None:
    flow = Flow(100, 100)
    under_way = UnderWay(flow, [Outlet()])
    under_way.on_read(9, 50)
    part = Done(0, 9, [ChunkResult(3, {}, [b"aa"], [3], size=20)], last=False).weighed()
    under_way.on_computed(part)

    assert flow.in_flight_bytes == 50 - 20 + 2
    assert flow.growth_bytes == (50 - 20) * (FIRST_GUESS - 1)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99), st.integers(0, 99)), max_size=20))
def test_when_all_is_written_nothing_is_under_way(chunks: list[tuple[int, int, int]]) -> None:
    flow, outlet = Flow(100, 100), Outlet()
    under_way = UnderWay(flow, [outlet])
    for records, size, _ in chunks:
        under_way.on_read(records, size)
    for number, (records, _, output) in enumerate(chunks):
        result = done(number, records, b"x" * output)
        under_way.on_computed(result)
        outlet.taken_bytes += output + 1  # and a dead letter
        under_way.on_taken(result)
        assert flow.in_flight_bytes >= outlet.taken_bytes
    outlet.written_bytes = outlet.taken_bytes
    under_way.release()

    assert (flow.in_flight, flow.in_flight_bytes, flow.growth_bytes) == (0, 0, 0)
