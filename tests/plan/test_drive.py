"""Tests of doing what a walk asks for."""

from __future__ import annotations

from typing import Any

import pytest

from statepipe.plan.drive import Pause, Reply, Steps, Within, check_timing, drive, drive_async
from statepipe.plan.refusals import StateTimeoutError
from statepipe.testing import ManualTiming
from tests.plan.machines import arc, plan_of, retry, state


def waiting() -> Steps[str]:
    yield Pause(2.0, jitter=False)
    yield Pause(2.0, jitter=True)
    return "done"


def limited(steps: Steps[Any]) -> Steps[Reply]:
    return (yield Within(3.0, StateTimeoutError, steps))


def failing() -> Steps[None]:
    raise KeyError("inside")
    yield


async def run(steps: Steps[Any], timing: ManualTiming, how: str) -> Any:
    return drive(steps, timing) if how == "blocking" else await drive_async(steps, timing)


@pytest.fixture(params=["blocking", "async"])
def how(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_waits_are_waited_for_and_jitter_shortens_them(how: str) -> None:
    timing = ManualTiming(chance=0.25)

    assert await run(waiting(), timing, how) == "done"
    assert timing.slept == [2.0, 0.5]


async def test_limited_steps_are_done_within_their_time(how: str) -> None:
    timing = ManualTiming()
    reply = await run(limited(waiting()), timing, how)

    assert (reply.value, reply.error) == ("done", None)
    assert timing.limits == [(3.0, "StateTimeoutError")]
    assert len(timing.slept) == 2


async def test_what_comes_too_late_is_an_error_that_the_steps_are_told(how: str) -> None:
    reply = await run(limited(waiting()), ManualTiming(late=[1]), how)

    assert isinstance(reply.error, StateTimeoutError)


async def test_an_error_of_limited_steps_is_told_too(how: str) -> None:
    reply = await run(limited(failing()), ManualTiming(), how)

    assert repr(reply.error) == "KeyError('inside')"


@pytest.mark.parametrize(
    "given", [{"retry": retry(2, 0.5)}, {"timeout_s": 1.0}], ids=["waits", "limit"]
)
def test_a_plan_that_knows_of_time_needs_a_timing(given: dict[str, Any]) -> None:
    plan = plan_of(state("a", arc("b"), **given), state("b"))

    check_timing(plan, ManualTiming())
    with pytest.raises(ValueError, match="'test' waits or has limits of time: its engine needs"):
        check_timing(plan, None)


def test_a_plan_that_only_retries_or_catches_needs_none() -> None:
    check_timing(plan_of(state("a", arc("b"), retry=retry(2)), state("b")), None)
