"""Driving: what a walk asks for is done, in blocking code and in async code."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias, TypeVar

from statepipe import standard
from statepipe.plan.model import Plan, Step
from statepipe.plan.refusals import cancelled_within
from statepipe.ports.timing import Timing

Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class Call:
    """User code to be called now, with these arguments."""

    step: Step
    arguments: tuple[Any, ...]  # a view, a record and a context, or a record


@dataclass(frozen=True, slots=True)
class Pause:
    """A wait of `seconds`; with `jitter`, of any part of them."""

    seconds: float
    jitter: bool


@dataclass(frozen=True, slots=True)
class Within:
    """Steps that may take `seconds` in all; else `error` is raised in them."""

    seconds: float
    error: type[Exception]
    steps: Generator[Request, Reply, Any]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A record stands before a state. Nothing is to be done; a stepper may let it stand there."""


Request: TypeAlias = "Call | Pause | Within | Arrival"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request gave, or the exception that came of it."""

    value: Any = None  # user code's value
    error: Exception | None = None


Steps: TypeAlias = Generator[Request, Reply, Given]


def check_timing(plan: Plan, timing: Timing | None) -> None:
    """Raise ValueError where `plan` waits or has limits of time, and nobody tells the time."""
    if timing is None and plan.needs_timing:
        raise ValueError(f"{plan.name!r} waits or has limits of time: its engine needs a Timing")


def drive(steps: Steps[Given], timing: Timing | None) -> Given:
    """Do all that `steps` ask for, and return what they give. Nothing may need awaiting."""
    reply: Reply | None = None
    while True:
        try:
            request = next(steps) if reply is None else steps.send(reply)
        except StopIteration as done:
            given: Given = done.value
            return given
        try:
            reply = Reply(answer(request, timing))
        except Exception as error:
            reply = Reply(error=error)


def answer(request: Request, timing: Timing | None) -> Any:  # user code's value
    if isinstance(request, Call):
        return request.step.function.call(*request.arguments)
    if isinstance(request, Arrival):
        return None
    assert timing is not None  # `check_timing` has seen to it
    if isinstance(request, Within):
        run = partial(drive, request.steps, timing)
        return timing.within(request.seconds, request.error, run)
    return timing.sleep(wait_s(request, timing))


async def drive_async(steps: Steps[Given], timing: Timing | None) -> Given:
    """As `drive`, awaiting what async functions give."""
    reply: Reply | None = None
    while True:
        try:
            request = next(steps) if reply is None else steps.send(reply)
        except StopIteration as done:
            given: Given = done.value
            return given
        try:
            if isinstance(request, Call):  # here: a coroutine cannot pass StopIteration on
                value = request.step.function.call(*request.arguments)
                reply = Reply(await value if request.step.function.is_async else value)
            elif isinstance(request, Arrival):
                reply = Reply()
            else:
                reply = Reply(await answer_async(request, timing))
        except Exception as error:
            reply = Reply(error=error)
        except standard.asyncio.CancelledError as error:
            reply = Reply(error=cancelled_within(error).with_traceback(error.__traceback__))


async def answer_async(request: Pause | Within, timing: Timing | None) -> Any:  # what it gives
    assert timing is not None  # `check_timing` has seen to it
    if isinstance(request, Within):
        run = drive_async(request.steps, timing)
        return await timing.within_async(request.seconds, request.error, run)
    return await timing.sleep_async(wait_s(request, timing))


def wait_s(pause: Pause, timing: Timing) -> float:
    return pause.seconds * timing.random() if pause.jitter else pause.seconds
