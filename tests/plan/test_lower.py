import pytest

from statepipe.plan.interpret import interpret
from statepipe.plan.lower import lower
from statepipe.plan.model import Plan, Step
from statepipe.record import DataHandlingMode
from tests.plan.machines import arc, machine, nested, one_transform, plan_of, push, state

COPY, REFERENCE, DIRECT = DataHandlingMode


def only_step(plan: Plan) -> Step:
    [step] = plan.states[0].entry
    return step


def test_steps_stand_in_the_order_they_run_and_are_numbered() -> None:
    plan = plan_of(
        state(
            "a",
            arc("b", "data['x']", transforms="data"),
            validators="data['v']",
            transforms=["data['t1']", "data['t2']"],
            pre_validators="data['p']",
        ),
        state("b"),
    )
    steps = [(step.number, step.role) for step in plan.states[0].steps()]

    assert steps == [
        (0, "pre_validator"),
        (1, "transform"),
        (2, "transform"),
        (3, "validator"),
        (4, "condition"),
        (5, "arc transform"),
    ]


@pytest.mark.parametrize(
    ("code", "copies"),
    [
        ("lambda s: {**s.data}", (False, False)),
        ("lambda s: s.data.update(a=1)", (True, False)),
        ("lambda s: s", (True, True)),
        ("def f(s):\n    return s.data", (True, True)),
        ("data.update(a=1)", (True, False)),
        (len, (True, True)),
    ],
)
def test_copies_are_made_where_a_function_can_reach_what_others_see(
    code: str, copies: tuple[bool, bool]
) -> None:
    step = only_step(one_transform(code))

    assert (step.copies_in, step.copies_out) == copies


@pytest.mark.parametrize("mode", [REFERENCE, DIRECT])
def test_no_copies_are_made_in_the_other_modes(mode: DataHandlingMode) -> None:
    step = only_step(one_transform(len, mode=mode))

    assert (step.copies_in, step.copies_out, step.in_place) == (False, False, mode is DIRECT)


def test_a_condition_gets_a_copy_but_gives_no_record() -> None:
    [condition, _] = plan_of(state("a", arc("a", len, transforms=len))).states[0].steps()

    assert (condition.copies_in, condition.copies_out) == (True, False)


def test_a_states_mode_comes_before_the_machines_and_that_before_the_callers() -> None:
    both = [state("a", arc("b"), data_mode=DIRECT), state("b")]

    modes = [each.mode for each in plan_of(*both, data_mode=REFERENCE, mode=COPY).states]
    plain = [each.mode for each in plan_of(*both, mode=REFERENCE).states]

    assert modes == plain == [DIRECT, REFERENCE]
    assert plan_of(*both, data_mode=REFERENCE).mode is REFERENCE


def test_one_async_function_makes_the_plan_async() -> None:
    assert one_transform("await data['x']").is_async
    assert not one_transform("data['x']").is_async


def test_a_plan_is_harmless_if_no_function_changes_or_keeps_a_record() -> None:
    assert one_transform("lambda s: {**s.data}").harmless
    assert not one_transform("lambda s: s.data.pop('a')").harmless
    assert not one_transform(len).harmless


def test_states_are_found_by_name() -> None:
    plan = lower(machine(state("a", arc("b")), state("b")))

    assert plan.states[plan.index_of("b")].name == "b"
    with pytest.raises(KeyError):
        plan.index_of("c")


def test_beside_states_that_share_objects_a_copy_state_copies_even_for_a_pure_transform() -> None:
    copying = state("a", arc("b", "data['x']"), transforms="lambda s: s.data", data_mode=COPY)
    plan = plan_of(copying, state("b"), mode=REFERENCE)
    transform, condition = plan.states[0].steps()

    assert (transform.copies_in, transform.copies_out) == (True, True)
    assert (condition.copies_in, condition.copies_out) == (False, False)


@pytest.mark.parametrize("code", ["state.resources['r'] = 2", "state.resources.clear()"])
def test_a_function_cannot_change_which_resources_there_are(code: str) -> None:
    resources = {"r": 1}
    plan = plan_of(state("a", transforms=code), resources=resources)

    outcome = interpret(plan, {})

    assert "mappingproxy" in str(outcome.error)
    assert plan.resources == {"r": 1}


def test_a_push_that_puts_results_into_the_record_itself_changes_it() -> None:
    way = push("z", "sub", take={"n": "m"})
    pushing = nested((state("a", way), state("z")), sub=(state("e"),))

    assert lower(pushing, mode=DataHandlingMode.DIRECT).changes_in_place
    assert not lower(pushing, mode=DataHandlingMode.REFERENCE).changes_in_place
