"""Tests of what wakes a thread, with errors at every place where Ctrl-C may come."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Any

from statepipe.run import alarm as alarm_module
from statepipe.run.alarm import Alarm
from tests.run.sources import WAIT_S


def test_a_ring_between_two_waits_is_not_lost_and_several_are_one() -> None:
    alarm = Alarm()
    alarm.ring()
    alarm.ring()

    assert alarm.wait() is True
    assert alarm.wait(0) is False


def test_a_wait_may_be_over_before_it_began_and_as_long_as_one_likes() -> None:
    alarm = Alarm()
    threading.Timer(0.01, alarm.ring).start()

    assert alarm.wait(-1) is False
    assert alarm.wait(float("inf")) is True


def test_a_signal_handler_may_ring_for_the_thread_that_it_interrupts() -> None:
    alarm = Alarm()
    before = signal.signal(signal.SIGALRM, lambda *_: alarm.ring())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)

        assert alarm.wait(WAIT_S) is True
    finally:
        signal.signal(signal.SIGALRM, before)


class At:
    """Raises KeyboardInterrupt before the `number`th instruction of an alarm and its calls."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename not in (alarm_module.__file__, threading.__file__):
            return None
        frame.f_trace_opcodes = True
        if event in ("call", "opcode"):
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self


def rung_and_waited(alarm: Alarm, at: At) -> bool:
    """Ring and wait; return whether the error came."""
    before = sys.gettrace()
    sys.settrace(at)
    try:
        alarm.ring()
        alarm.wait(0)
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_an_error_at_any_instruction_leaves_it_in_use() -> None:
    number = 0
    while rung_and_waited(alarm := Alarm(), At(number := number + 1)):
        other = threading.Thread(target=alarm.ring, daemon=True)
        other.start()
        other.join(WAIT_S)

        assert not other.is_alive()
        assert alarm.wait(WAIT_S) is True
    assert number > 20
