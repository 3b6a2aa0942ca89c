from typing import Any

import pytest

from statepipe.errors import Place
from statepipe.functions.schema import schema_function
from statepipe.plan.drive import Reply
from statepipe.plan.interpret import finish, interpret, interpret_async, own
from statepipe.plan.loops import last_loop
from statepipe.plan.lower import starting_at
from statepipe.plan.model import Plan
from statepipe.plan.walk import Walk
from statepipe.record import DataHandlingMode, Outcome
from tests.plan.machines import arc, dead_end, one_transform, plan_of, state

COPY, REFERENCE, DIRECT = DataHandlingMode


def ran(plan: Plan, record: dict[str, Any]) -> Outcome:
    return interpret(plan, own(plan, record))


def test_a_record_goes_from_the_start_to_an_end() -> None:
    plan = plan_of(state("a", arc("b")), state("b", arc("c")), state("c"))

    assert interpret(plan, {"x": 1}) == Outcome({"x": 1}, ("a", "b", "c"), "c")


def test_entry_runs_schema_then_pre_validators_then_transforms_then_validators() -> None:
    plan = plan_of(
        state(
            "a",
            schema=schema_function({"required": ["x"]}, "schema of state 'a'", Place("k")),
            pre_validators="lambda s: s.data['x'] > 0 and 'y' not in s.data",
            transforms=["lambda s: {**s.data, 'y': 1}", "lambda s: {**s.data, 'z': s.data['y']}"],
            validators="lambda s: s.data['z'] == s.data['x']",
        )
    )
    roles = {}
    for record in [{}, {"x": 0}, {"x": None}, {"x": 2}, {"x": 1}]:
        error = ran(plan, record).error
        roles[record.get("x", "none")] = error and (error.role, error.error_type)

    assert roles == {
        "none": ("schema", "InvalidRecordError"),
        0: ("pre_validator", "InvalidRecordError"),
        None: ("pre_validator", "TypeError"),
        2: ("validator", "InvalidRecordError"),
        1: None,
    }


def test_the_first_open_arc_by_priority_is_taken() -> None:
    plan = plan_of(
        state(
            "a",
            arc("low", priority=-1),
            arc("first", "lambda s: s.data['x'] > 1"),
            arc("second", "lambda s: s.data['x'] > 0"),
            arc("high", "lambda s: s.data['x'] > 2", priority=1),
        ),
        *map(state, ["low", "first", "second", "high"]),
    )

    ends = [interpret(plan, {"x": x}).final_state for x in range(4)]

    assert ends == ["low", "second", "first", "high"]


def test_conditions_after_the_open_arc_are_not_evaluated() -> None:
    plan = plan_of(state("a", arc("b", "lambda s: True"), arc("b", "lambda s: 1 / 0")), state("b"))

    assert interpret(plan, {}).success


def test_a_condition_that_raises_is_a_failure_and_no_no() -> None:
    plan = plan_of(state("a", arc("b", "lambda s: s.data['x']"), arc("b")), state("b"))
    outcome = interpret(plan, {})

    assert outcome.error is not None
    assert outcome.final_state == "a"
    assert (outcome.error.role, outcome.error.arc, outcome.error.message) == (
        "condition",
        "to b",
        "KeyError: 'x'",
    )


def test_no_open_arc_fails_the_record_and_names_what_was_tried() -> None:
    plan = plan_of(
        state("a", arc("b", "lambda s: False"), arc("c", "lambda s: ()")), state("b"), state("c")
    )
    error = interpret(plan, {}).error

    assert error is not None
    assert error.message == "no arc of state 'a' accepts the record; tried: to b, to c"
    assert (error.role, error.error_type, error.path) == ("arcs", "NoOpenArcError", ("a",))


def test_a_state_without_arcs_that_is_no_end_fails_the_record() -> None:
    error = interpret(plan_of(state("a", arc("b")), dead_end("b")), {}).error

    assert error is not None
    assert error.message == "state 'b' is no end state, and no arc leads out of it"


def test_an_arcs_transforms_run_when_it_is_taken_and_see_the_state_it_leaves() -> None:
    plan = plan_of(
        state(
            "a",
            arc("b", "lambda s: s.data['x']", transforms="lambda s: {'went': 'left'}"),
            arc("b", transforms=["lambda s: {**s.data, 'went': s.name}", "lambda s: None"]),
        ),
        state("b"),
    )

    assert interpret(plan, {"x": 1}).data == {"went": "left"}
    assert interpret(plan, {"x": 0}).data == {"x": 0, "went": "a"}


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_one_arc_more_than_the_limit_fails_the_record_and_names_the_loop(limit: int) -> None:
    plan = plan_of(
        state("a", arc("b")),
        state(
            "b",
            arc("c", "lambda s: s.data['n'] == 0"),
            arc("b", transforms="lambda s: {'n': s.data['n'] - 1}"),
        ),
        state("c"),
        max_transitions=limit + 2,
    )
    inside, outside = interpret(plan, {"n": limit}), interpret(plan, {"n": limit + 1})

    assert inside.success
    assert outside.error is not None
    assert outside.error.role == "transitions"
    assert outside.error.message == f"more than {limit + 2} transitions" + (
        "" if outside.error.arc == "to c" else ", in the loop b -> b"
    )


def test_the_last_loop_is_the_way_back_to_the_last_state() -> None:
    assert last_loop(["a", "b", "c", "b"]) == ["b", "c", "b"]
    assert last_loop(["a", "b", "b"]) == ["b", "b"]
    assert last_loop(["a", "b"]) == []


def test_a_walk_hands_out_every_call_and_is_sent_its_reply() -> None:
    plan = plan_of(
        state("a", arc("b", "lambda s: s.data['x']"), transforms="lambda s: s.data"), state("b")
    )
    steps = Walk(plan, {"x": 1}).steps()
    calls = []
    reply = None
    while True:
        try:
            call = next(steps) if reply is None else steps.send(reply)
        except StopIteration as done:
            outcome = done.value
            break
        calls.append(call.step.role)
        reply = Reply(call.step.function.call(*call.arguments))

    assert calls == ["transform", "condition"]
    assert outcome.path == ("a", "b")


def test_a_walk_can_begin_anywhere() -> None:
    plan = plan_of(state("a", arc("b")), state("b", arc("c")), state("c"), max_transitions=5)
    resumed = finish(Walk(plan, {}, at=1, path=("x", "a"), transitions=4))
    too_late = finish(Walk(plan, {}, at=1, path=("x", "a"), transitions=5))

    assert resumed.path == ("x", "a", "b", "c")
    assert too_late.error is not None
    assert too_late.error.message == "more than 5 transitions"


def test_another_start_is_another_plan() -> None:
    plan = plan_of(state("a", arc("b")), state("b"))

    assert interpret(starting_at(plan, "b"), {}).path == ("b",)
    with pytest.raises(KeyError, match="nope"):
        starting_at(plan, "nope")


async def test_async_functions_are_awaited() -> None:
    plan = one_transform("import asyncio\nawait asyncio.sleep(0)\nreturn {'n': data['n'] + 1}")

    assert (await interpret_async(plan, {"n": 1})).data == {"n": 2}


def test_stop_iteration_of_user_code_is_reported_as_such() -> None:
    for code in ["lambda s: next(iter(()))", "def f(s):\n    raise StopIteration('x')"]:
        error = interpret(one_transform(code), {}).error

        assert error is not None
        assert error.error_type == "StopIteration"


class Stopping:
    def __bool__(self) -> bool:
        raise StopIteration("in __bool__")


def test_stop_iteration_of_a_verdict_is_reported_as_such() -> None:
    error = interpret(plan_of(state("a", validators=lambda s: Stopping())), {}).error

    assert error is not None
    assert (error.error_type, error.role) == ("StopIteration", "validator")


def test_a_record_that_cannot_be_copied_fails_where_the_copy_is_needed() -> None:
    plan = plan_of(state("a", arc("b")), state("b", arc("c"), transforms="lambda s: s"), state("c"))
    error = interpret(plan, {"x": (n for n in ())}).error

    assert error is not None
    assert (error.state, error.role, error.error_type) == ("b", "transform", "TypeError")


@pytest.mark.parametrize("mode", [COPY, REFERENCE, DIRECT])
def test_own_copies_in_copy_mode_only(mode: DataHandlingMode) -> None:
    record = {"x": [1]}
    mine = own(plan_of(state("a"), mode=mode), record)

    assert mine == record
    assert (mine is record, mine["x"] is record["x"]) == ((mode is not COPY,) * 2)
