"""The generated function does what the interpreter says, record by record.

`STATEPIPE_EXAMPLES=20000 pytest tests/codegen/test_engines_agree.py` looks deeper.
"""

import asyncio
import copy
import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statepipe.codegen.engine import Engine
from statepipe.graph.model import Machine
from statepipe.plan.interpret import interpret, interpret_async, own
from statepipe.plan.lower import lower
from statepipe.plan.model import Plan
from statepipe.record import DataHandlingMode, Outcome
from tests.codegen.networks import (
    async_machines,
    machines,
    records,
    tame_async_machines,
    tame_machines,
)
from tests.plan.machines import unproved

EXAMPLES = int(os.environ.get("STATEPIPE_EXAMPLES", "300"))
thorough = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
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
        names = "error_type message role state arc path place span hint".split()
        said |= {name: vars(error)[name] for name in names} | {"record": repr(error.record)}
    return said


def interpreted(plan: Plan, records: list[Any]) -> list[dict[str, Any]]:
    return [facts(interpret(plan, own(plan, record))) for record in records]


def generated(plan: Plan, records: list[Any]) -> list[dict[str, Any]]:
    run = Engine(plan).run([own(plan, record) for record in records])
    return [facts(outcome) for outcome in run.outcomes()]


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


def agree(machine: Machine, mode: DataHandlingMode, records: list[Any]) -> None:
    plan = lower(machine, mode=mode)
    given_records = copy.deepcopy(records)
    expected = interpreted(plan, given_records)

    for name, engine in ENGINES.items():
        same_records = copy.deepcopy(records)
        assert engine(plan, same_records) == expected, name
        assert repr(same_records) == repr(given_records), name


ENGINES = {
    "generated": generated,
    "generated, each record in a chunk of its own": lambda plan, records: [
        generated(plan, [record])[0] for record in records
    ],
    "interpreted, nothing known of the functions": lambda plan, records: interpreted(
        unproved(plan), records
    ),
    "generated, nothing fused": lambda plan, records: generated(unproved(plan), records),
}


@thorough
@given(
    st.booleans().flatmap([tame_async_machines, async_machines].__getitem__),
    modes,
    chunks,
    st.integers(1, 5),
)
def test_the_generated_coroutine_agrees_at_any_concurrency(
    machine: Machine, mode: DataHandlingMode, records: list[Any], concurrency: int
) -> None:
    plan, same_records = lower(machine, mode=mode), copy.deepcopy(records)

    async def run() -> None:
        expected = [facts(await interpret_async(plan, own(plan, record))) for record in records]
        mine = [own(plan, record) for record in same_records]
        if plan.is_async:
            done = await Engine(plan).run_async(mine, concurrency)
        else:
            done = Engine(plan).run(mine)

        assert [facts(outcome) for outcome in done.outcomes()] == expected
        assert repr(same_records) == repr(records)

    asyncio.run(run())
