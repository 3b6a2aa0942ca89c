"""Breakpoints: adding and removing them, and conditions on the record."""

from __future__ import annotations

from typing import Any

import pytest

from statepipe import AdvancedFSM, UsageError
from tests.api.steps import Caller, counting


def test_breakpoints_are_added_and_removed() -> None:
    fsm = AdvancedFSM(counting())
    fsm.add_breakpoint("double")
    fsm.add_breakpoint("add", "lambda s: s['n'] > 1")

    assert fsm.breakpoints == {"add", "double"}
    assert fsm.breakpoint_conditions == {"double": None, "add": "lambda s: s['n'] > 1"}
    fsm.remove_breakpoint("double")
    assert fsm.breakpoints == {"add"}
    fsm.clear_breakpoints()
    assert fsm.breakpoints == set()


def test_the_set_that_is_given_is_the_callers_own() -> None:
    fsm = AdvancedFSM(counting())
    fsm.breakpoints.add("double")

    assert fsm.breakpoints == set()


CONDITIONS = {
    "lambda": "lambda s: s['n'] == 2",
    "expression": "data['n'] == 2",
    "data and context": "lambda data, context: context.state == 'add' and data['n'] == 2",
    "with a reason": "lambda s: (s['n'] == 2, 'because')",
    "function": lambda state: state["n"] == 2,
    "function of two": lambda data, context: data["n"] == 2,
}


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=CONDITIONS)
def test_a_condition_says_which_records_stand(condition: Any, stepping: Any) -> None:
    caller: Caller = stepping(counting(9))
    caller.fsm.add_breakpoint("add", condition)
    context = caller.fsm.create_context({"n": 0})
    result = caller.run(context)

    assert result is not None and result.at_breakpoint
    assert context.data == {"n": 2}


def test_a_condition_finds_the_contexts_variables(stepping: Any) -> None:
    caller: Caller = stepping(counting(9))
    caller.fsm.add_breakpoint("add", "lambda data, context: data['n'] == context.variables['at']")
    context = caller.fsm.create_context({"n": 0})
    context.variables["at"] = 4
    caller.run(context)

    assert context.data == {"n": 4}


def test_a_condition_changes_nothing(stepping: Any) -> None:
    caller: Caller = stepping(counting(2))
    caller.fsm.add_breakpoint("add", lambda state: state.data.clear())
    context = caller.fsm.create_context({"n": 0})
    caller.run(context)

    assert context.data == {"n": 4, "ok": True}


def test_a_condition_that_fails_is_told_where_the_record_then_stands(stepping: Any) -> None:
    caller: Caller = stepping(counting(2))
    caller.fsm.add_breakpoint("double", "lambda s: s['missing']")
    context = caller.fsm.create_context({"n": 1})
    with pytest.raises(
        UsageError,
        match="breakpoint at 'double' failed: KeyError: 'missing'; the step was made",
    ):
        caller.run(context)

    assert (context.current_state, context.step_count) == ("double", 1)
    assert caller.step(context).is_complete


def test_what_can_be_no_breakpoint_is_refused() -> None:
    fsm = AdvancedFSM(counting())

    async def later(state: Any) -> bool:
        return True

    with pytest.raises(UsageError, match="no state 'dubble'; the states are add, double, done"):
        fsm.add_breakpoint("dubble")
    with pytest.raises(UsageError, match="no breakpoint at 'add'; there are: none"):
        fsm.remove_breakpoint("add")
    with pytest.raises(UsageError, match=r"(?s)breakpoint at 'add': .*never closed"):
        fsm.add_breakpoint("add", "lambda s: (s['n']")
    with pytest.raises(UsageError, match="breakpoint at 'add' is async; it has to answer at once"):
        fsm.add_breakpoint("add", later)
    with pytest.raises(UsageError, match="breakpoint at 'add' must be a function, not 5"):
        fsm.add_breakpoint("add", 5)  # type: ignore[arg-type]  # what is refused
    with pytest.raises(UsageError, match="asks for what is bound to a record's run"):
        fsm.add_breakpoint("add", "lambda s: now()")
    assert fsm.breakpoints == set()


def test_a_condition_that_gives_something_to_await_is_no_yes(stepping: Any) -> None:
    async def later() -> bool:
        return False

    caller: Caller = stepping(counting(1))
    caller.fsm.add_breakpoint("double", lambda state: later())
    with pytest.raises(UsageError, match="the condition at 'double' gave something to await"):
        caller.step(caller.fsm.create_context({"n": 0}))
