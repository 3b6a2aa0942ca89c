import asyncio
import weakref
from dataclasses import replace
from typing import Any

import pytest

from statepipe.codegen.engine import Engine
from statepipe.errors import UsageError
from statepipe.functions.moment import Moments
from statepipe.graph.model import State
from statepipe.plan.interpret import interpret, interpret_async
from statepipe.plan.lower import starting_at
from statepipe.testing import TEST_RUN, ManualTiming
from tests.plan.machines import arc, catch, functions, one_transform, plan_of, retry, state

ROUTED = plan_of(
    state("a", arc("b", "lambda s: s.data['x'] > 0"), arc("c", "lambda s: s.data['x'] < 0")),
    state("b"),
    state("c"),
)


def test_a_chunk_tells_what_became_of_each_record() -> None:
    run = Engine(ROUTED).run([{"x": 1}, {"x": -1}, {"x": 0}, {}])
    outcomes = list(run.outcomes())

    assert [outcome.final_state for outcome in outcomes] == ["b", "c", "a", "a"]
    assert [outcome.path for outcome in outcomes] == [("a", "b"), ("a", "c"), ("a",), ("a",)]
    assert [outcome.error and outcome.error.error_type for outcome in outcomes] == [
        None,
        None,
        "NoOpenArcError",
        "KeyError",
    ]
    assert list(run.ends) == [1, 2, 0, 0]
    assert Engine(ROUTED).end_states == ("b", "c")


def test_the_list_of_records_is_taken_over() -> None:
    records: list[dict[str, Any]] = [{"n": 1}, {}]
    run = Engine(one_transform("lambda s: {'n': s.data['n'] + 1}")).run(records)

    assert run.records is records
    assert records == [{"n": 2}, {}]


def test_an_empty_chunk_is_run() -> None:
    assert list(Engine(ROUTED).run([]).outcomes()) == []


async def test_an_empty_chunk_is_run_by_an_async_plan() -> None:
    run = await Engine(one_transform("await data['x']")).run_async([], 4)

    assert list(run.outcomes()) == []


@pytest.mark.parametrize("count", [253, 254, 255, 256, 300])
def test_more_ends_than_a_byte_can_count(count: int) -> None:
    arcs = [arc(f"e{n}", f"lambda s: s.data['n'] == {n}") for n in range(count)]
    plan = plan_of(state("a", *arcs), *(state(f"e{n}") for n in range(count)))
    records = [{"n": 0}, {"n": count - 1}, {"n": 252}, {"n": count}]
    run = Engine(plan).run([dict(record) for record in records])

    assert list(run.outcomes())[:3] == [interpret(plan, record) for record in records[:3]]
    assert run.errors.keys() == {3}


@pytest.mark.parametrize("limit", range(1, 9))
def test_the_interpreter_takes_over_near_the_limit(limit: int) -> None:
    plan = plan_of(
        state("a", arc("b")),
        state("b", arc("c", "lambda s: s.data['n'] % 2"), arc("d")),
        state("c", arc("b", transforms="lambda s: {'n': s.data['n'] - 1}")),
        state(
            "d",
            arc("e", "lambda s: s.data['n'] < 1"),
            arc("b", transforms="data.update(n=data['n'] - 1)"),
        ),
        state("e"),
        max_transitions=limit,
    )
    engine = Engine(plan)
    for n in range(5):
        done, expected = engine.run([{"n": n}]), interpret(plan, {"n": n})

        assert done.outcome(0).path == expected.path
        assert done.outcome(0).final_state == expected.final_state
        if expected.success:
            assert done.path(0) == expected.path
            assert done.leaf_state(0) == expected.final_state
        else:
            assert str(done.outcome(0).error) == str(expected.error)


def test_the_path_of_a_loop_through_the_start_is_whole() -> None:
    again = arc("a", "lambda s: s.data['n'] < 2", transforms="lambda s: {'n': s.data['n'] + 1}")
    plan = plan_of(state("a", again, arc("b")), state("b"))

    assert Engine(plan).run([{"n": 0}]).outcome(0).path == ("a", "a", "a", "b")


def test_the_count_of_a_record_that_the_interpreter_finished_goes_to_its_end_state() -> None:
    plan = plan_of(
        state("a", arc("b", "lambda s: s.data['x']"), arc("c")),
        state("b"),
        state("c", arc("d")),
        state("d"),
        max_transitions=2,
    )
    looping = plan_of(
        state(
            "a", arc("a", "lambda s: s.data.pop('x', 0)"), arc("b", "lambda s: s.data"), arc("c")
        ),
        state("b"),
        state("c"),
        max_transitions=1,
    )

    assert list(Engine(plan).run([{"x": 1}, {"x": 0}]).ends) == [1, 2]
    assert Engine(looping).end_states == ("b", "c")
    assert list(Engine(looping).run([{}, {"x": 0}]).ends) == [2, 1]


def test_one_error_object_raised_for_many_records_is_located_for_each() -> None:
    error = ValueError("one and the same")

    def fail(state: Any) -> Any:
        raise error

    plan = plan_of(
        state("a", arc("b"), transforms=["lambda s: s.data if s.data['x'] else None"]),
        state("b", arc("c", "lambda s: s.data['x'] == 1"), arc("c", fail)),
        state("c", arc("d"), transforms=fail),
        state("d"),
    )
    engine = Engine(plan)
    for _ in range(3):
        errors = engine.run([{"x": 1}, {"x": 2}, {"x": 1}]).errors

        assert [errors[index].state for index in range(3)] == ["c", "b", "c"]
        assert [errors[index].role for index in range(3)] == ["transform", "condition", "transform"]


async def test_async_functions_run_concurrently_up_to_a_limit_and_keep_the_order() -> None:
    running, most = 0, 0

    async def slow(state: Any) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.002 * (5 - state.data["n"] % 5))
        running -= 1
        return {"done": state.data["n"]}

    run = await Engine(one_transform(slow)).run_async([{"n": n} for n in range(20)], 4)

    assert most == 4
    assert [outcome.data["done"] for outcome in run.outcomes()] == list(range(20))


async def test_cancelling_a_chunk_cancels_its_functions() -> None:
    cancelled = []

    async def wait(state: Any) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(state.data["n"])
            raise

    task = asyncio.create_task(Engine(one_transform(wait)).run_async([{"n": 1}, {"n": 2}], 2))
    await asyncio.sleep(0.01)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(cancelled) == [1, 2]


def test_a_record_run_again_replaces_what_became_of_it() -> None:
    tries = []

    def flaky(state: Any) -> Any:
        tries.append(1)
        if len(tries) < 2:
            raise OSError("not now")
        return {"ok": len(tries)}

    engine = Engine(one_transform(flaky))
    run = engine.run([{}])
    assert run.outcome(0).error is not None
    run.replace(0, engine.run([{}]))

    assert run.outcome(0).data == {"ok": 2}
    assert run.outcome(0).path == ("a", "end")


def test_records_can_enter_elsewhere() -> None:
    engine = Engine(starting_at(ROUTED, "c"))

    assert engine.run([{}]).outcome(0).path == ("c",)


def test_what_is_no_exception_of_a_record_leaves_the_engine() -> None:
    def interrupted(state: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Engine(one_transform(interrupted)).run([{}])


def test_what_a_record_was_given_lives_no_longer_than_the_record_is_under_way() -> None:
    given: list[weakref.ref[Any]] = []
    alive: list[int] = []

    def draw(state: Any) -> Any:
        alive.append(sum(reference() is not None for reference in given))
        given.append(weakref.ref(state.rng))
        return {"n": state.rng.random()}

    moments = Moments(TEST_RUN, lambda: range(200))
    Engine(one_transform(draw)).run([{} for _ in range(200)], moments)

    assert max(alive) <= 1


async def waits(state: Any) -> dict[str, Any]:
    """Wait for what somebody else has cancelled, for the task itself, or not at all."""
    if state["n"] == 3:
        given_up = asyncio.get_running_loop().create_future()
        given_up.cancel("given up")
        await given_up
    if state["n"] == "self":
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)
    return {"done": state["n"]}


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_what_is_cancelled_within_a_function_fails_its_record_alone(concurrency: int) -> None:
    plan = one_transform(waits)
    run = await Engine(plan).run_async([{"n": n} for n in range(6)], concurrency)
    outcomes = list(run.outcomes())

    assert [outcome.data for outcome in outcomes if not outcome.error] == [
        {"done": n} for n in (0, 1, 2, 4, 5)
    ]
    error = outcomes[3].error
    assert error is not None
    assert (error.state, error.role, error.error_type) == (
        "a",
        "transform",
        "FunctionCancelledError",
    )
    assert error.message == "what the function waited for was cancelled: given up"
    interpreted = (await interpret_async(plan, {"n": 3})).error
    assert interpreted is not None
    assert str(interpreted) == str(error)


@pytest.mark.parametrize("concurrency", [1, 2, 10])
async def test_a_function_that_cancels_its_own_task_loses_no_record_in_silence(
    concurrency: int,
) -> None:
    records = [{"n": 0}, {"n": "self"}, *({"n": n} for n in range(4, 8))]

    with pytest.raises(UsageError, match="cancelled the task that it runs in, and left records"):
        await Engine(one_transform(waits)).run_async(records, concurrency)


async def test_cancelling_a_run_is_no_failure_of_a_record() -> None:
    entered = asyncio.Event()

    async def waits_for_ever(state: Any) -> None:
        entered.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(Engine(one_transform(waits_for_ever)).run_async([{}, {}], 2))
    await entered.wait()
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running


def test_a_record_goes_on_from_a_limited_state_with_its_path_and_count() -> None:
    plan = plan_of(
        state("a", arc("b", "data['n'] < 3", transforms="{'n': data['n'] + 1}"), arc("c")),
        state("b", arc("a"), timeout_s=1.0),
        state("c"),
        max_transitions=7,
    )
    timing = ManualTiming()
    for n in (0, 1):
        outcome = Engine(plan, timing).run([{"n": n}]).outcome(0)

        assert outcome == interpret(plan, {"n": n}, timing=timing)
        assert outcome.path == ("a", "b") * (3 - n) + ("a", "c")
    tight = Engine(replace(plan, max_transitions=6), timing).run([{"n": 0}]).outcome(0)

    assert tight.error is not None
    assert tight.error.error_type == "TransitionLimitError"


def test_failed_records_are_concluded_once_when_they_have_failed_for_good() -> None:
    told: list[int] = []
    audit = State("audit", transforms=functions(lambda s: told.append(s["n"])), run_on_failure=True)
    engine = Engine(plan_of(state("a", transforms="1 / data['n']"), audit))
    chunk = engine.attempt([{"n": n} for n in (0, 1, 0)])

    assert told == []
    engine.conclude(chunk)
    assert told == [0, 1, 0]


def test_an_engine_without_a_timing_refuses_a_plan_that_needs_one() -> None:
    with pytest.raises(ValueError, match="its engine needs a Timing"):
        Engine(plan_of(state("a", timeout_s=1)))


def test_every_attempt_at_a_state_goes_on_with_the_ids_of_its_record() -> None:
    ids: list[str] = []

    def ask(state: Any) -> Any:
        ids.append(state.uuid())
        if len(ids) % 3:
            raise OSError("not now")
        return {"ids": ids[-3:]}

    guarded = {"retry": retry(3), "catch": (catch("b"),)}
    plans = [
        plan_of(state("a", arc("b"), transforms=ask, **guarded), state("b")),
        plan_of(state("a", arc("b"), transforms=ask, timeout_s=1.0, **guarded), state("b")),
    ]
    moments = Moments(TEST_RUN, lambda: [5])
    for plan in plans:
        interpreted = interpret(plan, {}, moments.promise(0), ManualTiming())
        generated = Engine(plan, ManualTiming()).run([{}], moments).outcome(0)

        assert interpreted == generated
        assert len(set(generated.data["ids"])) == 3


def test_what_runs_on_failure_is_bound_to_the_record_too() -> None:
    ids: list[str] = []
    audit = State(
        "audit", transforms=functions(lambda s: ids.append(s.uuid())), run_on_failure=True
    )
    plan = plan_of(state("a", transforms="1 / 0"), audit)
    moments = Moments(TEST_RUN, lambda: [5, 6])
    interpret(plan, {}, moments.promise(1))
    Engine(plan).run([{}, {}], moments)

    assert ids[0] == ids[2] != ids[1]


async def test_a_record_that_is_concluded_is_told_of_before_its_calls() -> None:
    told: list[Any] = []
    audit = State("audit", transforms=functions(lambda s: told.append(s["n"])), run_on_failure=True)
    engine = Engine(plan_of(state("a", transforms="{'n': 1 / data['n']}"), audit))
    chunk = engine.run_each([{"n": 0}, {"n": 1}, {"n": 0.0}], lambda index, path: None)
    engine.conclude(chunk, lambda index, path: told.append((index, path)))
    await engine.conclude_async(chunk, 1, lambda index, path: told.append(index))

    assert told == [(0, ("a",)), 0, (2, ("a",)), 0.0, 0, 0, 2, 0.0]
