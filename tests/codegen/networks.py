"""Strategies: networks of any shape, and records of any content."""

from dataclasses import replace
from itertools import cycle
from typing import Any

from hypothesis import strategies as st

from statepipe.graph.build import by_priority
from statepipe.graph.model import Machine, Network, Push, Retry, State
from statepipe.record import DataHandlingMode
from tests.codegen.authors import (
    FLAKY_TRANSFORMS,
    FLAKY_VERDICTS,
    LATER,
    TAME_TRANSFORMS,
    TAME_VERDICTS,
    TRANSFORMS,
    VERDICTS,
    CallableLater,
    asking_later,
    flaky_later,
    later,
)
from tests.plan.machines import arc, catch, field_pairs, functions, machine

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
# `st.composite` invites to. So an arc is drawn with the number of states that it leads forward
# by, and finds its target when all are there: most records get somewhere, and some go around.
priorities = st.sampled_from([0, 0, 0, 1, -1])
forward = st.sampled_from([1, 1, 1, 2, 3, 0, -1, -2])
around = st.sampled_from([0, -1, -2, 1, 2])
limits = st.sampled_from([1000, 20, 10, 7, 5, 3, 2, 1])
high_limits = st.sampled_from([1000, 1000, 1000, 20, 7])
overrides = st.sampled_from([None, None, None, *DataHandlingMode])
ends = st.sampled_from([False] * 6 + [True])

errors = st.sampled_from(
    [
        *[["*"]] * 4,
        ["ConnectionError", "KeyError"],
        ["LookupError"],
        ["InvalidRecordError"],
        ["NoOpenArcError", "TypeError"],
        ["StateTimeoutError"],
        ["Exception"],
        ["RefusalError", "OSError"],
    ]
)
retries = st.builds(
    Retry,
    st.integers(1, 4),
    st.sampled_from([0.0, 0.5, 3]),
    st.sampled_from([1.0, 2.0]),
    st.sampled_from([60.0, 1.0]),
    st.booleans(),
    errors.map(frozenset),
)
clauses = st.lists(st.tuples(st.sampled_from([1, 1, 1, 2, 0, -1]), errors), max_size=2)
unhandled: Any = (None, [], None, False)
handlers = st.just(unhandled) | st.tuples(
    st.none() | retries,
    clauses,
    st.sampled_from([None, None, None, 5.0]),
    st.sampled_from([False, False, True]),
)


def drafts(
    verdicts: list[Any],
    transforms: list[Any],
    *,
    tame: bool = False,
    guarded: bool = False,
    short: bool = False,
) -> st.SearchStrategy[Machine]:
    """Machines of such functions. In `tame` ones nothing fails but by the limit of transitions.

    In `guarded` ones, states retry and catch. `short` ones are soon at an end.
    """
    verdict, transform = st.sampled_from(verdicts), st.sampled_from(transforms)
    checked = st.just([]) | st.lists(verdict, max_size=0 if tame else 1)
    conditions = st.sampled_from([None, *verdicts] + [None] * (0 if tame else len(verdicts) // 4))
    on_the_way = st.just([]) | st.lists(transform, max_size=1)
    leaps = around if tame and not short else forward
    arcs = st.tuples(leaps, conditions, on_the_way, priorities)
    leading_out = st.lists(arcs, min_size=1, max_size=4) | st.lists(arcs, max_size=1)
    some = st.lists(transform, min_size=1, max_size=2)
    changes = some if tame else some | st.just([])
    handling = handlers if guarded else st.just(unhandled)
    states = st.tuples(ends, checked, changes, checked, leading_out, overrides, handling)
    small, large = (
        st.lists(states, min_size=1, max_size=3),
        st.lists(states, min_size=4, max_size=7),
    )
    if short:
        small = large = st.lists(states, min_size=2, max_size=3)
    overall = st.sampled_from([None] * 5 + [9.0]) if guarded else st.none()
    return st.builds(built, small | large, high_limits if short else limits, st.just(tame), overall)


def built(drafted: list[Any], limit: int, tame: bool, overall_s: float | None) -> Machine:
    names = [f"s{number}" for number in range(len(drafted))]
    states = []
    for number, (is_end, before, changes, after, leading_out, mode, handling) in enumerate(drafted):
        retry, caught, timeout_s, on_failure = handling
        arcs = [
            arc(names[(number + by) % len(names)], condition, transforms=changed, priority=priority)
            for by, condition, changed, priority in leading_out
            if not (tame and condition is None)
        ]
        if tame:
            arcs.append(arc(names[(number + 1) % len(names)], priority=-1))
        ending = is_end or number == len(names) - 1
        states.append(
            State(
                names[number],
                is_end=ending,
                pre_validators=functions(before),
                transforms=functions(changes),
                validators=functions(after),
                arcs=() if ending else by_priority(arcs),
                data_mode=mode,
                retry=retry,
                catch=tuple(
                    catch(names[(number + by) % len(names)], *errors) for by, errors in caught
                ),
                timeout_s=timeout_s,
                run_on_failure=on_failure and bool(changes),
            )
        )
    return machine(*states, max_transitions=limit, timeout_s=overall_s)


machines = drafts(VERDICTS, TRANSFORMS)
tame_machines = drafts(TAME_VERDICTS, TAME_TRANSFORMS, tame=True)
async_machines = drafts(VERDICTS + LATER, TRANSFORMS + LATER * 4)
tame_async_machines = drafts(
    TAME_VERDICTS, [*TAME_TRANSFORMS, later, asking_later, CallableLater()], tame=True
)
some_of_all = FLAKY_VERDICTS + VERDICTS[::4], FLAKY_TRANSFORMS + TRANSFORMS[::4]
guarded_machines = drafts(*some_of_all, guarded=True)
guarded_async_machines = drafts(
    some_of_all[0], [*some_of_all[1], *[flaky_later] * 6, later], guarded=True
)


# -- networks within networks ------------------------------------------------------------------

paths = st.sampled_from(["a", "b", "n", "log", "a.x", "n.y"])
mappings = st.none() | st.dictionaries(paths, paths, min_size=1, max_size=2).filter(
    lambda mapping: len(set(mapping.values())) == len(mapping)
)
pushes = st.tuples(
    st.sampled_from([1, 1, 1, 1, 1, 2, 0, -1]),
    st.sampled_from([None, None, None, 1]),
    st.sampled_from(["copy", "reference", "serialize"]),
    mappings,
    mappings,
)


def nests(machines: st.SearchStrategy[Machine]) -> st.SearchStrategy[Machine]:
    """Machines of which some arcs lead through the networks of others, or of their own."""
    drawn = st.lists(machines, min_size=2, max_size=3)
    return st.builds(joined, drawn, st.lists(pushes | st.none(), min_size=3, max_size=12))


def joined(machines: list[Machine], drafted: list[Any]) -> Machine:
    names = ["main", *(f"net{number}" for number in range(1, len(machines)))]
    several, draft = [each.main_network for each in machines], cycle(drafted)

    def pushed(number: int, old: Any) -> Any:
        given = next(draft)
        if given is None:
            return old
        by, state, isolation, give, take = given
        network = number + by
        if not 0 <= network < len(names):
            return old
        states = list(several[network].states)
        at = None if state is None else states[state % len(states)]
        pairs = [None if each is None else field_pairs(each) for each in (give, take)]
        return replace(old, push=Push(names[network], at, isolation, *pairs))

    networks = {
        name: Network(
            name,
            {
                state.name: replace(state, arcs=tuple(pushed(number, each) for each in state.arcs))
                for state in several[number].states.values()
            },
            several[number].start,
        )
        for number, name in enumerate(names)
    }
    return replace(machines[0], networks=networks)


some_tame = TAME_VERDICTS + VERDICTS[::8], TAME_TRANSFORMS * 2 + TRANSFORMS[::4]
nested_machines = nests(drafts(*some_tame, short=True))
tame_nested_machines = nests(drafts(TAME_VERDICTS, TAME_TRANSFORMS, tame=True, short=True))
nested_async_machines = nests(drafts(some_tame[0], [*some_tame[1], *LATER, later], short=True))
guarded_nested_machines = nests(
    drafts(
        TAME_VERDICTS + FLAKY_VERDICTS,
        TAME_TRANSFORMS * 2 + FLAKY_TRANSFORMS,
        guarded=True,
        short=True,
    )
)
