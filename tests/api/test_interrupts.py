"""Ctrl-C in the calls for records and lists: it comes out, and nothing hangs on it."""

from __future__ import annotations

import signal
import threading
import time
from typing import Any

import pytest

from statepipe import SimpleFSM
from tests.run.presses import PressAt, default_handler, run_until
from tests.streaming.streams import one_state

__all__ = ["default_handler"]  # a fixture

RECORDS = [{"n": n} for n in range(12)]


def opaque(state: Any) -> dict[str, Any]:
    """Do what statepipe cannot see into, so that threads are used."""
    time.sleep(0)
    return dict(state.data)


def test_ctrl_c_at_any_line_of_a_batch_is_raised_and_hangs_nowhere() -> None:
    fsm, places, number = SimpleFSM(one_state(opaque)), set[str | None](), 1
    before = threading.active_count()
    while True:
        press = PressAt(number)
        raised = run_until(press, lambda: fsm.process_batch(RECORDS, batch_size=6, max_workers=2))
        assert raised == (press.place is not None)
        assert threading.active_count() == before
        if not raised:
            break
        places.add(press.place)
        number += 23

    assert len(places) > 15


@pytest.mark.parametrize("workers", [1, 3])
def test_a_batch_that_threads_are_at_is_the_last(workers: int) -> None:
    def press(state: Any) -> None:
        seen.append(state.data["n"])
        if state.data["n"] == 2:
            signal.raise_signal(signal.SIGINT)

    seen: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        SimpleFSM(one_state(press)).process_batch(RECORDS, batch_size=6, max_workers=workers)

    assert sorted(seen) == ([0, 1, 2] if workers == 1 else [0, 1, 2, 3, 4, 5])


@pytest.mark.parametrize("place", ["function", "on_progress"])
def test_the_programs_code_is_ended_at_once(place: str) -> None:
    def endless(_: Any = None) -> None:
        signal.raise_signal(signal.SIGINT)
        reached.append(place)

    reached: list[str] = []
    fsm = SimpleFSM(one_state(endless if place == "function" else "lambda s: None"))
    with pytest.raises(KeyboardInterrupt):
        fsm.process_batch(
            RECORDS, max_workers=1, on_progress=endless if place == "on_progress" else None
        )

    assert reached == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
