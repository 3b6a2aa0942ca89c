"""Going on by itself: to breakpoints, for traces and profiles, in each mode, and without end."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from statepipe import AdvancedFSM, ExecutionMode, Record, SimpleFSM, UsageError
from statepipe.testing import ManualClock, outside
from tests.api.steps import Caller, counting
from tests.streaming.streams import divider

ENDLESS = {
    "name": "Endless",
    "max_transitions": 10**9,
    "states": [
        {"name": "a", "is_start": True, "transform": "lambda s: {'n': s['n'] + 1}"},
        {"name": "end", "is_end": True},
    ],
    "arcs": [{"from": "a", "to": "a"}],
}


def test_a_record_runs_to_a_breakpoint_and_on_from_there(stepping: Any) -> None:
    caller: Caller = stepping(counting(2))
    caller.fsm.add_breakpoint("double")
    context = caller.fsm.create_context({"n": 0})
    held = caller.run(context)
    ended = caller.run(context)

    assert held is not None and ended is not None
    assert (held.at_breakpoint, held.to_state, held.data_after) == (True, "double", {"n": 2})
    assert (ended.at_breakpoint, ended.is_complete, ended.to_state) == (False, True, "done")
    assert caller.run(context) is None


def test_a_breakpoint_in_a_loop_holds_each_time(stepping: Any) -> None:
    caller: Caller = stepping(counting(3))
    caller.fsm.add_breakpoint("add")
    context = caller.fsm.create_context({"n": 0})
    stops = []
    while not context.is_complete():
        result = caller.run(context)
        assert result is not None
        stops.append((result.to_state, result.data_after["n"]))

    assert stops == [("add", 1), ("add", 2), ("done", 6)]


def test_at_an_end_state_a_record_stands_before_what_runs_there(stepping: Any) -> None:
    config = counting(1)
    config["states"][2]["transform"] = "lambda s: {**s.data, 'ended': True}"
    caller: Caller = stepping(config)
    caller.fsm.add_breakpoint("done")
    context = caller.fsm.create_context({"n": 0})
    held, ended = caller.run(context), caller.run(context)

    assert held is not None and ended is not None
    assert (held.at_breakpoint, held.is_complete, held.data_after) == (
        *(True, False),
        {"n": 2, "ok": True},
    )
    assert (ended.from_state, ended.to_state, ended.is_complete) == ("done", "done", True)
    assert context.data == {"n": 2, "ok": True, "ended": True}


def test_an_end_state_where_nothing_runs_is_the_end_at_once(stepping: Any) -> None:
    caller: Caller = stepping(counting(1))
    caller.fsm.add_breakpoint("done")
    result = caller.run(caller.fsm.create_context({"n": 0}))

    assert result is not None and (result.at_breakpoint, result.is_complete) == (True, True)


def test_a_record_that_fails_ends_the_run_with_its_error(stepping: Any) -> None:
    caller: Caller = stepping(divider())
    result = caller.run(caller.fsm.create_context({"value": 0}))

    assert result is not None
    assert (result.success, result.error) == (False, "ZeroDivisionError: division by zero")


def test_max_steps_bounds_a_run_that_would_not_end(stepping: Any) -> None:
    caller: Caller = stepping(ENDLESS)
    context = caller.fsm.create_context({"n": 0})

    assert caller.run(context, max_steps=7) is None
    assert (context.data, context.is_complete(), context.step_count) == ({"n": 7}, False, 7)
    assert len(caller.trace({"n": 0}, max_steps=5)) == 5
    assert caller.profile({"n": 0}, max_steps=4)["transitions"] == 4


@pytest.mark.parametrize("steps", [0, -1, True, 2.5, None])
def test_a_number_of_steps_that_is_none_is_refused(steps: Any) -> None:
    fsm = AdvancedFSM(ENDLESS)

    with pytest.raises(UsageError, match="max_steps must be a whole number of at least 1"):
        fsm.run_until_breakpoint_sync(fsm.create_context({}), max_steps=steps)
    with pytest.raises(UsageError, match="max_steps must be a whole number of at least 1"):
        fsm.trace_execution_sync({}, max_steps=steps)


def test_a_trace_is_the_steps_in_their_order(stepping: Any) -> None:
    caller: Caller = stepping(counting(2))
    caller.fsm.add_breakpoint("double")
    before = time.time()
    trace = caller.trace({"n": 0})
    stamps = [entry.pop("timestamp") for entry in trace]

    assert trace == [
        {"from_state": "add", "to_state": "add", "transition": "again", "data": {"n": 1}},
        {"from_state": "add", "to_state": "double", "transition": "enough", "data": {"n": 2}},
        {
            "from_state": "double",
            "to_state": "done",
            "transition": "double->done",
            "data": {"n": 4, "ok": True},
        },
    ]
    assert before <= stamps[0] <= stamps[1] <= stamps[2] <= time.time()


def test_a_trace_leaves_out_no_end_state_that_failed_and_was_caught(stepping: Any) -> None:
    config = counting(1)
    config["states"][2] |= {"transform": "1 / 0", "on_error": "spare"}
    config["states"].append({"name": "spare", "is_end": True, "transform": "{**data, 'at': 1}"})
    caller: Caller = stepping(config)
    trace = caller.trace({"n": 0}, initial_state="double")

    assert [(entry["from_state"], entry["to_state"]) for entry in trace] == [
        ("double", "done"),
        ("done", "spare"),
    ]
    assert [entry["data"] for entry in trace] == [
        {"n": 0, "ok": True},
        {"n": 0, "ok": True, "at": 1},
    ]
    assert trace[0]["transition"] == "double->done" != trace[1]["transition"]


def test_a_trace_may_begin_elsewhere_and_shows_where_a_record_failed(stepping: Any) -> None:
    caller: Caller = stepping(counting())

    assert [entry["to_state"] for entry in caller.trace({"n": 1}, initial_state="double")] == [
        "done"
    ]
    [entry] = caller.trace({})
    assert (entry["from_state"], entry["to_state"], entry["transition"]) == ("add", "add", None)
    assert entry["error"] == "KeyError: 'n'"


def test_a_profile_tells_where_the_time_went(stepping: Any) -> None:
    clock = ManualClock()

    def slow(state: Any) -> Record:
        clock.advance(2 if state.name == "add" else 5)
        return dict(state.data) | {"n": state["n"] + 1}

    config = counting(2)
    for state in config["states"]:
        state["transform"] = slow
    caller: Caller = stepping(config)
    outside(caller.fsm.fsm, clock=clock)
    profile = caller.profile({"n": 0})

    assert profile["state_times"] == {
        "add": {"count": 2, "total": 4, "avg": 2, "min": 2, "max": 2},
        "double": {"count": 1, "total": 5, "avg": 5, "min": 5, "max": 5},
        "done": {"count": 1, "total": 5, "avg": 5, "min": 5, "max": 5},
    }
    assert (profile["total_time"], profile["transitions"], profile["states_visited"]) == (14, 3, 3)
    assert profile["avg_transition_time"] == 14 / 3
    assert (profile["final_state"], profile["final_data"]) == ("done", {"n": 4, "ok": True})


def test_a_profile_of_a_record_that_fails_says_so(stepping: Any) -> None:
    profile = stepping(divider()).profile({"value": 0})

    assert profile["error"] == "ZeroDivisionError: division by zero"
    assert (profile["final_state"], profile["transitions"]) == ("input", 0)
    assert profile["avg_transition_time"] == 0.0


# -- modes ---------------------------------------------------------------------------------


def test_a_mode_that_is_none_is_refused_whenever_it_is_given() -> None:
    fsm = AdvancedFSM(counting())
    for wrong in ("trace", None):
        with pytest.raises(UsageError, match=f"must be an ExecutionMode, not {wrong!r}"):
            fsm.execution_mode = wrong  # type: ignore[assignment]  # what is refused
    fsm.execution_mode = ExecutionMode.TRACE

    assert fsm.create_context({"n": 0}).trace == []


def test_step_by_step_keeps_no_trace_and_no_profile(stepping: Any) -> None:
    caller: Caller = stepping(counting())
    context = caller.fsm.create_context({"n": 0})
    caller.step(context)

    assert caller.fsm.execution_mode is ExecutionMode.STEP_BY_STEP
    assert (context.trace, context.profile) == (None, None)


def test_in_breakpoint_mode_a_step_goes_on_to_the_next_breakpoint(stepping: Any) -> None:
    caller: Caller = stepping(counting(3), ExecutionMode.BREAKPOINT)
    alone = caller.fsm.create_context({"n": 0})
    first = caller.step(alone)
    caller.fsm.add_breakpoint("double")
    context = caller.fsm.create_context({"n": 0})
    held, ended = caller.step(context), caller.step(context)

    assert (first.to_state, first.data_after) == ("add", {"n": 1})  # there was none
    assert (held.from_state, held.to_state, held.at_breakpoint) == ("add", "double", True)
    assert (held.data_before, held.data_after) == ({"n": 0}, {"n": 3})
    assert [each["name"] for each in held.tried if each["accepted"]] == ["again", "again", "enough"]
    assert ended.is_complete and context.step_count == 4


def test_in_breakpoint_mode_one_step_is_bounded_too(stepping: Any) -> None:
    caller: Caller = stepping(ENDLESS, ExecutionMode.BREAKPOINT)
    caller.fsm.add_breakpoint("end")
    result = caller.step(caller.fsm.create_context({"n": 0}))

    assert (result.data_after, result.is_complete) == ({"n": 1000}, False)


def test_trace_mode_lets_a_contexts_trace_grow(stepping: Any) -> None:
    caller: Caller = stepping(counting(1), ExecutionMode.TRACE)
    context = caller.fsm.create_context({"n": 0})
    caller.run(context)

    assert [entry["transition"] for entry in context.trace or []] == ["enough", "double->done"]
    assert context.profile is None


def test_a_profile_counts_going_into_a_network_and_coming_back(stepping: Any) -> None:
    inner = counting(2)
    outer = {
        "name": "outer",
        "states": [{"name": "in", "is_start": True}, {"name": "out", "is_end": True}],
        "arcs": [{"from": "in", "target_network": "sums", "return_state": "out"}],
    }
    sums = {"name": "sums", "states": inner["states"], "arcs": inner["arcs"]}
    config = {"main_network": "outer", "networks": [outer, sums]}
    profile = stepping(config).profile({"n": 0})

    assert profile["final_state"] == "out"
    assert profile["transitions"] == 5
    assert SimpleFSM(config).process({"n": 0}).metadata["transitions"] == 5


def test_profile_mode_tells_of_a_context_so_far(stepping: Any) -> None:
    caller: Caller = stepping(counting(1), ExecutionMode.PROFILE)
    context = caller.fsm.create_context({"n": 0})
    caller.step(context)
    profile = context.profile

    assert profile is not None and context.trace is None
    assert (profile["final_state"], profile["transitions"]) == ("double", 1)
    assert profile["state_times"]["add"]["count"] == 1


def test_debug_mode_keeps_both_and_stands_behind_a_failure(stepping: Any) -> None:
    config = counting(1)
    config["states"][0]["transform"] = "lambda s: 1 / 0"
    config["states"][0]["on_error"] = "double"
    plain: Caller = stepping(config)
    caller: Caller = stepping(config, ExecutionMode.DEBUG)
    context = caller.fsm.create_context({"n": 1})
    result = caller.run(context)
    passed = plain.run(plain.fsm.create_context({"n": 1}))

    assert result is not None and passed is not None
    assert (result.to_state, result.failed_states, result.is_complete) == ("double", ["add"], False)
    assert passed.is_complete
    assert len(context.trace or []) == 1 and context.profile is not None


# -- the event loop ------------------------------------------------------------------------


async def at_once(state: Any) -> Record:
    return {"n": state["n"] + 1}


@pytest.mark.parametrize("transform", [None, at_once], ids=["sync", "async"])
async def test_a_cycle_gives_the_loop_its_turn(transform: Any) -> None:
    config = {**ENDLESS, "states": [dict(state) for state in ENDLESS["states"]]}  # type: ignore[attr-defined]  # a list
    if transform is not None:
        config["states"][0]["transform"] = transform
    beats = 0

    async def heart() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0)

    async with AdvancedFSM(config) as fsm:
        beating = asyncio.create_task(heart())
        for begin in (
            lambda: fsm.run_until_breakpoint(fsm.create_context({"n": 0}), 200),
            lambda: fsm.trace_execution({"n": 0}, max_steps=200),
            lambda: fsm.profile_execution({"n": 0}, max_steps=200),
        ):
            beats = 0
            await begin()
            assert beats >= 200
        beating.cancel()


async def test_a_function_that_blocks_holds_up_no_loop() -> None:
    inside, go_on = asyncio.Event(), []
    loop = asyncio.get_running_loop()

    def blocking(state: Any) -> None:
        loop.call_soon_threadsafe(inside.set)
        while not go_on:
            time.sleep(0.001)

    config = {**ENDLESS, "states": [{"name": "a", "is_start": True, "is_end": True}], "arcs": []}
    config["states"][0]["transform"] = blocking  # type: ignore[index]  # a list
    async with AdvancedFSM(config) as fsm:
        step = asyncio.create_task(fsm.step(fsm.create_context({})))
        await asyncio.wait_for(inside.wait(), 30)
        go_on.append(True)

        assert (await step).is_complete


async def test_cancelling_a_run_ends_it_and_leaves_the_other_records_alone() -> None:
    config = {**ENDLESS, "states": [dict(state) for state in ENDLESS["states"]]}  # type: ignore[attr-defined]  # a list
    three = asyncio.Event()

    async def counting_on(state: Any) -> Record:
        if state["n"] == 3:
            three.set()
        return await at_once(state)

    config["states"][0]["transform"] = counting_on
    async with AdvancedFSM(config) as fsm:
        context, other = fsm.create_context({"n": 0}), fsm.create_context({"n": 0})
        run = asyncio.create_task(fsm.run_until_breakpoint(context, 10**9))
        await three.wait()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

        assert (await fsm.step(other)).data_after == {"n": 1}
