"""What each function sees of the resources, and when they are opened for a state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from statepipe.codegen.compile import compile_plan
from statepipe.config.load import load_config
from statepipe.graph.build import build_machine
from statepipe.plan.lower import lower
from statepipe.plan.model import Plan, Step
from statepipe.ports.providers import Names

SYNC = "lambda s: {**s.data, 'x': s.resources['db']}"
ASYNC = "async def f(s):\n    return {**s.data, 'x': await s.resources['db']}"


class Noting:
    """A set of resources that notes what is asked of it."""

    def __init__(self, waiting: tuple[str, ...] = ("db",)) -> None:
        self.waiting = waiting

    def seen(self, names: Names, by: str, *, awaits: bool) -> Mapping[str, Any]:
        return {"names": names, "by": by, "awaits": awaits}

    def waits(self, names: Names) -> bool:
        return any(name in self.waiting for name in (self.waiting if names is None else names))

    def acquire(self, names: tuple[str, ...]) -> bool:
        return True

    async def acquire_in_loop(self, names: tuple[str, ...]) -> bool:
        return True

    def aside(self, call: Callable[..., Any]) -> Callable[..., Any]:
        async def aside(*given: Any) -> Any:
            return call(*given)

        return aside

    def hide(self, text: str) -> str:
        return text


def plan_of(state: dict[str, Any], held: Any = None, **arc: Any) -> Plan:
    config = {
        "states": [{"name": "a", "is_start": True, **state}, {"name": "z", "is_end": True}],
        "arcs": [{"from": "a", "to": "z", "name": "way", **arc}],
    }
    machine = build_machine(load_config(config), registered={}, trusted=None, given=("db", "api"))
    return lower(machine, resources=Noting() if held is None else held)


def steps(plan: Plan) -> list[Step]:
    return [step for state in plan.states for step in state.steps()]


def test_without_names_all_see_one_and_the_same_mapping() -> None:
    plan = plan_of({"transform": [SYNC, SYNC]}, condition=SYNC)

    assert all(step.resources is plan.resources for step in steps(plan))
    assert plan.resources == {"names": None, "by": "", "awaits": False}
    assert plan.scopes == {}


def test_a_state_that_names_some_opens_them_first_and_shows_these() -> None:
    first, second = steps(plan_of({"transform": SYNC, "resources": ["db"]}))

    assert (first.role, first.function.label) == ("resources", "resources db")
    assert first.function.call({}) is True
    assert second.resources == {"names": ("db",), "by": "state 'a'", "awaits": False}


def test_an_arc_shows_what_its_state_names_unless_it_names_its_own() -> None:
    of_state = plan_of({"resources": ["db"]}, condition=SYNC, transform=SYNC)
    own = plan_of({"resources": ["db"]}, condition=SYNC, transform=SYNC, resources=["api"])

    assert [(s.role, s.resources["by"]) for s in steps(of_state)[1:]] == [
        ("condition", "state 'a'"),
        ("arc transform", "state 'a'"),
    ]
    assert [(s.role, s.resources["by"]) for s in steps(own)[1:]] == [
        ("condition", "arc 'way'"),
        ("resources", "arc 'way'"),
        ("arc transform", "arc 'way'"),
    ]


def test_naming_none_opens_nothing_and_shows_nothing() -> None:
    [step] = steps(plan_of({"transform": SYNC, "resources": []}))

    assert step.resources["names"] == ()


def test_async_functions_see_what_is_to_be_awaited_and_others_leave_the_loop() -> None:
    plan = plan_of({"transform": [ASYNC, SYNC, "lambda s: {**s.data, 'n': 1}"]})
    waiting, blocking, plain = steps(plan)

    assert (waiting.resources["awaits"], blocking.resources["awaits"]) == (True, False)
    assert [step.function.is_async for step in (waiting, blocking, plain)] == [True, True, False]
    assert plan.is_async and not plan.waits


def test_a_plan_that_is_not_async_tells_that_it_may_wait() -> None:
    assert plan_of({"transform": SYNC}).waits
    assert plan_of({"transform": "1", "resources": ["db"]}).waits
    assert not plan_of({"transform": "lambda s: {**s.data, 'n': 1}"}).waits
    assert not plan_of({"transform": SYNC, "resources": ["api"]}).waits
    assert not plan_of({"transform": SYNC}, Noting(())).waits


def test_a_function_that_cannot_be_seen_into_is_taken_to_wait() -> None:
    def own(state: Any) -> Any:
        return state.data

    assert plan_of({"transform": own}).waits
    assert plan_of({"transform": "import mine\nreturn mine.f(state)"}).waits


@pytest.mark.parametrize("held", [None, {}, Noting(())], ids=["none", "mapping", "set"])
def test_a_network_without_names_has_the_same_code_whatever_is_held(held: Any) -> None:
    state = {"transform": [SYNC, "lambda d, c: {**d, 'n': c.state}"]}
    bare = compile_plan(plan_of(state, {})).program.source

    assert compile_plan(plan_of(state, held or {})).program.source == bare
    assert "resources_" not in bare


def test_what_a_state_names_is_a_name_of_its_own_in_the_code() -> None:
    plan = plan_of({"transform": [SYNC, SYNC], "resources": ["db"]}, transform=SYNC)
    source = compile_plan(plan).program.source

    assert source.count("StateView(") == 3
    assert source.count("resources_") == 3
    assert set(plan.scopes) == {name for name in ("resources_1", "resources_2") if name in source}


def test_code_that_uses_such_a_name_for_itself_is_called() -> None:
    mine = "lambda s: {**s.data, 'n': [resources_1 for resources_1 in s.data['l']]}"
    plan = plan_of({"transform": [mine, SYNC], "resources": ["db"]})

    assert "resources_1 for" not in compile_plan(plan).program.source
