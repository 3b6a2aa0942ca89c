"""Records that are pushed through other networks, by the reference engine."""

from typing import Any

import pytest

from statepipe.plan.interpret import interpret, own
from statepipe.plan.lower import lower
from statepipe.plan.refusals import StateTimeoutError
from statepipe.record import DataHandlingMode, Outcome
from statepipe.testing import ManualTiming
from tests.plan.machines import arc, catch, nested, push, retry, state

COPY, REFERENCE, DIRECT = DataHandlingMode

ADD_ONE = "lambda s: {**s.data, 'n': s.data['n'] + 1}"
MARK = "lambda s: {**s.data, 'seen': s.name}"


def ran(machine: Any, record: dict[str, Any], mode: DataHandlingMode = COPY) -> Outcome:
    plan = lower(machine, mode=mode)
    return interpret(plan, own(plan, record), timing=ManualTiming())


def sub(*before: Any, **given: Any) -> tuple[Any, ...]:
    return (*before, state("s", arc("e"), **given), state("e"))


def main(way: Any, *others: Any, **given: Any) -> tuple[Any, ...]:
    return (state("a", way, **given), *others, state("z"))


def test_a_record_goes_through_the_network_and_on_at_the_return_state() -> None:
    outcome = ran(nested(main(push("z", "sub")), sub=sub(transforms=ADD_ONE)), {"n": 1})

    assert outcome.success
    assert outcome.data == {"n": 2}
    assert outcome.path == ("a", "sub:s", "sub:e", "z")
    assert outcome.final_state == "z"


def test_nested_networks_stand_before_their_states_from_outside_in() -> None:
    machine = nested(
        main(push("z", "one")),
        one=(state("s", push("e", "two")), state("e")),
        two=sub(transforms=ADD_ONE),
    )

    assert ran(machine, {"n": 1}).path == ("a", "one:s", "one:two:s", "one:two:e", "one:e", "z")


def test_a_push_may_enter_at_any_state() -> None:
    machine = nested(main(push("z", "sub", at="e")), sub=sub(transforms=ADD_ONE))

    assert ran(machine, {"n": 1}).path == ("a", "sub:e", "z")


def test_conditions_priorities_and_transforms_of_a_push_arc_are_those_of_any_arc() -> None:
    into = push("z", "sub", "lambda s: s.data['n'] > 1", transforms=ADD_ONE, priority=1)
    machine = nested((state("a", arc("z"), into), state("z")), sub=sub())

    assert ran(machine, {"n": 1}).path == ("a", "z")
    assert ran(machine, {"n": 2}).path == ("a", "sub:s", "sub:e", "z")
    assert ran(machine, {"n": 2}).data == {"n": 3}


def test_functions_see_the_name_of_their_own_state_and_network() -> None:
    told = "lambda data, context: {'told': [context.state, context.network]}"
    machine = nested(main(push("z", "sub")), sub=sub(transforms=told))

    assert ran(machine, {}).data == {"told": ["s", "sub"]}


def test_a_failure_in_the_network_names_where_it_was() -> None:
    outcome = ran(nested(main(push("z", "sub")), sub=sub(transforms=ADD_ONE)), {})

    assert outcome.error is not None
    assert (outcome.final_state, outcome.error.state) == ("sub:s", "sub:s")
    assert outcome.error.path == ("a", "sub:s")
    assert outcome.error.error_type == "KeyError"


def test_a_failing_mapping_names_the_arc_and_where_the_record_was() -> None:
    way = push("z", "sub", isolation="serialize", take={"n": "n"})
    into = ran(nested(main(way), sub=sub()), {"x": {1}}).error
    back = ran(nested(main(way), sub=sub(transforms="lambda s: {'x': {1}}")), {}).error

    assert into is not None and back is not None
    assert (into.state, into.role, into.arc) == ("a", "data mapping", "to z")
    assert (back.state, back.role, back.arc) == ("sub:e", "result mapping", "to z")


@pytest.mark.parametrize("mode", DataHandlingMode)
def test_a_copy_keeps_the_record_outside_as_it_was(mode: DataHandlingMode) -> None:
    spoil = "lambda s: s.data['list'].append(1)"
    machine = nested(
        main(push("z", "sub", take={"n": "m"})), sub=sub(transforms=["lambda s: None", spoil])
    )

    assert ran(machine, {"list": [], "n": 1}, mode).data == {"list": [], "n": 1, "m": 1}


def test_a_reference_lets_the_network_change_the_record_outside() -> None:
    spoil = "lambda s: s.data['list'].append(1)"
    way = push("z", "sub", isolation="reference", give={"list": "list"}, take={"n": "m"})
    machine = nested(main(way), sub=sub(transforms=spoil))

    assert ran(machine, {"list": []}, REFERENCE).data == {"list": [1]}
    assert ran(machine, {"list": []}, COPY).data == {"list": []}


def test_in_direct_mode_the_callers_own_object_is_changed() -> None:
    record = {"n": 1}
    outcome = ran(nested(main(push("z", "sub")), sub=sub(transforms=ADD_ONE)), record, DIRECT)

    assert outcome.data is record
    assert record == {"n": 2}


def flaky(times: int) -> Any:
    calls = []

    def function(view: Any) -> None:
        calls.append(view.data["n"])
        if len(calls) <= times:
            raise ConnectionError("not now")

    return function


def test_the_pushing_state_tries_the_whole_network_again() -> None:
    machine = nested(
        main(push("z", "sub"), retry=retry(3)), sub=sub(transforms=[ADD_ONE, flaky(2)])
    )
    outcome = ran(machine, {"n": 1})

    assert outcome.success
    assert outcome.data == {"n": 2}
    assert outcome.path == ("a", "sub:s", "sub:e", "z")


@pytest.mark.parametrize("mode", [REFERENCE, DIRECT])
def test_before_it_tries_again_the_pushing_state_puts_back_what_was_shared(mode: Any) -> None:
    spoil = "lambda s: s.data['list'].append(1)"
    way = push("z", "sub", isolation="reference")
    machine = nested(main(way, retry=retry(3)), sub=sub(transforms=[spoil, flaky(2)]))
    record = {"n": 1, "list": [0]}

    assert ran(machine, record, mode).data == {"n": 1, "list": [0, 1]}
    assert record == {"n": 1, "list": [0, 1]}


def test_the_pushing_state_catches_what_failed_in_the_network() -> None:
    told = "lambda s: {**s.data, 'why': s.error['type'], 'where': s.error['state']}"
    machine = nested(
        main(
            push("z", "sub"),
            state("odd", arc("z"), transforms=told),
            catch=(catch("odd", "KeyError"),),
        ),
        sub=sub(transforms=ADD_ONE),
    )
    outcome = ran(machine, {"x": 1})

    assert outcome.data == {"x": 1, "why": "KeyError", "where": "sub:s"}
    assert outcome.path == ("a", "sub:s", "odd", "z")


def test_a_state_of_the_network_recovers_before_the_one_that_pushed() -> None:
    inner = (state("s", arc("e"), transforms=ADD_ONE, catch=(catch("e"),)), state("e"))
    machine = nested(main(push("z", "sub"), catch=(catch("z"),)), sub=inner)

    assert ran(machine, {}).path == ("a", "sub:s", "sub:e", "z")


def test_what_fails_on_the_way_back_is_no_failure_of_the_networks_end() -> None:
    end = state("e", retry=retry(5), transforms="lambda s: {'n': 1}")
    way = push("z", "sub", give={"a": "a"}, take={"n": "a.n"})
    machine = nested(main(way, catch=(catch("z"),)), sub=(state("s", arc("e")), end))
    outcome = ran(machine, {"a": 3})

    assert outcome.data == {"a": 3}
    assert outcome.path == ("a", "sub:s", "sub:e", "z")


def test_a_limit_of_time_holds_for_the_network_too() -> None:
    machine = nested(main(push("z", "sub"), timeout_s=1.0), sub=sub(transforms=ADD_ONE))
    plan = lower(machine)
    outcome = interpret(plan, {"n": 1}, timing=ManualTiming([1]))

    assert outcome.error is not None
    assert outcome.error.error_type == "StateTimeoutError"


def struck(record: dict[str, Any]) -> None:
    """Be where the limit of the state that pushed is over, as an error that arrives tells."""
    record["calls"].append(1)
    raise StateTimeoutError


@pytest.mark.parametrize("given", [{"retry": retry(5)}, {"catch": (catch("e"),)}])
def test_a_state_of_the_network_does_not_recover_from_the_limit_around_it(given: Any) -> None:
    calls: list[int] = []
    inner = sub(transforms=lambda view: struck({"calls": calls}), **given)
    around = {"timeout_s": 1.0, "catch": (catch("late", "StateTimeoutError"),)}
    machine = nested(main(push("z", "sub"), state("late", arc("z")), **around), sub=inner)
    outcome = ran(machine, {})

    assert outcome.path == ("a", "sub:s", "late", "z")
    assert calls == [1]


def test_an_error_of_time_says_whose_limit_it_was() -> None:
    one = (state("s", push("e", "two"), timeout_s=1.0), state("e"))
    two = sub(transforms=lambda view: struck({"calls": []}))
    late = ran(nested(main(push("z", "one"), timeout_s=1.0), one=one, two=two), {}).error

    assert late is not None
    assert late.state == "one:two:s"
    assert late.notes == ("the limit is that of state 'a'",)


def test_going_in_and_coming_back_are_transitions() -> None:
    def limited(most: int) -> Outcome:
        machine = nested(main(push("z", "sub")), sub=sub(), given={"max_transitions": most})
        return ran(machine, {})

    assert limited(3).success
    assert limited(2).error is not None
    assert limited(2).error.message == "more than 2 transitions"  # type: ignore[union-attr]
    assert limited(2).final_state == "sub:e"


def test_a_network_within_itself_fails_the_record_at_the_eleventh() -> None:
    deeper = push("e", "sub", "lambda s: s.data['n'] < s.data['most']", transforms=ADD_ONE)
    machine = nested(main(push("z", "sub")), sub=(state("s", deeper, arc("e")), state("e")))
    deep, too_deep = (ran(machine, {"n": 1, "most": most}) for most in (10, 11))

    assert deep.success
    assert deep.path.count(":".join(["sub"] * 10 + ["s"])) == 1
    assert too_deep.error is not None
    assert too_deep.error.error_type == "NestingLimitError"
    assert too_deep.error.message.startswith("more than 10 networks within one another: sub -> ")
    assert too_deep.error.hint == "let a condition end the recursion before it gets that deep"


def test_the_nesting_limit_is_not_caught() -> None:
    inner = (state("s", push("e", "sub"), catch=(catch("e"),)), state("e"))
    outcome = ran(nested(main(push("z", "sub"), catch=(catch("z"),)), sub=inner), {})

    assert outcome.error is not None
    assert outcome.error.error_type == "NestingLimitError"


def test_states_of_all_networks_hear_of_a_failure() -> None:
    heard: list[str] = []
    inner = state("s", arc("e"), transforms=lambda s: heard.append(s.name), run_on_failure=True)
    machine = nested(main(push("z", "sub", at="e"), validators="False"), sub=(inner, state("e")))

    assert not ran(machine, {}).success
    assert heard == ["s"]


def test_every_network_sees_the_machines_resources() -> None:
    machine = nested(
        main(push("z", "sub")), sub=sub(transforms="lambda s: {'db': s.resources['db']}")
    )
    plan = lower(machine, resources={"db": "it"})

    assert interpret(plan, {}).data == {"db": "it"}
