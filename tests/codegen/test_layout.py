from itertools import pairwise

import pytest

from statepipe.codegen.emit import emit
from statepipe.codegen.engine import Engine
from statepipe.codegen.layout import (
    MAX_CHAIN,
    MAX_DEPTH,
    is_interpreted,
    lay_out,
    longest_in_block,
    reachable,
)
from statepipe.graph.model import State
from statepipe.plan.interpret import interpret
from statepipe.plan.lower import lower
from statepipe.plan.model import Plan
from tests.plan.machines import arc, nested, plan_of, push, state

MAYBE = "lambda s: s.data['x']"


def blocks(plan: Plan) -> list[str]:
    return [plan.states[index].name for index in lay_out(plan).blocks]


def chain(length: int, condition: str | None = None) -> list[State]:
    names = [f"s{number}" for number in range(length)]
    return [
        *(state(here, arc(there, condition)) for here, there in pairwise(names)),
        state(names[-1]),
    ]


def test_a_tree_is_one_block() -> None:
    plan = plan_of(
        state("a", arc("b", MAYBE), arc("c")), state("b"), state("c", arc("d")), state("d")
    )

    assert blocks(plan) == ["a"]
    assert not lay_out(plan).limited


def test_a_state_that_several_arcs_lead_to_begins_a_block() -> None:
    plan = plan_of(
        state("a", arc("b", MAYBE), arc("c")),
        state("b", arc("d")),
        state("c", arc("d")),
        state("d", arc("e")),
        state("e"),
    )

    assert blocks(plan) == ["a", "d"]


def test_two_arcs_between_two_states_make_a_block_too() -> None:
    plan = plan_of(state("a", arc("b", MAYBE), arc("b")), state("b", arc("c")), state("c"))

    assert blocks(plan) == ["a", "b"]


def test_a_shared_end_begins_a_block_only_if_it_does_something() -> None:
    ends = [state("a", arc("b", MAYBE), arc("b")), state("b")]
    busy = [ends[0], state("b", transforms="data")]

    assert blocks(plan_of(*ends)) == ["a"]
    assert blocks(plan_of(*busy)) == ["a", "b"]


def test_states_behind_an_arc_without_condition_are_not_reached() -> None:
    plan = plan_of(state("a", arc("b"), arc("c"), arc("a")), state("b"), state("c", arc("b")))

    assert blocks(plan) == ["a"]
    assert not lay_out(plan).limited


def test_a_way_back_to_the_start_is_a_jump() -> None:
    plan = plan_of(state("a", arc("b")), state("b", arc("a", MAYBE), arc("c")), state("c"))

    assert blocks(plan) == ["a"]
    assert lay_out(plan).limited


@pytest.mark.parametrize(("limit", "limited"), [(1, True), (2, True), (3, False), (1000, False)])
def test_transitions_are_counted_only_where_the_limit_can_be_met(limit: int, limited: bool) -> None:
    plan = plan_of(*chain(4), max_transitions=limit)

    assert lay_out(plan).limited is limited


def test_the_longest_way_of_a_diamond_counts() -> None:
    states = [
        state("a", arc("d", MAYBE), arc("b")),
        state("b", arc("c")),
        state("c", arc("d")),
        state("d"),
    ]

    assert not lay_out(plan_of(*states, max_transitions=3)).limited
    assert lay_out(plan_of(*states, max_transitions=2)).limited


def test_the_longest_way_in_a_block_ends_where_another_block_begins() -> None:
    plan = plan_of(
        state("a", arc("b", MAYBE), arc("c")),
        state("b", arc("d")),
        state("c", arc("d")),
        state("d", arc("a", MAYBE), arc("e")),
        state("e"),
    )
    layout = lay_out(plan)

    assert longest_in_block(plan, layout.blocks, plan.index_of("a")) == 2
    assert longest_in_block(plan, layout.blocks, plan.index_of("d")) == 1


def test_deep_conditions_and_long_chains_are_cut_into_blocks() -> None:
    deep, long = plan_of(*chain(100, MAYBE)), plan_of(*chain(1000))

    assert len(blocks(deep)) >= 100 // (MAX_DEPTH + 1)
    assert len(blocks(long)) >= 1000 // (MAX_CHAIN + 1)


def test_no_line_stands_deeper_than_python_and_people_bear() -> None:
    lines = emit(plan_of(*chain(1000, MAYBE))).lines

    assert max(len(line) - len(line.lstrip()) for line in lines) <= 30 * 4


@pytest.mark.parametrize("condition", [None, MAYBE])
@pytest.mark.parametrize("length", [61, 250, 1500])
def test_networks_of_any_depth_run(condition: str | None, length: int) -> None:
    plan = plan_of(*chain(length, condition), max_transitions=2000)
    outcome = Engine(plan).run([{"x": 1}]).outcome(0)

    assert outcome == interpret(plan, {"x": 1})
    assert len(outcome.path) == length


def test_a_long_chain_fails_where_it_fails() -> None:
    states = [*chain(200)[:-1], state("s199", transforms="data['nope']")]
    outcome = Engine(plan_of(*states)).run([{}]).outcome(0)

    assert outcome.error is not None
    assert outcome.path == tuple(f"s{number}" for number in range(200))


def test_a_state_with_a_limit_of_time_begins_a_block_and_ends_the_way_of_the_function() -> None:
    plan = plan_of(
        state("a", arc("b")),
        state("b", arc("c"), timeout_s=1),
        state("c", arc("a")),
        max_transitions=9,
    )

    assert lay_out(plan).blocks == (0, 1)
    assert list(reachable(plan)) == [0, 1]
    assert not lay_out(plan).limited


def test_with_a_limit_for_the_record_the_interpreter_has_it_from_the_start() -> None:
    plan = plan_of(state("a", arc("b")), state("b"), timeout_s=9)

    assert list(reachable(plan)) == [0]
    assert is_interpreted(plan, plan.states[1])


def test_where_a_record_enters_a_network_and_where_it_comes_back_begin_blocks() -> None:
    plan = lower(
        nested(
            (state("a", push("b", "sub")), state("b", arc("z")), state("z")),
            sub=(state("s", arc("e")), state("e")),
        )
    )
    layout = lay_out(plan)

    assert blocks(plan) == ["a", "s", "b"]
    assert [(way.state.name, way.push.network) for way in layout.pushes] == [("a", "sub")]
    assert not layout.deep
    assert not layout.limited


def in_a_row(count: int) -> dict[str, list[State]]:
    inner = {
        f"n{number}": [state("s", push("e", f"n{number + 1}")), state("e")]
        for number in range(1, count)
    }
    return inner | {f"n{count}": [state("e")]}


@pytest.mark.parametrize(("count", "deep"), [(10, False), (11, True)])
def test_nesting_is_watched_only_where_it_can_go_too_deep(count: int, deep: bool) -> None:
    main = (state("a", push("z", "n1")), state("z"))
    plan = lower(nested(main, **in_a_row(count)))

    assert lay_out(plan).deep is deep
    assert ("check_nesting" in emit(plan).source) is deep


def test_a_network_that_leads_through_itself_may_go_too_deep_and_around() -> None:
    main = (state("a", push("z", "n", MAYBE), arc("z")), state("z"))
    layout = lay_out(lower(nested(main, n=(state("s", push("e", "main")), state("e")))))

    assert layout.deep
    assert layout.limited


@pytest.mark.parametrize(("most", "limited"), [(6, False), (5, True)])
def test_the_ways_through_networks_count_in_full(most: int, limited: bool) -> None:
    main = (state("a", push("b", "n")), state("b", push("z", "n")), state("z"))
    inner = (state("s", arc("e")), state("e"))
    plan = lower(nested(main, given={"max_transitions": most}, n=inner))
    transitions = len(interpret(lower(nested(main, n=inner)), {}).path) - 1

    assert transitions == 6
    assert lay_out(plan).limited is limited
