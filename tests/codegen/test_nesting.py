"""Tests of what the interpreter learns of pushes that the generated function has made."""

from __future__ import annotations

from typing import Any

import pytest

from statepipe.codegen.engine import Engine
from statepipe.codegen.nesting import frames_of, pushes_by_number
from statepipe.codegen.program import Behind
from statepipe.plan.interpret import interpret
from statepipe.plan.lower import lower, starting_at
from statepipe.record import Outcome
from statepipe.testing import ManualTiming
from tests.plan.machines import arc, catch, nested, push, retry, state

BREAK = "lambda s: s.data['nothing']"


def deep(**given: Any) -> Any:
    """A machine whose start leads by one state through networks `one` and, in it, `two`."""
    return nested(
        (
            state("first", arc("a")),
            state("a", push("z", "one"), catch=(catch("odd"),), retry=retry(2)),
            state("odd", arc("on")),
            state("on", arc("z")),
            state("z"),
        ),
        one=(state("s", push("e", "two")), state("e")),
        two=(state("s", arc("e"), transforms=BREAK), state("e")),
        given=given,
    )


def both(machine: Any) -> list[Outcome]:
    plan = lower(machine)
    engine = Engine(plan, ManualTiming())
    return [interpret(plan, {}, timing=ManualTiming()), next(engine.run([{}]).outcomes())]


def told(outcome: Outcome) -> Any:
    error = None if outcome.error is None else (outcome.error.message, outcome.error.state)
    return outcome.path, error


@pytest.mark.parametrize(("most", "last"), [(4, "z"), (3, "on")])
def test_after_a_catch_outside_the_transitions_within_do_not_count(most: int, last: str) -> None:
    reference, generated = map(told, both(deep(max_transitions=most)))

    assert generated == reference
    assert reference[0][-1] == last
    assert reference[1] == (None if last == "z" else ("more than 3 transitions", "on"))


def test_an_end_within_does_not_recover_from_what_fails_on_the_way_back() -> None:
    way = push("z", "sub", give={"a": "a"}, take={"n": "a.n"})
    end = state("e", transforms="lambda s: {'a': 3, 'n': 1}", retry=retry(5, 1.0))
    machine = nested(
        (state("a", way), state("z")), sub=(state("s", arc("e"), transforms="{'a': 3}"), end)
    )
    plan, timing = lower(machine), ManualTiming()
    [generated] = Engine(plan, timing).run([{"a": 3}]).outcomes()

    assert told(generated) == told(interpret(plan, {"a": 3}, timing=ManualTiming()))
    assert generated.error is not None
    assert (generated.error.role, generated.path) == ("result mapping", ("a", "sub:s", "sub:e"))
    assert timing.slept == []


def test_a_second_push_is_caught_where_it_began_not_where_the_first_did() -> None:
    machine = nested(
        (
            state("a", push("b", "good")),
            state("b", push("z", "bad"), catch=(catch("z"),), retry=retry(2)),
            state("z"),
        ),
        good=(state("s", arc("e")), state("e")),
        bad=(state("s", arc("e"), transforms=BREAK), state("e")),
    )
    reference, generated = map(told, both(machine))

    assert generated == reference == (("a", "good:s", "good:e", "b", "bad:s", "z"), None)


def through_sub(*transforms: Any) -> Any:
    inner = state("s", arc("e"), transforms=transforms)
    return nested((state("a", push("z", "sub")), state("z")), sub=(inner, state("e")))


def test_functions_within_see_their_own_network() -> None:
    def seen(data: Any, context: Any) -> Any:
        return {"network": context.network, "state": context.state}

    assert [each.data for each in both(through_sub(seen))] == [{"network": "sub", "state": "s"}] * 2


def test_records_enter_at_states_of_the_main_network_alone() -> None:
    with pytest.raises(KeyError):
        starting_at(lower(through_sub("lambda s: s.data")), "s")


def test_frames_are_told_from_outside_in() -> None:
    plan = lower(deep())
    pushes = pushes_by_number(plan)
    [outer] = [number for number, way in pushes.items() if way.push.network == "one"]
    [inner] = [number for number, way in pushes.items() if way.push.network == "two"]
    behind = Behind(["first", "a", "one:s"], ["one", "two"], [2, 3])
    raw = ((None, {"n": 1}, {"n": 0}, outer), {"n": 2}, None, inner)

    first, second = frames_of(raw, behind, pushes)
    assert (first.state.name, first.record, first.entered.kept) == ("a", {"n": 1}, {"n": 0})
    assert (first.entered.transitions, first.entered.behind, first.entered.networks) == (1, 2, ())
    assert (second.state.name, second.record, second.entered.kept) == ("s", {"n": 2}, {"n": 2})
    assert (second.entered.transitions, second.entered.behind) == (2, 3)
    assert second.entered.networks == ("one",)


def test_a_push_that_nothing_has_jumped_for_is_no_frame_yet() -> None:
    plan = lower(deep())
    raw = (None, {}, None, next(iter(pushes_by_number(plan))))

    assert frames_of(raw, Behind(["first"]), pushes_by_number(plan)) == ()
    assert frames_of(None, Behind(), {}) == ()
