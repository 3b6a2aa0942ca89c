"""The reference engine: a record taken through a plan by a walk."""

from __future__ import annotations

from statepipe.functions.moment import NO_PROMISE, Promise
from statepipe.plan.drive import Steps, check_timing, drive, drive_async
from statepipe.plan.model import Plan
from statepipe.plan.recover import caught
from statepipe.plan.values import deep_copy
from statepipe.plan.walk import Walk
from statepipe.ports.timing import Timing
from statepipe.record import DataHandlingMode, Outcome, Record


def interpret(
    plan: Plan, record: Record, moment: Promise = NO_PROMISE, timing: Timing | None = None
) -> Outcome:
    """Run one record through a plan without async functions. `record` is the plan's own."""
    after = list(moment)
    outcome = finish(Walk(plan, record, moment=moment), timing)
    conclude(plan, outcome, after, timing)
    return outcome


async def interpret_async(
    plan: Plan, record: Record, moment: Promise = NO_PROMISE, timing: Timing | None = None
) -> Outcome:
    """Run one record through a plan, awaiting what has to be awaited."""
    after = list(moment)
    outcome = await finish_async(Walk(plan, record, moment=moment), timing)
    await conclude_async(plan, outcome, after, timing)
    return outcome


def own(plan: Plan, record: Record) -> Record:
    """Return `record` as the plan may have it: a copy in COPY mode, else the caller's object."""
    return deep_copy(record) if plan.mode is DataHandlingMode.COPY else record


def finish(walk: Walk, timing: Timing | None = None) -> Outcome:
    """Do all that `walk` asks for until its record has an outcome. Nothing may need awaiting."""
    check_timing(walk.plan, timing)
    return drive(walk.steps(), timing)


async def finish_async(walk: Walk, timing: Timing | None = None) -> Outcome:
    """As `finish`, awaiting what async functions give."""
    check_timing(walk.plan, timing)
    return await drive_async(walk.steps(), timing)


def aftermath(plan: Plan, outcome: Outcome, moment: Promise) -> Steps[tuple[str, ...]]:
    """Run the transforms of the `run_on_failure` states for a record that has failed for good.

    What they give goes nowhere; what fails in them is told in notes.
    """
    notes: list[str] = []
    assert outcome.error is not None
    for index in plan.on_failure:
        walk = Walk(plan, outcome.data, at=index, moment=moment, caught=caught(outcome.error))
        failed = yield from walk.transforms()
        if failed is not None:
            at = f" ({failed.place})" if failed.place is not None else ""
            notes.append(f"on failure, state {failed.state!r} failed too: {failed.message}{at}")
    return tuple(notes)


def conclude(plan: Plan, outcome: Outcome, moment: Promise, timing: Timing | None) -> None:
    """Do what a network does for a record that has failed for good; note on its error how."""
    if outcome.error is not None and plan.on_failure:
        outcome.error.notes += drive(aftermath(plan, outcome, moment), timing)


async def conclude_async(
    plan: Plan, outcome: Outcome, moment: Promise, timing: Timing | None
) -> None:
    """As `conclude`, awaiting what async functions give."""
    if outcome.error is not None and plan.on_failure:
        outcome.error.notes += await drive_async(aftermath(plan, outcome, moment), timing)
