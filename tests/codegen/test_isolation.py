"""Whose object a function has: nobody else's in COPY, the common one in the other modes."""

from collections.abc import Callable
from typing import Any

import pytest

from statepipe.codegen.engine import Engine
from statepipe.plan.interpret import interpret, own
from statepipe.plan.model import Plan
from statepipe.record import DataHandlingMode
from tests.plan.machines import arc, one_transform, plan_of, state

COPY, REFERENCE, DIRECT = DataHandlingMode
Run = Callable[[Plan, list[Any]], list[Any]]


def generated(plan: Plan, records: list[Any]) -> list[Any]:
    chunk = Engine(plan).run([own(plan, record) for record in records])
    return [outcome.data for outcome in chunk.outcomes()]


def interpreted(plan: Plan, records: list[Any]) -> list[Any]:
    return [interpret(plan, own(plan, record)).data for record in records]


every_engine = pytest.mark.parametrize("run", [generated, interpreted])

SPOILING = [
    "lambda s: s.data['l'].append(9) or s.data.clear()",
    "lambda s: [0 for s.data['l'] in [9]] and False",
    "lambda s: list(map(s.data['l'].append, [9])) and False",
    "data['l'].append(9) or data.clear()",
    "def f(s):\n    s.data['l'].append(9)\n    s.data['x'] = 9\n    return False",
    "def f(d, c):\n    d.clear()",
    "lambda s: s.get('l').insert(0, 9)",
    "lambda s: random.choice([s.data['l']]).append(9)",
]


@every_engine
@pytest.mark.parametrize("code", SPOILING)
def test_a_condition_cannot_change_what_the_next_arc_or_state_sees(run: Run, code: str) -> None:
    plan = plan_of(
        state("a", arc("spoilt", code), arc("b", "lambda s: s.data == {'l': [1]}"), arc("spoilt")),
        state("b"),
        state("spoilt", transforms="lambda s: {'spoilt': True}"),
    )

    assert run(plan, [{"l": [1]}]) == [{"l": [1]}]


@every_engine
@pytest.mark.parametrize("code", SPOILING)
def test_a_validator_cannot_change_the_record(run: Run, code: str) -> None:
    plan = plan_of(
        state("a", arc("b"), validators=f"lambda s: ({code})(s) or True")
        if code.startswith("lambda")
        else state("a", arc("b", code), arc("b")),
        state("b"),
    )

    assert run(plan, [{"l": [1]}]) == [{"l": [1]}]


@every_engine
@pytest.mark.parametrize("code", SPOILING)
def test_the_callers_object_stays_as_it_was(run: Run, code: str) -> None:
    records: list[Any] = [{"l": [1]}, {"l": [2]}]
    run(one_transform(code), records)

    assert records == [{"l": [1]}, {"l": [2]}]


@every_engine
def test_what_a_function_kept_is_not_the_record_that_goes_on(run: Run) -> None:
    kept: list[Any] = []

    def keep(state: Any) -> Any:
        for old in kept:
            old["l"].append("later")
            old["late"] = True
        kept.append(state.data)
        return state.data

    plan = plan_of(
        state("a", arc("b"), transforms=keep, validators=lambda s: kept.append(s.data) or True),
        state("b", arc("c"), transforms=[keep, "lambda s: s.data.update(n=1)"]),
        state("c"),
    )

    assert run(plan, [{"l": [1]}, {"l": [2]}]) == [{"l": [1], "n": 1}, {"l": [2], "n": 1}]


@every_engine
def test_what_a_later_state_changes_is_not_what_a_function_kept(run: Run) -> None:
    kept: list[Any] = []

    def keep(state: Any) -> Any:
        kept.append(state.data)
        return state.data

    plan = plan_of(
        state("a", arc("b"), transforms=keep),
        state("b", transforms="lambda s: s.data['l'].append(2)"),
    )
    run(plan, [{"l": [1]}])

    assert kept == [{"l": [1]}]


@every_engine
def test_an_object_that_a_function_gives_again_and_again_is_never_shared(run: Run) -> None:
    shared: dict[str, Any] = {"l": []}
    plan = plan_of(
        state("a", arc("b"), transforms=lambda s: shared),
        state("b", transforms="lambda s: s.data['l'].append(s.name)"),
    )

    assert run(plan, [{}, {}, {}]) == [{"l": ["b"]}] * 3
    assert shared == {"l": []}


@every_engine
def test_an_object_that_a_function_fills_again_for_each_record_is_copied_each_time(
    run: Run,
) -> None:
    shared: dict[str, Any] = {}

    def refill(state: Any) -> dict[str, Any]:
        shared["n"] = state["n"]
        return shared

    plan = plan_of(state("a", arc("b"), transforms=refill), state("b"))

    assert run(plan, [{"n": 1}, {"n": 2}, {"n": 3}]) == [{"n": 1}, {"n": 2}, {"n": 3}]


@every_engine
def test_a_resource_in_a_record_is_a_copy(run: Run) -> None:
    resources: dict[str, Any] = {"r": {"l": []}}
    plan = plan_of(
        state("a", arc("b"), transforms="lambda s: {'r': s.resources['r']}"),
        state("b", transforms="lambda s: s.data['r']['l'].append(1)"),
        resources=resources,
    )

    assert run(plan, [{}, {}]) == [{"r": {"l": [1]}}] * 2
    assert resources == {"r": {"l": []}}


@every_engine
def test_one_list_in_two_fields_is_two_lists_for_the_next_function(run: Run) -> None:
    plan = plan_of(
        state("a", arc("b"), transforms="lambda s: {'x': s.data['l'], 'y': s.data['l']}"),
        state("b", transforms="lambda s: s.data['x'].append(2)"),
    )

    assert run(plan, [{"l": [1]}]) == [{"x": [1, 2], "y": [1]}]


@every_engine
def test_in_reference_mode_functions_share_one_object(run: Run) -> None:
    seen: list[Any] = []

    def see(state: Any) -> bool:
        state.data["l"].append(len(seen))
        seen.append(state.data)
        return False

    plan = plan_of(
        state("a", arc("b", see), arc("b", see), arc("b"), validators=lambda s: see(s) or True),
        state("b"),
        mode=REFERENCE,
    )
    record: dict[str, Any] = {"l": []}
    [done] = run(plan, [record])

    assert all(each is record for each in seen)
    assert done is record
    assert record == {"l": [0, 1, 2]}


@every_engine
def test_in_reference_mode_a_new_record_leaves_the_callers_object_behind(run: Run) -> None:
    record = {"l": [1]}
    plan = one_transform("lambda s: {**s.data, 'n': 1}", mode=REFERENCE)

    assert run(plan, [record]) == [{"l": [1], "n": 1}]
    assert record == {"l": [1]}


@every_engine
@pytest.mark.parametrize(
    "code",
    [
        "lambda s: {'n': s.data['n'] + 1}",
        "lambda s: s.data.update(n=s.data['n'] + 1)",
        "def f(s):\n    return {'n': s.data['n'] + 1}",
        "state.data = {'n': data['n'] + 1}\nreturn None",
    ],
)
def test_in_direct_mode_the_callers_own_object_is_changed(run: Run, code: str) -> None:
    record = {"n": 1}
    [done] = run(one_transform(code, mode=DIRECT), [record])

    assert done is record
    assert record == {"n": 2}


@every_engine
def test_a_copy_state_in_a_reference_machine_leaves_the_callers_object_alone(run: Run) -> None:
    record: dict[str, Any] = {"l": []}
    plan = plan_of(
        state("a", arc("b"), transforms="lambda s: s.data['l'].append(1)", data_mode=COPY),
        state("b"),
        mode=REFERENCE,
    )

    assert run(plan, [record]) == [{"l": [1]}]
    assert record == {"l": []}


@every_engine
def test_a_record_that_fails_is_left_as_the_mode_says(run: Run) -> None:
    code = "def f(s):\n    s.data['half'] = True\n    raise ValueError"
    left = {}
    for mode in DataHandlingMode:
        record: dict[str, Any] = {}
        left[mode] = (run(one_transform(code, mode=mode), [record]), record)

    assert left == {
        COPY: ([{}], {}),
        REFERENCE: ([{"half": True}], {"half": True}),
        DIRECT: ([{"half": True}], {"half": True}),
    }
