"""A record that is stepped to its end becomes what the interpreter and the generated function make.

`STATEPIPE_EXAMPLES=20000 pytest tests/plan/test_stepping_agrees.py` looks deeper.
"""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.errors import UsageError
from statepipe.graph.model import Machine
from statepipe.plan.drive import drive, drive_async
from statepipe.plan.interpret import interpret, interpret_async, own
from statepipe.plan.lower import lower
from statepipe.plan.model import Plan
from statepipe.plan.stepping import Stepper
from statepipe.record import DataHandlingMode
from statepipe.testing import ManualTiming
from tests.codegen.authors import CALLS
from tests.codegen.networks import (
    async_machines,
    guarded_async_machines,
    guarded_machines,
    guarded_nested_machines,
    machines,
    nested_async_machines,
    nested_machines,
    tame_async_machines,
    tame_machines,
    tame_nested_machines,
)
from tests.codegen.test_engines_agree import (
    chunks,
    facts,
    generated,
    half_as_thorough,
    interpreted,
    modes,
    moments_of,
    numbered,
)


def stepper_of(plan: Plan, record: Any, **given_: Any) -> Stepper:
    return Stepper(plan, own(plan, record), clock=lambda: 0.0, **given_)


def stepped(plan: Plan, records: list[Any]) -> list[dict[str, Any]]:
    moments, outcomes = moments_of(len(records)), []
    for index, record in enumerate(records):
        stepper = stepper_of(plan, record, moment=moments.promise(index))
        while stepper.outcome is None:
            drive(stepper.step(), None)
        outcomes.append(facts(stepper.outcome))
    return outcomes


@half_as_thorough
@given(st.one_of(tame_machines, machines, nested_machines), modes, chunks)
def test_stepping_gives_what_every_engine_gives(
    machine: Machine, mode: DataHandlingMode, records: list[Any]
) -> None:
    plan = lower(machine, mode=mode)
    mine, theirs = copy.deepcopy(records), copy.deepcopy(records)
    expected = interpreted(plan, records)

    assert stepped(plan, mine) == expected
    assert generated(plan, theirs) == expected
    assert repr(mine) == repr(theirs) == repr(records)


@half_as_thorough
@given(guarded_machines | guarded_nested_machines, modes, chunks)
def test_stepping_retries_catches_and_waits_as_every_engine_does(
    machine: Machine, mode: DataHandlingMode, records: list[Any]
) -> None:
    plan = lower(machine, mode=mode)
    for expected, actual in zip(numbered(records), numbered(records), strict=True):
        CALLS.clear()
        timing, stepping = ManualTiming(), ManualTiming()
        outcome = interpret(plan, own(plan, expected), timing=timing)
        calls = dict(CALLS)
        CALLS.clear()
        stepper = stepper_of(plan, actual)
        while stepper.outcome is None:
            drive(stepper.step(), stepping)

        assert facts(stepper.outcome) == facts(outcome)
        assert (dict(CALLS), stepping.slept, repr(actual)) == (calls, timing.slept, repr(expected))


@half_as_thorough
@given(
    st.one_of(tame_async_machines, async_machines, guarded_async_machines, nested_async_machines),
    modes,
    chunks,
)
def test_stepping_in_a_loop_gives_what_the_interpreter_gives(
    machine: Machine, mode: DataHandlingMode, records: list[Any]
) -> None:
    plan = lower(machine, mode=mode)

    async def run(record: Any) -> None:
        CALLS.clear()
        twin = copy.deepcopy(record)
        expected = facts(await interpret_async(plan, own(plan, record), timing=ManualTiming()))
        CALLS.clear()
        stepper = stepper_of(plan, twin)
        while stepper.outcome is None:
            await drive_async(stepper.step(), ManualTiming())

        assert facts(stepper.outcome) == expected
        assert repr(twin) == repr(record)

    for record in numbered(records):
        asyncio.run(run(record))


@half_as_thorough
@given(tame_machines | tame_nested_machines, chunks, st.data())
def test_a_fork_without_a_change_ends_as_the_record_did(
    machine: Machine, records: list[Any], data: st.DataObject
) -> None:
    plan = lower(machine)
    for index, record in enumerate(records):
        moment = moments_of(len(records)).promise(index)
        stepper = stepper_of(plan, record, moment=moment)
        while stepper.outcome is None:
            drive(stepper.step(), None)
        move = data.draw(st.sampled_from(list(stepper.moves)))
        before = copy.deepcopy(stepper.moves[0].before.record)
        if move.before.frames and plan.changes_in_place:
            with pytest.raises(UsageError, match="shares objects with what is outside of it"):
                stepper.forked(move.before)
            continue
        fork = stepper.forked(move.before)
        while fork.outcome is None:
            drive(fork.step(), None)

        assert facts(fork.outcome) == facts(stepper.outcome)
        assert repr(stepper.moves[0].before.record) == repr(before)
