"""The stepped walk: limits around single requests, arcs that are not asked, drivers that go on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from statepipe.plan.drive import drive, drive_async
from statepipe.plan.model import Plan
from statepipe.plan.stepped import Ledger, SteppedWalk
from statepipe.record import DataHandlingMode, Outcome, Record
from statepipe.testing import ManualTiming
from tests.plan.machines import arc, catch, plan_of, retry, state


class Clock:
    """Goes on by `step_s` with each call that asks for it."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def takes(self, seconds: float) -> Any:
        def spend(state: Any) -> None:
            self.now_s += seconds

        return spend


def walked(plan: Plan, record: Record, clock: Clock | None = None, **timing: Any) -> Outcome:
    walk = SteppedWalk(plan, record, Ledger(clock or Clock()))
    return drive(walk.steps(), ManualTiming(**timing))


def test_a_driver_that_stops_nowhere_goes_to_the_end() -> None:
    plan = plan_of(state("a", arc("end"), timeout_s=1.0), state("end"), timeout_s=5.0)
    walk = SteppedWalk(plan, {"n": 1}, Ledger(Clock()))
    in_loop = asyncio.run(drive_async(walk.steps(), ManualTiming()))

    assert (in_loop.path, in_loop.error) == (("a", "end"), None)
    assert walked(plan, {"n": 1}).path == ("a", "end")


def test_each_request_has_what_the_ones_before_have_left() -> None:
    clock = Clock()
    plan = plan_of(
        state("a", arc("end"), transforms=[clock.takes(3), clock.takes(4)], timeout_s=10.0),
        state("end", transforms=clock.takes(1)),
        timeout_s=20.0,
    )
    timing = ManualTiming()
    drive(SteppedWalk(plan, {}, Ledger(clock)).steps(), timing)

    assert [seconds for seconds, _ in timing.limits] == [20.0, 10.0, 17.0, 7.0, 13.0]


def test_an_attempt_that_has_spent_its_time_makes_no_further_call() -> None:
    clock, calls = Clock(), []
    plan = plan_of(
        state(
            "a",
            arc("end"),
            transforms=[clock.takes(11), lambda s: calls.append(1)],
            timeout_s=10.0,
            catch=(catch("b", "StateTimeoutError"),),
        ),
        state("b", arc("end")),
        state("end"),
    )

    assert walked(plan, {}, clock).path == ("a", "b", "end")
    assert calls == []


def test_each_attempt_has_its_whole_time_again() -> None:
    clock = Clock()
    plan = plan_of(
        state(
            "a",
            arc("end"),
            transforms=[clock.takes(6), lambda s: {"n": s["n"] // (clock.now_s > 7)}],
            timeout_s=10.0,
            retry=retry(2),
        ),
        state("end"),
    )

    assert walked(plan, {"n": 5}, clock).data == {"n": 5}


def test_waits_between_attempts_take_of_the_records_time() -> None:
    clock = Clock()
    plan = plan_of(
        state("a", arc("end"), transforms="lambda s: 1 / 0", retry=retry(3, 2.0)),
        state("end"),
        timeout_s=100.0,
    )
    timing = ManualTiming()
    drive(SteppedWalk(plan, {}, Ledger(clock)).steps(), timing)

    assert timing.slept == [2.0, 4.0]
    assert len(timing.limits) == 5  # three calls and two waits


def test_the_error_of_a_limit_is_raised_where_the_call_was() -> None:
    plan = plan_of(
        state("a", arc("end"), transforms="lambda s: s.data", timeout_s=10.0), state("end")
    )
    outcome = walked(plan, {}, late=[1])

    assert outcome.error is not None
    assert (outcome.error.error_type, outcome.error.role) == ("StateTimeoutError", "transform")


def test_stop_iteration_of_user_code_is_reported_as_such_within_a_limit() -> None:
    def stopping(state: Any) -> None:
        raise StopIteration("enough")

    plan = plan_of(state("a", arc("end"), transforms=stopping, timeout_s=1.0), state("end"))
    outcome = walked(plan, {})

    assert outcome.error is not None
    assert (outcome.error.error_type, outcome.error.message.partition(" (")[0]) == (
        "StopIteration",
        "StopIteration: enough",
    )


@pytest.mark.parametrize("mode", DataHandlingMode)
def test_a_signal_is_taken_out_of_the_object_that_functions_share(mode: DataHandlingMode) -> None:
    plan = plan_of(
        state("a", arc("b"), arc("end")), state("b", arc("end")), state("end"), mode=mode
    )
    record = {"n": 1, "_transition_signal": "end"}
    outcome = walked(plan, record)

    assert (outcome.path, outcome.data) == (("a", "end"), {"n": 1})
    assert (outcome.data is record) is (mode is not DataHandlingMode.COPY)


def test_a_signal_may_be_caught_like_any_failure() -> None:
    plan = plan_of(
        state("a", arc("end"), catch=(catch("b", "UnknownTargetError"),)),
        state("b", arc("end")),
        state("end"),
    )

    assert walked(plan, {"_transition_signal": 5}).path == ("a", "b", "end")
