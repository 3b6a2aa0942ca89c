"""Tests of the memory that a worker shares with its parent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from statepipe.run.arena import SLOT_BYTES, Arena, Placed
from statepipe.run.chunk import ChunkResult


def result_of(*outputs: bytes) -> ChunkResult:
    return ChunkResult(len(outputs), {}, list(outputs), [1] * len(outputs))


@given(st.lists(st.lists(st.binary(max_size=50), max_size=3), max_size=5), st.integers(0, 9))
def test_what_is_placed_is_taken_out_again(outputs: list[list[bytes]], number: int) -> None:
    arena = Arena(2)
    results = [result_of(*parts) for parts in outputs]

    arena.begin(number)
    arena.place(results)
    assert all(isinstance(output, Placed) for result in results for output in result.outputs)
    arena.take_out(results)

    assert [result.outputs for result in results] == outputs
    arena.close()


def test_what_is_placed_later_lies_behind_what_was_placed_before() -> None:
    arena = Arena(1)
    first, second = [result_of(b"one")], [result_of(b"two!")]

    arena.begin(0)
    arena.place(first)
    arena.place(second)
    arena.take_out(first)
    arena.take_out(second)

    assert (first[0].outputs, second[0].outputs) == ([b"one"], [b"two!"])


def test_what_does_not_fit_stays_in_the_result() -> None:
    arena = Arena(2)
    results = [result_of(b"a" * SLOT_BYTES, b"b"), result_of(b"c")]

    arena.begin(1)
    arena.place(results)

    assert isinstance(results[0].outputs[0], Placed)
    assert results[0].outputs[1] == b"b"
    assert results[1].outputs == [b"c"]


def test_two_slots_do_not_touch_each_other() -> None:
    arena = Arena(2)
    odd, even = [result_of(b"x" * SLOT_BYTES)], [result_of(b"y" * SLOT_BYTES)]

    arena.begin(1)
    arena.place(odd)
    arena.begin(2)
    arena.place(even)
    arena.take_out(odd)
    arena.take_out(even)

    assert odd[0].outputs == [b"x" * SLOT_BYTES]
    assert even[0].outputs == [b"y" * SLOT_BYTES]
