"""Tests of what is expected of results before they are there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from statepipe.run.growth import FIRST_GUESS, MEMORY, STEPS, Growth


def test_before_there_is_a_result_chunks_are_taken_to_grow() -> None:
    assert Growth().times == FIRST_GUESS > 1


def test_the_first_result_tells_more_than_a_guess() -> None:
    growth = Growth()
    growth.on_result(100, 250)

    assert growth.times == 2.5


def test_what_shrinks_counts_as_it_is() -> None:
    growth = Growth()
    growth.on_result(100, 10)

    assert growth.times == 1


def test_a_part_of_a_step_is_one() -> None:
    growth = Growth()
    growth.on_result(1000, 1001)

    assert growth.times == 1 + 1 / STEPS


def test_dead_letters_that_come_later_count_as_results() -> None:
    growth = Growth()
    growth.on_result(100, 0)
    growth.on_result(0, 1000)

    assert growth.times > 10


def test_after_a_while_the_last_chunks_count_and_not_the_first() -> None:
    growth = Growth()
    for _ in range(20):
        growth.on_result(100, 900)
    high = growth.times
    for _ in range(10 * MEMORY):
        growth.on_result(100, 100)

    assert (high, growth.times) == (9, 1 + 1 / STEPS)


def test_one_small_chunk_that_grows_much_says_little_of_the_others() -> None:
    growth = Growth()
    for read, results in [(10_000, 10_000)] * 20 + [(10, 10_000)]:
        growth.on_result(read, results)

    assert growth.times < 1.25


@given(st.integers(1, 10**9), st.floats(0, 50), st.integers(1, 100))
def test_what_always_grows_alike_is_never_taken_for_less(
    read: int, times: float, chunks: int
) -> None:
    growth, results = Growth(), int(read * times)
    for _ in range(chunks):
        growth.on_result(read, results)

    assert growth.times * read >= results * (1 - 1e-9)
    assert growth.times <= max(1.0, times + 1 / STEPS + 1e-9)
