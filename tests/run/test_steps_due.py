"""Tests of the deadlines that a worker announces."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from statepipe.run.in_hand import InHand
from statepipe.run.steps_due import StepsDue


@pytest.fixture
def in_hand() -> Iterator[InHand]:
    made = InHand()
    yield made
    made.close()


def test_the_earliest_of_the_open_deadlines_is_announced(in_hand: InHand) -> None:
    due = StepsDue()
    due.in_hand = in_hand

    with due.within(100):
        outer = in_hand.due_s
        with due.within(1000):
            longer = in_hand.due_s
        with due.within(10):
            inner = in_hand.due_s
        after = in_hand.due_s

    assert outer is not None
    assert inner is not None
    assert inner < outer == longer == after
    assert in_hand.due_s is None


def test_a_deadline_ends_with_what_it_is_for_also_if_that_fails(in_hand: InHand) -> None:
    due = StepsDue()
    due.in_hand = in_hand

    with pytest.raises(LookupError), due.within(10):
        raise LookupError

    assert in_hand.due_s is None


def test_without_a_parent_nobody_is_told() -> None:
    due = StepsDue()

    with due.within(10):
        assert due.in_hand is None
