"""Tests of the stepper: where it stands, what a step tells, and going on from an earlier one."""

from __future__ import annotations

import time
from typing import Any

import pytest

from statepipe.errors import UsageError
from statepipe.plan.drive import drive
from statepipe.plan.interpret import interpret
from statepipe.plan.lower import lower
from statepipe.plan.model import Plan
from statepipe.plan.stepping import Holds, Move, Stepper
from statepipe.record import Outcome, Record
from statepipe.run.deadline import SystemTiming
from tests.plan.machines import arc, catch, nested, plan_of, push, retry, state

TIMING = SystemTiming()


def stepper_of(plan: Plan, record: Record, **given: Any) -> Stepper:
    return Stepper(plan, record, clock=time.monotonic, **given)


def step(stepper: Stepper, arc: str | None = None, holds: Holds | None = None) -> Move:
    return drive(stepper.step(arc, holds), TIMING)


def stepped(stepper: Stepper) -> Outcome:
    while stepper.outcome is None:
        step(stepper)
    return stepper.outcome


def counter(limit: int = 3) -> Plan:
    """Adds one at `a` until `n` is `limit`, then doubles it at the end."""
    return plan_of(
        state(
            "a",
            arc("end", f"lambda s: s['n'] >= {limit}", priority=1),
            arc("a"),
            transforms="lambda s: {**s.data, 'n': s['n'] + 1}",
        ),
        state("end", transforms="lambda s: {**s.data, 'n': s['n'] * 2}"),
    )


def test_nothing_has_run_before_the_first_step() -> None:
    stepper = stepper_of(counter(), {"n": 0})

    assert (stepper.state, stepper.record, stepper.path) == ("a", {"n": 0}, ("a",))
    assert stepper.outcome is None


def test_a_step_is_what_happens_at_one_state_and_the_end_belongs_to_the_last() -> None:
    stepper = stepper_of(counter(2), {"n": 0})

    first, last = step(stepper), step(stepper)

    assert (first.before.state, first.way, first.to_state) == ("a", "to a", "a")
    assert (first.before.record, first.after, first.is_last) == ({"n": 0}, {"n": 1}, False)
    assert (last.before.state, last.way, last.to_state) == ("a", "to end", "end")
    assert (last.after, last.is_last, last.error) == ({"n": 4}, True, None)


def test_stepping_gives_what_the_interpreter_gives() -> None:
    expected = interpret(counter(), {"n": 0})

    assert stepped(stepper_of(counter(), {"n": 0})) == expected


def test_a_move_tells_which_functions_ran_and_which_arcs_were_tried() -> None:
    move = step(stepper_of(counter(), {"n": 0}))

    assert [called.step.role for called in move.journal.calls] == ["transform", "condition"]
    assert [(way.name, way.target, way.chosen) for way in move.journal.tried] == [
        ("to end", "end", False),
        ("to a", "a", True),
    ]


def test_a_record_that_is_held_stands_before_the_end_state_has_run() -> None:
    stepper = stepper_of(counter(1), {"n": 0})

    held = step(stepper, holds=lambda state, record: state == "end" and record["n"] == 1)
    last = step(stepper)

    assert (held.held, held.is_last, held.after) == (True, False, {"n": 1})
    assert (last.before.state, last.to_state, last.way, last.after) == (
        "end",
        "end",
        None,
        {"n": 2},
    )


def test_an_arc_may_be_forced_by_its_name() -> None:
    stepper = stepper_of(counter(), {"n": 0})

    assert step(stepper, arc="to end").after == {"n": 2}
    with pytest.raises(UsageError, match="the record is done"):
        step(stepper)


def test_an_arc_that_is_none_is_refused_before_anything_runs() -> None:
    stepper = stepper_of(counter(), {"n": 0})

    with pytest.raises(UsageError, match=r"no arc 'away'; its arcs are 'to end', 'to a'"):
        step(stepper, arc="away")
    assert step(stepper).after == {"n": 1}


def test_a_fork_goes_on_from_an_earlier_step_with_another_record() -> None:
    stepper = stepper_of(counter(), {"n": 0})
    stepped(stepper)

    fork = stepper.forked(stepper.moves[1].before, {"n": 10})

    assert stepped(fork).data == {"n": 22}
    assert stepped(fork).path == ("a", "a", "end")
    assert stepped(stepper).data == {"n": 6}


def test_a_failure_is_told_with_the_states_that_it_was_at() -> None:
    plan = plan_of(
        state("a", arc("end"), transforms="lambda s: 1 / 0", catch=(catch("b"),), retry=retry(2)),
        state("b", arc("end"), transforms="lambda s: s['missing']"),
        state("end"),
    )
    stepper = stepper_of(plan, {"n": 0})

    caught, failed = step(stepper), step(stepper)

    assert (caught.failed, caught.error, caught.to_state) == (("a",), None, "b")
    assert [event.kind for event in caught.journal.events] == [
        *("enter", "error", "error", "exit", "enter")
    ]
    assert (failed.failed, failed.to_state, failed.way, failed.is_last) == (("b",), "b", None, True)
    assert failed.error is not None and failed.error.message == "KeyError: 'missing'"


def test_standing_takes_none_of_the_time_that_a_record_has() -> None:
    now = [0.0]
    plan = plan_of(
        state("a", arc("b"), transforms="lambda s: s.data", timeout_s=30.0),
        state("b", arc("end"), transforms="lambda s: s.data"),
        state("end"),
        timeout_s=60.0,
    )
    stepper = Stepper(plan, {"n": 0}, clock=lambda: now[0])
    for _ in range(2):
        now[0] += 1000
        move = step(stepper)

    assert (move.is_last, move.error) == (True, None)


def test_what_functions_take_is_counted_over_all_steps() -> None:
    now = [0.0]

    def slow(state: Any) -> None:
        now[0] += 40

    plan = plan_of(
        state("a", arc("b"), transforms=slow),
        state("b", arc("c"), transforms=slow),
        state("c", arc("end"), transforms=slow),
        state("end"),
        timeout_s=60.0,
    )
    moves = [step(stepper) for stepper in [Stepper(plan, {}, clock=lambda: now[0])] * 3]

    assert [move.error is None for move in moves] == [True, True, False]
    assert moves[2].error is not None and moves[2].error.error_type == "RecordTimeoutError"


def test_steps_go_through_networks_and_a_fork_goes_on_from_within() -> None:
    add = "lambda s: {**s.data, 'n': s.data['n'] + 1}"
    inner = (state("s", arc("e"), transforms=add), state("e", transforms=add))
    main = (state("a", push("z", "sub", give={"n": "n"}, take={"n": "m"})), state("z"))
    plan = lower(nested(main, sub=inner))
    stepper = Stepper(plan, {"n": 1}, clock=time.monotonic)
    while stepper.outcome is None:
        drive(stepper.step(), None)

    assert [move.to_state for move in stepper.moves] == ["sub:s", "sub:e", "z"]
    assert stepper.outcome.data == {"n": 1, "m": 3}
    fork = stepper.forked(stepper.moves[1].before, {"n": 10})
    assert fork.state == "sub:s"
    while fork.outcome is None:
        drive(fork.step(), None)
    assert fork.outcome.data == {"n": 1, "m": 12}
    assert fork.outcome.path == ("a", "sub:s", "sub:e", "z")


def test_a_state_that_asks_its_arcs_is_kept_with_the_record_that_it_asked_for() -> None:
    walked = stepper_of(
        plan_of(
            state(
                "a",
                arc("end", "lambda s: s['n'] > 0", transforms="lambda s: {'n': 9}"),
                transforms="lambda s: {'n': 1}",
            ),
            state("end"),
        ),
        {"n": 0},
    )
    move = step(walked)

    assert [(each.state.name, each.record) for each in move.journal.choices] == [("a", {"n": 1})]
    assert move.after == {"n": 9}
