"""Tests of sorting ended records by end state and by sink."""

from array import array
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from statepipe.run.routing import Exits, Routing, Slot

STATES = ["a", "b", "a", "c"]
SINKS = {"a": 0, "c": 1}
EXITS = Exits(STATES, Routing([Slot(), Slot()], SINKS))


def state_of(end: int) -> str | None:
    return STATES[end - 1] if end else None


@given(st.lists(st.integers(0, len(STATES))))
def test_records_are_counted_by_end_state(ends: list[int]) -> None:
    expected = Counter(state for state in map(state_of, ends) if state)

    assert EXITS.count(bytearray(ends)) == expected
    assert EXITS.count(array("L", ends)) == expected


@given(st.lists(st.integers(0, len(STATES))), st.integers(0, 1))
def test_a_sink_gets_the_records_of_its_end_states_in_order(ends: list[int], slot: int) -> None:
    expected = [n for n, end in enumerate(ends) if SINKS.get(state_of(end) or "") == slot]

    assert EXITS.positions(slot, bytearray(ends)) == expected
    assert EXITS.positions(slot, array("L", ends)) == expected
    assert list(EXITS.mask(slot, bytearray(ends))) == [int(n in expected) for n in range(len(ends))]


def test_more_leaves_than_a_byte_can_number_are_counted() -> None:
    leaves = [f"s{number % 7}" for number in range(300)]
    exits = Exits(leaves, Routing([Slot()], {"s0": 0}))
    ends = array("L", [1, 300, 0, 8, 299])

    assert exits.count(ends) == {"s0": 2, "s4": 1, "s5": 1}
    assert exits.positions(0, ends) == [0, 3]


def test_one_sink_for_all_leaves_is_known_in_advance() -> None:
    assert Exits(["a", "b"], Routing([Slot()], {"a": 0, "b": 0})).sole == 0
    assert EXITS.sole == -1
    assert Exits(["a"], Routing([Slot()], {})).sole == -1


def test_what_no_sink_gets_is_in_no_mask() -> None:
    ends = bytearray([2, 2])

    assert EXITS.positions(0, ends) == EXITS.positions(1, ends) == []
    assert EXITS.count(ends) == {"b": 2}
