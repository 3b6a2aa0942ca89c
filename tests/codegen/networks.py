"""Strategies: networks of any shape, and records of any content."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from statepipe.graph.build import by_priority
from statepipe.graph.model import Machine, State
from statepipe.record import DataHandlingMode
from tests.codegen.authors import (
    LATER,
    TAME_TRANSFORMS,
    TAME_VERDICTS,
    TRANSFORMS,
    VERDICTS,
    CallableLater,
    later,
)
from tests.plan.machines import arc, functions, machine

FIELDS = ["a", "b", "n", "log", "é", "ü", "why"]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(-(10**40), 10**40),
    st.floats(allow_nan=False),
    st.text(max_size=4),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3)
    ),
    max_leaves=5,
)
records = st.dictionaries(
    st.sampled_from(FIELDS) | st.text(max_size=3), st.just(1) | values, max_size=6
)


# Strategies that stand here once draw several times faster than ones made while drawing, as
# `st.composite` invites to. So arcs are drawn with a number, which is a state when all are there.
priorities = st.sampled_from([0, 0, 0, 1, -1])
limits = st.sampled_from([1000, 1, 2, 3, 5, 17])
overrides = st.sampled_from([None, None, None, *DataHandlingMode])


def drafts(
    verdicts: list[Any], transforms: list[Any], *, checks: bool = True
) -> st.SearchStrategy[Machine]:
    verdict, transform = st.sampled_from(verdicts), st.sampled_from(transforms)
    checked = st.just([]) | st.lists(verdict, max_size=1) if checks else st.just([])
    arcs = st.tuples(
        st.integers(0, 9), st.none() | verdict, st.lists(transform, max_size=1), priorities
    )
    states = st.tuples(
        st.sampled_from([False, False, True]),
        checked,
        st.lists(transform, max_size=2),
        checked,
        st.lists(arcs, max_size=4),
        overrides,
    )
    small, large = (
        st.lists(states, min_size=2, max_size=2),
        st.lists(states, min_size=1, max_size=7),
    )
    return st.builds(built, small | large, limits)


def built(drafted: list[Any], limit: int) -> Machine:
    names = [f"s{number}" for number in range(len(drafted))]
    states = []
    for name, (is_end, before, changes, after, arcs, mode) in zip(names, drafted, strict=True):
        leading_out = [
            arc(names[to % len(names)], condition, transforms=on_the_way, priority=priority)
            for to, condition, on_the_way, priority in arcs
        ]
        checks = {"pre_validators": functions(before), "validators": functions(after)}
        plain = State(name, is_end=is_end, transforms=functions(changes), data_mode=mode, **checks)
        states.append(plain if is_end else replace(plain, arcs=by_priority(leading_out)))
    return machine(*states, max_transitions=limit)


machines = drafts(VERDICTS, TRANSFORMS) | drafts(TAME_VERDICTS, TAME_TRANSFORMS, checks=False)
async_machines = drafts(VERDICTS + LATER, TRANSFORMS + LATER * 4) | drafts(
    TAME_VERDICTS, [*TAME_TRANSFORMS, later, CallableLater()], checks=False
)
