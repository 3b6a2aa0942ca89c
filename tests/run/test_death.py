"""Tests of how the end of a worker process is told."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from statepipe.run.death import Death, signal_name
from statepipe.run.in_hand import Cause, Holding


def held(cause: Cause = Cause.UNKNOWN) -> Holding:
    return Holding(0, 0, 5, 1, ("input", "check"), cause)


def status_of(code: int) -> int:
    """Return a real wait status of a process that ended by signal -code, or with exit code."""
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", ENDING.format(code=code)], {})
    return os.waitpid(pid, 0)[1]


ENDING = "import os; os.kill(os.getpid(), -{code}) if {code} < 0 else os._exit({code})"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "ended with exit code 0"),
        (7, "ended with exit code 7"),
        (-signal.SIGSEGV, "was killed by SIGSEGV"),
        (-signal.SIGKILL, "was killed by SIGKILL"),
    ],
)
def test_a_process_ends_with_a_code_or_by_a_signal(code: int, words: str) -> None:
    death = Death.of(status_of(code), held())

    assert (death.words, death.error_type) == (words, "WorkerDiedError")
    assert (death.stage, death.path) == (1, ("input", "check"))
    assert death.hint


def test_a_process_that_was_ended_for_its_deadline_is_a_timeout() -> None:
    death = Death.of(int(signal.SIGKILL), held(Cause.TIME))

    assert death.error_type == "StateTimeoutError"
    assert death.words == "was killed: a state took longer than its timeout_s, and did not return"


def test_a_process_that_had_no_memory_left_says_so() -> None:
    death = Death.of(1 << 8, held(Cause.MEMORY))

    assert death.words == "ran out of memory"
    assert death.hint == "raise memory_limit_mb if the record is worth it"


def test_the_error_tells_where_the_record_was_and_how_often_it_was_delivered() -> None:
    death = Death.of(7 << 8, held())
    once, often = death.error(1), death.error(3)

    assert once.message == "the worker process ended with exit code 7"
    assert often.message == f"{once.message}, in each of 3 deliveries of this record"
    assert (often.role, often.state, often.path) == ("worker", "check", ("input", "check"))


def test_a_signal_without_a_name_has_its_number() -> None:
    assert signal_name(9) == "SIGKILL"
    assert signal_name(int(signal.SIGRTMIN) + 3) == f"signal {int(signal.SIGRTMIN) + 3}"
