"""Where fields are put into the record itself: only where nobody else has it."""

from typing import Any

import pytest

from statepipe.codegen.emit import emit
from statepipe.codegen.engine import Engine
from statepipe.codegen.ownership import Entrants
from statepipe.plan.lower import lower
from statepipe.plan.model import Plan
from statepipe.record import DataHandlingMode
from tests.plan.machines import arc, catch, machine, nested, plan_of, push, retry, state

COPY, REFERENCE, DIRECT = DataHandlingMode
ADD = "lambda s: {**s.data, 'n': 1}"
NEW = "lambda s: {'m': s.data.get('m')}"
PLAIN = "lambda s: s.data.get('m') == 1"


def keeping(state: Any) -> Any:
    """May do anything for all we know."""
    return state.data


def puts(plan: Plan, entrants: Entrants = Entrants.SHARED) -> list[str]:
    """Return of each state that adds a field whether it is put "in" or into a "copy"."""
    lines = emit(plan, entrants).source.splitlines()
    ways = {"data['n'] = 1": "in", "data = {**data, 'n': 1}": "copy"}
    return [ways[line.strip()] for line in lines if line.strip() in ways]


def chain(*codes: Any, mode: DataHandlingMode = COPY, condition: Any = None) -> Plan:
    """A network of one transform after the other."""
    names = [f"s{number}" for number in range(len(codes))]
    pairs = zip(names, [*names[1:], "end"], codes, strict=True)
    states = [state(name, arc(to, condition), transforms=code) for name, to, code in pairs]
    return plan_of(*states, state("end"), mode=mode)


@pytest.mark.parametrize(
    ("codes", "shared", "own"),
    [
        ([ADD], ["copy"], ["in"]),
        ([ADD, ADD, ADD], ["copy", "in", "in"], ["in", "in", "in"]),
        ([NEW, ADD], ["in"], ["in"]),
        (["lambda s: {k: v for k, v in s.items()}", ADD], ["in"], ["in"]),
        (["lambda s: s.data", ADD], ["copy"], ["copy"]),
        (["lambda s: s.data.get('m')", ADD], ["copy"], ["copy"]),
    ],
)
def test_a_record_is_its_own_once_a_function_has_made_it(
    codes: list[str], shared: list[str], own: list[str]
) -> None:
    plan = chain(*codes)

    assert puts(plan) == shared
    assert puts(plan, Entrants.OWN) == own


@pytest.mark.parametrize(
    ("mode", "way"), [(COPY, ["copy", "in"]), (REFERENCE, ["copy", "copy"]), (DIRECT, [])]
)
def test_a_function_that_may_keep_the_record_has_it_but_for_a_copy(
    mode: DataHandlingMode, way: list[str]
) -> None:
    assert puts(chain(ADD, keeping, ADD, mode=mode)) == way


@pytest.mark.parametrize(
    ("condition", "way"),
    [(PLAIN, ["copy", "in"]), ("lambda s: s.data['l'].append(s.data)", ["copy", "copy"])],
)
def test_a_condition_that_may_keep_the_record_has_it(condition: str, way: list[str]) -> None:
    assert puts(chain(ADD, ADD, condition=condition, mode=REFERENCE)) == way


def test_what_one_arc_s_transform_makes_is_not_there_on_another() -> None:
    made = plan_of(
        state("a", arc("b", PLAIN, transforms=NEW), arc("c")),
        state("b", arc("end"), transforms=ADD),
        state("c", arc("end"), transforms=ADD),
        state("end"),
    )

    assert puts(made) == ["in", "copy"]


@pytest.mark.parametrize(("first", "way"), [(NEW, ["in"]), ("lambda s: s.data", ["copy"])])
def test_where_ways_meet_all_have_to_bring_records_of_their_own(first: str, way: list[str]) -> None:
    met = plan_of(
        state("a", arc("b", PLAIN), arc("c")),
        state("b", arc("d"), transforms=first),
        state("c", arc("d"), transforms=NEW),
        state("d", arc("end"), transforms=ADD),
        state("end"),
    )

    assert puts(met) == way


@pytest.mark.parametrize(("last", "way"), [(NEW, ["in"]), ("lambda s: s.data", ["copy"])])
def test_a_loop_brings_records_back_as_its_last_state_leaves_them(
    last: str, way: list[str]
) -> None:
    loop = plan_of(
        state("a", arc("b"), transforms=ADD),
        state("b", arc("a", PLAIN), arc("end"), transforms=last),
        state("end"),
    )

    assert puts(loop, Entrants.OWN) == way
    assert puts(loop) == ["copy"]


@pytest.mark.parametrize(
    ("first", "shared", "own"),
    [
        (NEW, ["copy"], ["in"]),  # put into the object that somebody has
        (ADD, ["copy"], ["in", "in"]),
        (keeping, ["copy"], ["copy"]),
    ],
)
def test_behind_a_state_that_works_in_place_the_record_is_whose_it_was(
    first: Any, shared: list[str], own: list[str]
) -> None:
    plan = plan_of(
        state("a", arc("b"), transforms=first, data_mode=DIRECT),
        state("b", arc("end"), transforms=ADD, data_mode=REFERENCE),
        state("end"),
    )

    assert puts(plan) == shared
    assert puts(plan, Entrants.OWN) == own


@pytest.mark.parametrize("given", [{"retry": retry()}, {"catch": (catch("end"),)}])
def test_a_state_that_may_be_run_again_leaves_the_record_as_it_was(given: Any) -> None:
    plan = plan_of(
        state("a", arc("b"), transforms=NEW),
        state("b", arc("c"), transforms=ADD, **given),
        state("c", arc("end"), transforms=ADD),
        state("end"),
    )

    assert puts(plan) == ["copy", "in"]


def test_what_is_outside_of_a_push_is_kept_for_the_way_back() -> None:
    outer = [
        state("a", push("b", "within"), transforms=NEW),
        state("b", arc("end"), transforms=ADD),
        state("end"),
    ]
    within = [state("in", arc("out"), transforms=ADD), state("out")]

    assert puts(lower(nested(outer, within=within))) == ["copy", "copy"]


def test_records_that_somebody_has_are_left_alone() -> None:
    engine, given = Engine(chain(ADD, ADD)), {"m": 1}

    mine = engine.attempt([given]).records
    own = engine.attempt([given], entrants=Entrants.OWN).records

    assert mine == own == [{"m": 1, "n": 1}]
    assert mine[0] is not given
    assert own[0] is given


class Subclass(dict[str, Any]):
    """A record that a connector's own decoder may give."""


def test_what_is_no_plain_dict_is_never_added_to() -> None:
    given = Subclass(m=1)

    records = Engine(chain(ADD)).attempt([given, {"m": 2}], entrants=Entrants.OWN).records

    assert given == {"m": 1}
    assert [type(record) for record in records] == [dict, dict]


def test_a_value_that_fails_leaves_the_record_as_it_was() -> None:
    code = "lambda s: {**s.data, 'a': 1, 'b': s.data['m'] / 0}"

    error = Engine(chain(code)).attempt([{"m": 1}], entrants=Entrants.OWN).errors[0]

    assert error.record == {"m": 1}
    assert error.span is not None
    assert error.span.text[error.span.start : error.span.end] == "s.data['m'] / 0"


def test_what_is_lost_at_one_block_is_lost_at_all_that_follow() -> None:
    names = [f"s{number}" for number in range(400)]
    pairs = zip(names, [names[0], *names], [*names[1:], "add"], strict=False)
    loops = [state(name, arc(back, PLAIN), arc(to)) for name, back, to in pairs]
    add = state("add", arc("s0", PLAIN), arc("end"), transforms=ADD)
    keep = state("keep", arc("s0"), transforms="lambda s: s.data")

    brought_back_new = machine(*loops, add, state("end"))
    entered_as_they_were = machine(keep, *loops, add, state("end"))

    assert puts(lower(brought_back_new), Entrants.OWN) == ["in"]
    assert puts(lower(entered_as_they_were), Entrants.OWN) == ["copy"]
