"""Tests of states that retry, catch, have limits of time, or run on failure."""

from __future__ import annotations

from typing import Any

import pytest

from statepipe.codegen.engine import Engine
from statepipe.graph.model import State
from statepipe.plan.interpret import interpret, interpret_async, own
from statepipe.plan.model import Plan
from statepipe.record import DataHandlingMode, Outcome
from statepipe.testing import ManualTiming
from tests.plan.machines import arc, catch, plan_of, retry, state

COPY, REFERENCE, DIRECT = DataHandlingMode


def by_interpreter(plan: Plan, record: Any, timing: ManualTiming | None = None) -> Outcome:
    return interpret(plan, own(plan, record), timing=timing)


def by_engine(plan: Plan, record: Any, timing: ManualTiming | None = None) -> Outcome:
    return Engine(plan, timing).run([own(plan, record)]).outcome(0)


@pytest.fixture(params=[by_interpreter, by_engine], ids=["interpreter", "engine"])
def run(request: pytest.FixtureRequest) -> Any:
    return request.param


class Flaky:
    """Fails as often as it has errors, then gives a record; keeps what it was given."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.given: list[str] = []

    def __call__(self, state: Any) -> Any:
        self.given.append(repr(state.data))
        state.data["touched"] = True
        if self.errors:
            raise self.errors.pop(0)
        return {**state.data, "ok": True}


def guarded(code: Any, **given: Any) -> list[State]:
    return [
        state("a", arc("b")),
        state("b", arc("c"), transforms=code, **given),
        state("c"),
        state("bad"),
    ]


def facts(outcome: Outcome) -> tuple[Any, ...]:
    error = outcome.error
    return outcome.final_state, outcome.path, error and (error.error_type, error.state)


# -- retry -------------------------------------------------------------------------------------


def test_a_state_is_run_again_until_it_succeeds(run: Any) -> None:
    flaky = Flaky(OSError("1"), OSError("2"))
    outcome = run(plan_of(*guarded(flaky, retry=retry(3))), {"n": 1})

    assert facts(outcome) == ("c", ("a", "b", "c"), None)
    assert outcome.data == {"n": 1, "touched": True, "ok": True}
    assert flaky.given == ["{'n': 1}"] * 3


def test_the_last_error_is_that_of_the_record(run: Any) -> None:
    flaky = Flaky(OSError("1"), OSError("2"), KeyError("3"))
    outcome = run(plan_of(*guarded(flaky, retry=retry(2))), {})

    assert facts(outcome) == ("b", ("a", "b"), ("OSError", "b"))
    assert outcome.error.message.startswith("OSError: 2")
    assert len(flaky.given) == 2


def test_only_the_errors_that_are_named_are_retried(run: Any) -> None:
    flaky = Flaky(KeyError("k"), OSError("1"))
    outcome = run(plan_of(*guarded(flaky, retry=retry(9, errors=["LookupError"]))), {})

    assert facts(outcome)[2] == ("OSError", "b")
    assert len(flaky.given) == 2


def test_waits_come_between_attempts(run: Any) -> None:
    timing = ManualTiming(chance=0.5)
    errors = [OSError()] * 3
    run(plan_of(*guarded(Flaky(*errors), retry=retry(4, 1.0, max_backoff_s=3.0))), {}, timing)
    run(plan_of(*guarded(Flaky(*errors), retry=retry(4, 1.0, jitter=True))), {}, timing)

    assert timing.slept == [1.0, 2.0, 3.0, 0.5, 1.0, 2.0]


FAILING: dict[str, dict[str, Any]] = {
    "pre_validator": {"pre_validators": "data['x']"},
    "transform": {"transforms": "{'y': data['x']}"},
    "validator": {"validators": "data.get('x')"},
}


@pytest.mark.parametrize("role", FAILING)
def test_a_failure_on_entry_is_handled(role: str, run: Any) -> None:
    states = [state("a", arc("b"), catch=(catch("bad"),), **FAILING[role])]
    outcome = run(plan_of(*states, state("b"), state("bad")), {"n": 1})

    assert facts(outcome) == ("bad", ("a", "bad"), None)
    assert outcome.data == {"n": 1}


@pytest.mark.parametrize(
    "leaving",
    [arc("b", "data['x']"), arc("b", "False"), arc("b", transforms="{'y': data['x']}")],
    ids=["condition", "no open arc", "arc transform"],
)
def test_a_failure_on_leaving_is_handled(leaving: Any, run: Any) -> None:
    flawed = state("a", leaving, transforms="{**data, 'y': 1}", catch=(catch("bad"),))
    outcome = run(plan_of(flawed, state("b"), state("bad")), {"n": 1})

    assert facts(outcome) == ("bad", ("a", "bad"), None)
    assert outcome.data == {"n": 1}


def test_an_attempt_that_had_taken_its_arc_counts_no_transition(run: Any) -> None:
    flaky = Flaky(OSError(), OSError())
    again = state("a", arc("b", transforms=flaky), retry=retry(3))
    plan = plan_of(again, state("b", arc("c")), state("c"), max_transitions=2)

    assert facts(run(plan, {})) == ("c", ("a", "b", "c"), None)


# -- catch -------------------------------------------------------------------------------------


def test_the_first_clause_that_fits_is_taken(run: Any) -> None:
    clauses = (catch("c", "OSError"), catch("bad", "LookupError"), catch("c"))

    assert facts(run(plan_of(*guarded(Flaky(KeyError()), catch=clauses)), {}))[0] == "bad"
    assert facts(run(plan_of(*guarded(Flaky(ValueError()), catch=clauses)), {}))[0] == "c"


def test_no_clause_that_fits_fails_the_record(run: Any) -> None:
    outcome = run(plan_of(*guarded(Flaky(KeyError()), catch=(catch("bad", "OSError"),))), {})

    assert facts(outcome) == ("b", ("a", "b"), ("KeyError", "b"))


def test_a_record_is_caught_when_no_attempt_is_left(run: Any) -> None:
    flaky = Flaky(*[OSError("down")] * 5)
    outcome = run(plan_of(*guarded(flaky, retry=retry(3), catch=(catch("bad"),))), {"n": 1})

    assert facts(outcome) == ("bad", ("a", "b", "bad"), None)
    assert (outcome.data, len(flaky.given)) == ({"n": 1}, 3)


READING = {
    "view": "lambda s: {**s.data, 'e': s.error}",
    "called": "def f(s):\n    return {**s.data, 'e': s.error}",
    "context": "lambda d, c: {**d, 'e': c.error}",
    "implicit": "{**data, 'e': state.error}",
}


@pytest.mark.parametrize("how", READING)
def test_the_error_can_be_read_from_there_to_the_end(how: str, run: Any) -> None:
    plan = plan_of(
        state("a", arc("c"), transforms="data['x']", catch=(catch("b"),)),
        state("b", arc("c")),
        state("c", transforms=READING[how]),
    )

    assert run(plan, {}).data == {
        "e": {"type": "KeyError", "message": "KeyError: 'x'", "state": "a"}
    }
    assert run(plan, {"x": {}}).data == {"e": None}


def test_what_is_read_of_an_error_is_the_readers_own(run: Any) -> None:
    plan = plan_of(
        state("a", arc("b"), transforms="1 / 0", catch=(catch("b"),)),
        state("b", transforms=["state.error.update(type='x')", "{'e': state.error['type']}"]),
    )

    assert run(plan, {}).data == {"e": "ZeroDivisionError"}


def test_a_later_error_takes_the_place_of_the_first(run: Any) -> None:
    plan = plan_of(
        state("a", arc("b"), transforms="1 / 0", catch=(catch("b"),)),
        state("b", arc("c"), transforms="data['x']", catch=(catch("c"),)),
        state("c", transforms="{'e': [state.error['type'], state.error['state']]}"),
    )

    assert run(plan, {}).data == {"e": ["KeyError", "b"]}


def test_a_record_that_fails_after_a_catch_tells_of_both_errors(run: Any) -> None:
    plan = plan_of(
        state("a", arc("b"), transforms="1 / 0", catch=(catch("b"),)),
        state("b", transforms="data['x']"),
    )
    error = run(plan, {}).error

    assert (error.error_type, error.path) == ("KeyError", ("a", "b"))
    assert error.notes == ("caught before, at state 'a': ZeroDivisionError: division by zero",)
    assert str(error).splitlines()[-1].split() == ["note:", *error.notes[0].split()]


def test_a_loop_through_a_catch_comes_to_the_limit(run: Any) -> None:
    plan = plan_of(
        state("a", arc("b"), transforms="1 / 0", catch=(catch("a"),)),
        state("b"),
        max_transitions=3,
    )
    error = run(plan, {}).error

    assert (error.error_type, error.role) == ("TransitionLimitError", "transitions")
    assert (error.arc, error.path) == ("a->a (catch)", ("a",) * 4)
    assert error.message == "more than 3 transitions, in the loop a -> a"


def test_the_limit_itself_is_neither_retried_nor_caught(run: Any) -> None:
    steady = Flaky()
    looping = state("a", arc("a"), transforms=steady, catch=(catch("bad"),), retry=retry(5))
    outcome = run(plan_of(looping, state("bad"), max_transitions=2), {})

    assert facts(outcome) == ("a", ("a",) * 3, ("TransitionLimitError", "a"))
    assert outcome.error.arc == "to a"
    assert len(steady.given) == 3


def test_a_record_is_put_back_to_how_it_entered_the_state_that_failed(run: Any) -> None:
    plan = plan_of(
        state("a", arc("b"), transforms="{**data, 'a': 1}", catch=(catch("bad"),)),
        state("b", arc("c"), transforms=["{**data, 'b': 1}", "1 / 0"], catch=(catch("bad"),)),
        state("c"),
        state("bad"),
    )
    outcome = run(plan, {"n": 1})

    assert (outcome.path, outcome.data) == (("a", "b", "bad"), {"n": 1, "a": 1})


def test_an_end_that_only_a_catch_leads_to_is_an_end_of_the_engine() -> None:
    plan = plan_of(*guarded("data['x']", catch=(catch("bad"),)))
    engine = Engine(plan)
    chunk = engine.run([{}, {"x": {}}, {}])

    assert engine.end_states == ("c", "bad")
    assert [engine.end_states[end - 1] for end in chunk.ends] == ["bad", "c", "bad"]
    assert [chunk.leaf_state(index) for index in range(3)] == ["bad", "c", "bad"]


# -- data modes --------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [REFERENCE, DIRECT])
def test_where_objects_are_shared_they_get_back_what_they_held(
    mode: DataHandlingMode, run: Any
) -> None:
    inner = [1]
    record = {"list": inner}

    def spoil(state: Any) -> Any:
        state.data["list"].append(2)
        state.data["half"] = "done"
        raise OSError("too late")

    outcome = run(plan_of(*guarded(spoil, catch=(catch("bad"),)), mode=mode), record)

    assert outcome.data is record
    assert record == {"list": [1]}
    assert record["list"] is inner


def test_in_copy_mode_the_callers_object_is_never_touched(run: Any) -> None:
    record = {"list": [1]}
    flaky = Flaky(OSError(), OSError())
    outcome = run(plan_of(*guarded(flaky, retry=retry(3))), record)

    assert record == {"list": [1]}
    assert outcome.data == {"list": [1], "touched": True, "ok": True}


@pytest.mark.parametrize("mode", DataHandlingMode)
def test_a_record_that_fails_for_good_is_left_as_its_last_attempt_left_it(
    mode: DataHandlingMode, run: Any
) -> None:
    record = {"list": [1]}

    def spoil(state: Any) -> Any:
        state.data["list"].append(2)
        raise OSError

    run(plan_of(*guarded(spoil, retry=retry(3)), mode=mode), record)

    assert record == {"list": [1] if mode is COPY else [1, 2]}


# -- limits of time ----------------------------------------------------------------------------


def test_a_state_that_takes_too_long_fails_the_record_there(run: Any) -> None:
    timing = ManualTiming(late=[1])
    outcome = run(plan_of(*guarded("{**data, 'y': 1}", timeout_s=2.5)), {"n": 1}, timing)

    assert facts(outcome) == ("b", ("a", "b"), ("StateTimeoutError", "b"))
    assert outcome.error.message == "the state took longer than it was given"
    assert "timeout_s" in outcome.error.hint
    assert timing.limits == [(2.5, "StateTimeoutError")]


def test_each_attempt_has_the_whole_time_and_the_waits_take_none_of_it(run: Any) -> None:
    timing = ManualTiming(late=[1, 2])
    states = guarded("{'y': 1}", timeout_s=2.5, retry=retry(3, 1.0))
    outcome = run(plan_of(*states), {}, timing)

    assert outcome.success
    assert (timing.limits, timing.slept) == ([(2.5, "StateTimeoutError")] * 3, [1.0, 2.0])


def test_a_state_that_takes_too_long_is_caught_by_its_name(run: Any) -> None:
    states = guarded("{'y': 1}", timeout_s=2.5, catch=(catch("bad", "StateTimeoutError"),))
    outcome = run(plan_of(*states), {"n": 1}, ManualTiming(late=[1]))

    assert (outcome.final_state, outcome.data) == ("bad", {"n": 1})


def test_a_record_that_takes_too_long_is_neither_retried_nor_caught(run: Any) -> None:
    timing = ManualTiming(late=[1])
    states = guarded("{'y': 1}", retry=retry(3), catch=(catch("bad"),))
    outcome = run(plan_of(*states, timeout_s=9.0), {}, timing)

    assert outcome.error is not None
    assert outcome.error.error_type == "RecordTimeoutError"
    assert timing.limits == [(9.0, "RecordTimeoutError")]


def test_an_error_inside_a_limit_is_told_as_ever(run: Any) -> None:
    plain, limited = (
        run(plan_of(*guarded("data['x']", timeout_s=limit)), {}, ManualTiming()).error
        for limit in (None, 2.5)
    )

    assert str(limited) == str(plain)
    assert limited.span is not None


async def test_async_states_are_limited_and_retried_too() -> None:
    timing = ManualTiming(late=[1])
    code = "import asyncio\nawait asyncio.sleep(0)\nreturn {'y': 1}"
    plan = plan_of(*guarded(code, timeout_s=2.5, retry=retry(3, 1.0)))
    outcome = await interpret_async(plan, {}, timing=timing)
    chunk = await Engine(plan, timing).run_async([{}, {}], 2)

    assert outcome.success
    assert [each.data for each in chunk.outcomes()] == [{"y": 1}] * 2
    assert (len(timing.limits), timing.slept) == (4, [1.0])


async def test_waits_of_several_records_pass_side_by_side() -> None:
    under_way, most = 0, 0

    class Counting(ManualTiming):
        async def sleep_async(self, seconds: float) -> None:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await super().sleep_async(seconds)
            under_way -= 1

    code = "import asyncio\nawait asyncio.sleep(0)\nraise OSError"
    plan = plan_of(*guarded(code, retry=retry(2, 1.0)))
    await Engine(plan, Counting()).run_async([{} for _ in range(9)], 4)

    assert most == 4


# -- run_on_failure ----------------------------------------------------------------------------


def auditing(code: Any, *, failing: str = "data['x']", **given: Any) -> list[State]:
    return [
        state("a", arc("b"), transforms=failing, **given),
        state("b"),
        state("audit", transforms=code, validators="False", run_on_failure=True),
    ]


def test_a_record_that_has_failed_for_good_runs_the_transforms_that_ask_for_it(run: Any) -> None:
    told: list[Any] = []
    plan = plan_of(*auditing(lambda s: told.append((dict(s.data), s.error, s.name))))
    outcome = run(plan, {"n": 1})

    error = {"type": "KeyError", "message": "KeyError: 'x'", "state": "a"}
    assert told == [({"n": 1}, error, "audit")]
    assert facts(outcome) == ("a", ("a",), ("KeyError", "a"))
    assert (outcome.data, outcome.error.notes) == ({"n": 1}, ())


def test_a_record_that_succeeds_or_is_caught_runs_none_of_them(run: Any) -> None:
    told: list[Any] = []
    caught = plan_of(*auditing(lambda s: told.append(1), catch=(catch("b"),)))

    assert run(caught, {}).success
    assert run(plan_of(*auditing(lambda s: told.append(1))), {"x": {}}).success
    assert told == []


def test_what_fails_there_is_a_note_on_the_records_own_error(run: Any) -> None:
    error = run(plan_of(*auditing("1 / 0")), {}).error

    assert (error.error_type, error.state) == ("KeyError", "a")
    assert error.notes == (
        "on failure, state 'audit' failed too: ZeroDivisionError: division by zero (code)",
    )


def test_they_run_as_written_each_with_the_failed_record(run: Any) -> None:
    seen: list[Any] = []
    more = [
        state(name, transforms=["{'new': 1}", lambda s: seen.append((s.name, dict(s.data)))])
        for name in ("y", "x")
    ]
    more = [State(s.name, transforms=s.transforms, run_on_failure=True) for s in more]
    outcome = run(plan_of(*auditing("1 / 0")[:2], *more), {"n": 1})

    assert seen == [("y", {"new": 1}), ("x", {"new": 1})]
    assert outcome.data == {"n": 1}


def test_they_have_their_own_limit_of_time(run: Any) -> None:
    slow = State(
        "audit", transforms=auditing("data")[2].transforms, run_on_failure=True, timeout_s=2
    )
    error = run(plan_of(*auditing("data")[:2], slow), {}, ManualTiming(late=[1])).error

    assert error.notes == (
        "on failure, state 'audit' failed too: the state took longer than it was given (code)",
    )


async def test_async_ones_are_awaited() -> None:
    told: list[Any] = []

    async def tell(state: Any) -> None:
        told.append(state.error["type"])

    plan = plan_of(*auditing(tell))
    await Engine(plan).run_async([{}, {"x": {}}, {}], 2)
    await interpret_async(plan, {})

    assert told == ["KeyError"] * 3
