"""The generated function does what the interpreter says, record by record.

`STATEPIPE_EXAMPLES=20000 pytest tests/codegen/test_engines_agree.py` looks deeper.
"""

import asyncio
import copy
import os
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statepipe.codegen.engine import Engine, RunChunk
from statepipe.codegen.ownership import Entrants
from statepipe.functions.moment import Moments
from statepipe.graph.model import Machine
from statepipe.plan.interpret import interpret, interpret_async, own
from statepipe.plan.lower import lower
from statepipe.plan.model import Plan
from statepipe.record import DataHandlingMode, Outcome, Run
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
    records,
    tame_async_machines,
    tame_machines,
    tame_nested_machines,
)
from tests.plan.machines import unproved

EXAMPLES = int(os.environ.get("STATEPIPE_EXAMPLES", "300"))
thorough = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
half_as_thorough = settings(thorough, max_examples=EXAMPLES // 2)
modes = st.sampled_from(DataHandlingMode)
chunks = st.lists(records, min_size=1, max_size=4)


def facts(outcome: Outcome) -> dict[str, Any]:
    """What engines have to agree on. Data as text: 1 and True, and orders of fields, differ."""
    error = outcome.error
    said: dict[str, Any] = {
        "data": repr(outcome.data),
        "path": outcome.path,
        "final_state": outcome.final_state,
    }
    if error is not None:
        names = "error_type message role state arc path place span hint notes".split()
        said |= {name: vars(error)[name] for name in names} | {"record": repr(error.record)}
    return said


def moments_of(count: int) -> Moments:
    """What records are given that stand at positions 0, 7, 14 and so on."""
    return Moments(Run("a run", 1_700_000_000.5), lambda: range(0, 7 * count, 7))


def interpreted(plan: Plan, records: list[Any]) -> list[dict[str, Any]]:
    moments = moments_of(len(records))
    return [
        facts(interpret(plan, own(plan, record), moments.promise(index)))
        for index, record in enumerate(records)
    ]


def generated(plan: Plan, records: list[Any]) -> list[dict[str, Any]]:
    mine = [own(plan, record) for record in records]
    run = Engine(plan).run(mine, moments_of(len(records)))
    return [facts(outcome) for outcome in run.outcomes()]


def generated_for_own(plan: Plan, records: list[Any]) -> list[dict[str, Any]]:
    """Records that nobody else has, as those are that have just been read from bytes."""
    engine = Engine(plan)
    run = engine.attempt(copy.deepcopy(records), moments_of(len(records)), Entrants.OWN)
    engine.conclude(run)
    return [facts(outcome) for outcome in run.outcomes()]


def generated_alone(plan: Plan, records: list[Any]) -> list[dict[str, Any]]:
    """Each record in a chunk of its own."""
    moments, engine = moments_of(len(records)), Engine(plan)
    return [
        facts(engine.run([own(plan, record)], moments.only(index)).outcome(0))
        for index, record in enumerate(records)
    ]


def told(plan: Plan, records: list[Any]) -> list[dict[str, Any]]:
    """Run records as those after a worker's death are run, of which one may end it again."""
    paths: list[list[tuple[str, ...]]] = [[] for _ in records]
    mine = [own(plan, record) for record in records]
    run = Engine(plan).run_each(
        mine, lambda index, path: paths[index].append(path), moments_of(len(records))
    )
    outcomes = list(run.outcomes())

    for outcome, told_of in zip(outcomes, paths, strict=True):
        assert all(outcome.path[: len(path)] == path for path in told_of)
        assert told_of[0] == outcome.path[:1]
    return [facts(outcome) for outcome in outcomes]


@thorough
@given(machines, modes, chunks)
def test_every_engine_agrees_with_the_interpreter(
    machine: Machine, mode: DataHandlingMode, records: list[Any]
) -> None:
    agree(machine, mode, records)


@thorough
@given(tame_machines, modes, chunks)
def test_every_engine_agrees_on_records_that_come_far(
    machine: Machine, mode: DataHandlingMode, records: list[Any]
) -> None:
    agree(machine, mode, records)


@half_as_thorough
@given(st.booleans().flatmap([tame_nested_machines, nested_machines].__getitem__), modes, chunks)
def test_every_engine_agrees_on_networks_within_networks(
    machine: Machine, mode: DataHandlingMode, records: list[Any]
) -> None:
    agree(machine, mode, records)


def agree(machine: Machine, mode: DataHandlingMode, records: list[Any]) -> None:
    plan = lower(machine, mode=mode)
    given_records = copy.deepcopy(records)
    expected = interpreted(plan, given_records)

    for name, engine in ENGINES.items():
        same_records = copy.deepcopy(records)
        assert engine(plan, same_records) == expected, name
        assert repr(same_records) == repr(given_records), name
    assert generated_for_own(plan, records) == expected


ENGINES = {
    "generated": generated,
    "generated, each record in a chunk of its own": generated_alone,
    "interpreted, nothing known of the functions": lambda plan, records: interpreted(
        unproved(plan), records
    ),
    "one by one, each told of": told,
    "generated, nothing fused": lambda plan, records: generated(unproved(plan), records),
}


@thorough
@given(
    st.one_of(tame_async_machines, async_machines, nested_async_machines),
    modes,
    chunks,
    st.integers(1, 5),
)
def test_the_generated_coroutine_agrees_at_any_concurrency(
    machine: Machine, mode: DataHandlingMode, records: list[Any], concurrency: int
) -> None:
    plan, same_records = lower(machine, mode=mode), copy.deepcopy(records)
    more_records = copy.deepcopy(records)

    async def run() -> None:
        moments = moments_of(len(records))
        expected = [
            facts(await interpret_async(plan, own(plan, record), moments.promise(index)))
            for index, record in enumerate(records)
        ]
        mine = [own(plan, record) for record in same_records]
        if plan.is_async:
            done = await Engine(plan).run_async(mine, concurrency, moments)
        else:
            done = Engine(plan).run(mine, moments)
        theirs = [own(plan, record) for record in more_records]
        one_by_one = await Engine(plan).run_each_async(theirs, lambda index, path: None, moments)

        assert [facts(outcome) for outcome in one_by_one.outcomes()] == expected
        assert [facts(outcome) for outcome in done.outcomes()] == expected
        assert repr(same_records) == repr(records)

    asyncio.run(run())


# -- states that retry, catch and have limits of time ----------------------------------------

late_calls = st.lists(st.integers(1, 6), max_size=2)


def numbered(records: list[Any]) -> list[Any]:
    """Records that functions which fail now and then can tell apart."""
    return [{**copy.deepcopy(record), "id": number} for number, record in enumerate(records)]


@dataclass(frozen=True)
class Ran:
    """What a run did: outcomes, the callers' records after it, calls, waits and limits."""

    outcomes: list[dict[str, Any]]
    records: str
    calls: dict[Any, int]
    slept: list[float]
    limits: list[Any]


def one_by_one(plan: Plan, records: list[Any], late: list[int], run: Any) -> Ran:
    """Run records one after the other, each with the same calls late."""
    CALLS.clear()
    mine, timings, outcomes = numbered(records), [], []
    for record in mine:
        timings.append(ManualTiming(late))
        outcomes.append(facts(run(plan, own(plan, record), timing=timings[-1])))
    slept = [seconds for timing in timings for seconds in timing.slept]
    limits = [limit for timing in timings for limit in timing.limits]
    return Ran(outcomes, repr(mine), dict(CALLS), slept, limits)


def together(plan: Plan, records: list[Any], run: Any) -> Ran:
    """Run records as one chunk, none of them late."""
    CALLS.clear()
    mine, timing = numbered(records), ManualTiming()
    done = run(plan, [own(plan, record) for record in mine], timing)
    outcomes = [facts(outcome) for outcome in done.outcomes()]
    return Ran(outcomes, repr(mine), dict(CALLS), sorted(timing.slept), sorted(timing.limits))


def in_any_order(ran: Ran) -> Ran:
    return replace(ran, slept=sorted(ran.slept), limits=sorted(ran.limits))


def run_one(plan: Plan, record: Any, timing: ManualTiming) -> Outcome:
    return Engine(plan, timing).run([record]).outcome(0)


@thorough
@given(guarded_machines | guarded_nested_machines, modes, chunks, late_calls)
def test_every_engine_agrees_on_retries_catches_and_limits(
    machine: Machine, mode: DataHandlingMode, records: list[Any], late: list[int]
) -> None:
    plan = lower(machine, mode=mode)
    expected = one_by_one(plan, records, late, interpret)

    assert one_by_one(plan, records, late, run_one) == expected
    assert one_by_one(unproved(plan), records, late, interpret) == expected
    assert one_by_one(unproved(plan), records, late, run_one) == expected


@thorough
@given(guarded_machines | guarded_nested_machines, modes, chunks)
def test_records_that_are_taken_up_again_are_alone_in_their_chunk(
    machine: Machine, mode: DataHandlingMode, records: list[Any]
) -> None:
    plan = lower(machine, mode=mode)
    expected = in_any_order(one_by_one(plan, records, [], interpret))

    assert together(plan, records, lambda p, r, t: Engine(p, t).run(r)) == expected
    own_records = together(plan, records, attempt_own)
    assert replace(own_records, records=expected.records) == expected


def attempt_own(plan: Plan, records: list[Any], timing: ManualTiming) -> RunChunk:
    engine = Engine(plan, timing)
    run = engine.attempt(copy.deepcopy(records), entrants=Entrants.OWN)
    engine.conclude(run)
    return run


@half_as_thorough
@given(guarded_async_machines, modes, chunks, st.integers(1, 5))
def test_the_generated_coroutine_agrees_on_retries_catches_and_limits(
    machine: Machine, mode: DataHandlingMode, records: list[Any], concurrency: int
) -> None:
    plan = lower(machine, mode=mode)

    def alone(plan: Plan, record: Any, timing: ManualTiming) -> Outcome:
        return asyncio.run(interpret_async(plan, record, timing=timing))

    def beside(plan: Plan, records: list[Any], timing: ManualTiming) -> RunChunk:
        engine = Engine(plan, timing)
        if not plan.is_async:
            return engine.run(records)
        return asyncio.run(engine.run_async(records, concurrency))

    expected = in_any_order(one_by_one(plan, records, [], alone))

    assert together(plan, records, beside) == expected
