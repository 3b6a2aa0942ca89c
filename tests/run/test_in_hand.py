"""Tests of the memory in which a worker tells what it has in hand."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from multiprocessing.context import ForkProcess

import pytest

from statepipe.run.in_hand import PATH_ROOM, Cause, Holding, InHand


@pytest.fixture
def in_hand() -> Iterator[InHand]:
    made = InHand()
    yield made
    made.close()


def test_at_first_nothing_is_in_hand(in_hand: InHand) -> None:
    holding = in_hand.read()

    assert (holding.chunk, holding.record, holding.path) == (None, None, ())
    assert (holding.cause, in_hand.due_s) == (Cause.UNKNOWN, None)


def test_what_a_process_held_is_known_however_it_died(in_hand: InHand) -> None:
    def hold() -> None:
        in_hand.begin(3, 1000)
        in_hand.hold(1017, 1, ("input", "prüfen"))
        in_hand.due_s = 12.5
        os.kill(os.getpid(), signal.SIGKILL)

    process = ForkProcess(target=hold)
    process.start()
    process.join()

    assert in_hand.read() == Holding(3, 1000, 1017, 1, ("input", "prüfen"), Cause.UNKNOWN)
    assert in_hand.due_s == 12.5


def test_what_was_laid_down_is_not_in_hand(in_hand: InHand) -> None:
    in_hand.begin(0, 0)
    in_hand.hold(0, 0, ("input",))
    in_hand.end()

    holding = in_hand.read()
    assert (holding.chunk, holding.record, holding.path) == (None, None, ())


def test_of_a_path_without_room_the_last_state_is_told(in_hand: InHand) -> None:
    in_hand.begin(0, 0)
    in_hand.hold(5, 0, ("x" * PATH_ROOM, "last"))
    assert in_hand.read().path == ("last",)

    in_hand.hold(5, 0, ("y" * (PATH_ROOM + 1),))
    assert in_hand.read().path == ("y" * PATH_ROOM,)


def test_the_next_process_begins_with_empty_hands(in_hand: InHand) -> None:
    empty = in_hand.read()
    in_hand.begin(7, 9)
    in_hand.hold(9, 2, ("input",))
    in_hand.tell(Cause.TIME)
    in_hand.due_s = 1.0

    in_hand.clear()

    holding = in_hand.read()
    assert (holding.chunk, holding.record, holding.stage) == (None, None, 0)
    assert (holding.cause, in_hand.due_s) == (empty.cause, None)
