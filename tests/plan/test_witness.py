"""Tests of a walk that keeps what was tried: it must do what every other walk does."""

import asyncio
import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from statepipe.functions.moment import NO_PROMISE, Promise
from statepipe.graph.model import Machine
from statepipe.plan.drive import drive
from statepipe.plan.interpret import (
    conclude,
    conclude_async,
    finish,
    finish_async,
    interpret,
    interpret_async,
    own,
)
from statepipe.plan.lower import lower
from statepipe.plan.model import Plan
from statepipe.plan.witness import Visit, Witness, WitnessWalk
from statepipe.ports.timing import Timing
from statepipe.record import DataHandlingMode, Outcome
from statepipe.short import Short
from statepipe.testing import ManualTiming
from tests.codegen.networks import (
    async_machines,
    guarded_machines,
    guarded_nested_machines,
    machines,
    nested_async_machines,
    nested_machines,
    tame_async_machines,
    tame_machines,
)
from tests.codegen.test_engines_agree import (
    chunks,
    facts,
    half_as_thorough,
    late_calls,
    modes,
    moments_of,
    one_by_one,
)
from tests.plan.machines import arc, catch, nested, plan_of, push, retry, state


def witnessed(
    plan: Plan, record: Any, moment: Promise = NO_PROMISE, timing: Timing | None = None
) -> Outcome:
    """As `interpret`, by a walk that keeps all."""
    after = list(moment)
    walk = WitnessWalk(plan, record, Witness(Short()), moment=moment)
    outcome = finish(walk, timing)
    conclude(plan, outcome, after, timing)
    return outcome


async def witnessed_async(plan: Plan, record: Any, moment: Promise) -> Outcome:
    walk = WitnessWalk(plan, record, Witness(Short()), moment=moment)
    outcome = await finish_async(walk)
    await conclude_async(plan, outcome, list(moment), None)
    return outcome


@half_as_thorough
@given(st.one_of(machines, tame_machines, nested_machines), modes, chunks)
def test_a_walk_that_keeps_all_agrees_with_the_interpreter(
    machine: Machine, mode: DataHandlingMode, records: list[Any]
) -> None:
    plan, moments, more = lower(machine, mode=mode), moments_of(len(records)), records
    same = copy.deepcopy(records)
    expected = [
        facts(interpret(plan, own(plan, record), moments.promise(index)))
        for index, record in enumerate(more)
    ]

    assert expected == [
        facts(witnessed(plan, own(plan, record), moments.promise(index)))
        for index, record in enumerate(same)
    ]
    assert repr(same) == repr(more)


@half_as_thorough
@given(st.one_of(async_machines, tame_async_machines, nested_async_machines), modes, chunks)
def test_it_agrees_on_async_functions(
    machine: Machine, mode: DataHandlingMode, records: list[Any]
) -> None:
    plan, moments = lower(machine, mode=mode), moments_of(len(records))
    same = copy.deepcopy(records)

    async def run() -> None:
        for index, (one, other) in enumerate(zip(records, same, strict=True)):
            expected = await interpret_async(plan, own(plan, one), moments.promise(index))
            kept = await witnessed_async(plan, own(plan, other), moments.promise(index))

            assert facts(kept) == facts(expected)

    asyncio.run(run())


@half_as_thorough
@given(guarded_machines | guarded_nested_machines, modes, chunks, late_calls)
def test_it_calls_everything_as_often_and_waits_as_long(
    machine: Machine, mode: DataHandlingMode, records: list[Any], late: list[int]
) -> None:
    plan = lower(machine, mode=mode)

    assert one_by_one(plan, records, late, witnessed) == one_by_one(plan, records, late, interpret)


# -- what is kept --------------------------------------------------------------------------


def visits(plan: Plan, record: Any, limit: int | None = None) -> tuple[Visit, ...]:
    witness = Witness(Short(), limit)
    finish(WitnessWalk(plan, record, witness), ManualTiming())
    return witness.visits


def test_conditions_are_kept_with_verdict_reason_and_pieces() -> None:
    plan = plan_of(
        state(
            "a",
            arc("b", "data['n'] > 3"),
            arc("c", "(data['n'] > 1, 'small')"),
            arc("b", len),
        ),
        state("b"),
        state("c"),
    )
    first, last = visits(plan, {"n": 2})
    one, other = first.calls

    assert [(way.name, accepted) for way, accepted in first.tried] == [
        ("to b", False),
        ("to c", True),
    ]
    assert (one.verdict, other.verdict, other.reason) == (False, True, "small")
    assert first.way is not None and first.way.name == "to c"
    assert (last.name, last.way, last.number) == ("c", None, 2)


def test_checks_and_transforms_are_kept_with_what_they_did() -> None:
    def named(state: Any) -> bool:
        return True

    plan = plan_of(
        state("a", pre_validators=named, transforms="data.update(n=3)", validators="data['n'] < 2")
    )
    (visit,) = visits(plan, {"n": 1})
    before, change, after = visit.calls

    assert (before.verdict, before.given, before.pieces()) == (True, "{'n': 1}", None)
    assert (change.before, change.after) == ({"n": 1}, {"n": 3})
    assert (after.verdict, after.done) == (False, False)
    assert visit.error is not None and visit.error.role == "validator"


def test_attempts_are_numbered_and_keep_their_errors() -> None:
    calls: list[int] = []

    def flaky(state: Any) -> None:
        calls.append(1)
        raise ValueError(f"call {len(calls)}")

    plan = plan_of(
        state("a", arc("b"), transforms=flaky, retry=retry(2), catch=(catch("b"),)), state("b")
    )
    one, two, last = visits(plan, {})

    assert [(each.attempt, each.number, each.retried) for each in (one, two, last)] == [
        (1, 1, True),
        (2, 1, False),
        (1, 2, False),
    ]
    assert [str(each.error.__cause__) for each in (one, two) if each.error] == ["call 1", "call 2"]


def test_of_a_long_way_the_first_and_the_last_visits_are_kept() -> None:
    plan = plan_of(
        state(
            "a", arc("a", "data['n'] < 500"), arc("b"), transforms="data.update(n=data['n'] + 1)"
        ),
        state("b"),
    )
    kept = visits(plan, {"n": 0}, limit=5)

    assert [each.number for each in kept] == [1, 2, 3, 500, 501]
    assert kept[3].before == {"n": 499}


def test_a_choice_runs_the_conditions_of_one_state_and_nothing_else() -> None:
    plan = plan_of(
        state("a", arc("b")),
        state("b", arc("c", "data['n']", transforms="data.clear()"), transforms="data.clear()"),
        state("c"),
    )
    record = {"n": 1}
    walk = WitnessWalk(plan, record, Witness(Short()), at=1)
    visit = drive(walk.choice(), None)

    assert visit.way is not None and visit.way.name == "to c"
    assert record == {"n": 1}
    assert [each.step.role for each in visit.calls] == ["condition"]


def test_a_choice_that_fails_keeps_its_error() -> None:
    plan = plan_of(state("a", arc("b", "data['n'] > 1")), state("b"))
    visit = drive(WitnessWalk(plan, {"n": "x"}, Witness(Short())).choice(), None)

    assert visit.error is not None and visit.error.error_type == "TypeError"
    assert visit.way is None


def test_visits_within_a_network_stand_behind_the_one_that_pushed() -> None:
    failing = (state("s", arc("e"), transforms="lambda s: s.data['x']"), state("e"))
    main = (
        state("a", push("z", "sub"), retry=retry(2), catch=(catch("odd"),)),
        state("odd"),
        state("z"),
    )
    kept = visits(lower(nested(main, sub=failing)), {})

    assert [(each.name, each.attempt, each.retried, each.caught_at) for each in kept] == [
        ("a", 1, True, None),
        ("sub:s", 1, True, None),
        ("a", 2, False, "odd"),
        ("sub:s", 1, False, None),
        ("odd", 1, False, None),
    ]
    assert [each.error and each.error.state for each in kept] == [*["sub:s"] * 4, None]
    assert [len(each.tried) for each in kept] == [1, 0, 1, 0, 0]
