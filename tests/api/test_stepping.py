"""Making steps: what a step is, what it tells, what fails in one, and going back and on."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from statepipe import AdvancedFSM, AsyncSimpleFSM, DataHandlingMode, SimpleFSM, UsageError
from tests.api.steps import Caller, counting, to_the_end
from tests.resources.test_lifetime import own
from tests.streaming.streams import divider, one_state


def test_a_step_goes_to_the_next_state(stepping: Any) -> None:
    caller: Caller = stepping(counting(2))
    context = caller.fsm.create_context({"n": 0})
    result = caller.step(context)

    assert (result.from_state, result.to_state, result.transition) == ("add", "add", "again")
    assert (result.data_before, result.data_after) == ({"n": 0}, {"n": 1})
    assert (result.success, result.error, result.failed_states) == (True, None, [])
    assert (result.at_breakpoint, result.is_complete) == (False, False)
    assert result.duration > 0


def test_the_last_step_comes_to_the_end_and_runs_it(stepping: Any) -> None:
    config = counting(1)
    config["states"][2]["transform"] = "lambda s: {**s.data, 'ended': True}"
    caller: Caller = stepping(config)
    context = caller.fsm.create_context({"n": 0})
    caller.step(context)
    result = caller.step(context)

    assert (result.from_state, result.to_state, result.is_complete) == ("double", "done", True)
    assert context.is_complete() and context.current_state == "done"
    assert context.data == result.data_after == {"n": 2, "ok": True, "ended": True}
    assert context.path == ["add", "double", "done"]


def test_of_a_record_that_is_done_a_step_tells_how_it_stands(stepping: Any) -> None:
    caller: Caller = stepping(counting(1))
    context = caller.fsm.create_context({"n": 0})
    last = to_the_end(caller, context)
    again = caller.step(context)

    assert (again.from_state, again.to_state, again.transition) == ("done", "done", None)
    assert (again.data_after, again.success, again.is_complete) == (last.data_after, True, True)
    assert context.step_count == 2


def test_what_fails_is_a_result_and_no_exception(stepping: Any) -> None:
    caller: Caller = stepping(divider())
    context = caller.fsm.create_context({"value": 0})
    result = caller.step(context)

    assert (result.success, result.error) == (False, "ZeroDivisionError: division by zero")
    assert (result.to_state, result.failed_states, result.is_complete) == ("input", ["input"], True)
    assert result.record_error is context.error is not None
    assert "12 / state.data['value']" in str(result.record_error)
    assert caller.step(context).error == result.error


def test_a_failure_that_is_caught_is_told_and_the_record_goes_on(stepping: Any) -> None:
    config = divider()
    config["states"][0]["on_error"] = "negative"
    caller: Caller = stepping(config)
    context = caller.fsm.create_context({"value": 0})
    result = caller.step(context)

    assert (result.success, result.to_state, result.is_complete) == (True, "negative", True)
    assert (result.failed_states, context.failed_states) == (["input"], ["input"])
    assert result.transition == "input->negative (catch)"


def test_states_that_run_on_failure_run_in_the_step_that_fails(stepping: Any) -> None:
    seen: list[Any] = []
    config = divider()
    config["states"][2] |= {"run_on_failure": True, "transform": lambda s: seen.append(s.error)}
    caller: Caller = stepping(config)

    assert caller.step(caller.fsm.create_context({"value": 0})).success is False
    assert [error["type"] for error in seen] == ["ZeroDivisionError"]


def test_a_step_tells_the_arcs_that_were_tried_and_the_functions_that_ran(stepping: Any) -> None:
    caller: Caller = stepping(counting(1))
    result = caller.step(caller.fsm.create_context({"n": 0}))

    assert result.tried == [
        {"name": "enough", "target": "double", "accepted": True, "reason": "counted"}
    ]
    assert [(each["role"], each["arc"], each["error"]) for each in result.functions] == [
        ("transform", None, None),
        ("condition", "enough", None),
    ]
    assert result.functions[0]["function"] == "lambda s: {**s.data, 'n': s['n'] + 1}"


def test_an_arc_may_be_forced(stepping: Any) -> None:
    caller: Caller = stepping(counting(9))
    context = caller.fsm.create_context({"n": 0})
    result = caller.step(context, "enough")

    assert (result.transition, result.to_state) == ("enough", "double")
    assert [each["role"] for each in result.functions] == ["transform"]
    with pytest.raises(UsageError, match=r"state 'double' has no arc 'enough'; its arcs are 'doub"):
        caller.step(context, "enough")


def test_a_record_may_be_changed_between_steps(stepping: Any) -> None:
    caller: Caller = stepping(counting(3))
    context = caller.fsm.create_context({"n": 0})
    caller.step(context)
    context.data["n"] = 10
    result = caller.step(context)
    context.data = {"n": 50}

    assert (result.data_before, result.data_after) == ({"n": 10}, {"n": 11})
    assert to_the_end(caller, context).data_after == {"n": 100, "ok": True}
    with pytest.raises(UsageError, match="a record must be a dict, not an int"):
        caller.fsm.create_context({}).data = 5  # type: ignore[assignment]  # what is refused


def test_going_back_shows_what_was_and_runs_nothing(stepping: Any) -> None:
    calls: list[int] = []
    caller: Caller = stepping(one_state(lambda s: calls.append(1) or {"n": s["n"] + 1}))
    context = caller.fsm.create_context({"n": 1})
    made = caller.step(context)
    gone_back_over = context.back()
    seen = (context.current_state, context.data, context.path, context.is_complete())
    shown = caller.step(context)

    assert seen == ("input", {"n": 1}, ["input"], False)
    assert gone_back_over.recorded and shown.recorded and not made.recorded
    assert (shown.data_after, context.data, context.is_complete()) == ({"n": 2}, {"n": 2}, True)
    assert calls == [1]


def test_what_was_is_neither_changed_nor_sent_another_way(stepping: Any) -> None:
    caller: Caller = stepping(counting())
    context = caller.fsm.create_context({"n": 0})
    with pytest.raises(UsageError, match="there is no earlier step"):
        context.back()
    caller.step(context)
    context.back()

    context.data["n"] = 5
    with pytest.raises(UsageError, match="what was cannot be changed; fork it"):
        caller.step(context)
    context.data = {"n": 0}
    with pytest.raises(UsageError, match="what was cannot go another way; fork it first"):
        caller.step(context, "enough")
    context.forward()
    with pytest.raises(UsageError, match="there is no later step to show"):
        context.forward()


def test_a_fork_goes_on_from_what_is_shown_and_leaves_the_first_alone(stepping: Any) -> None:
    caller: Caller = stepping(counting(3))
    context = caller.fsm.create_context({"n": 0})
    context.variables["who"] = "me"
    to_the_end(caller, context)
    for _ in range(2):
        context.back()
    fork = caller.fsm.fork(context, {"n": 40})

    assert to_the_end(caller, fork).data_after == {"n": 82, "ok": True}
    assert fork.path == ["add", "add", "add", "double", "done"]
    assert fork.variables == {"who": "me"}
    assert context.steps[-1].data_after == {"n": 6, "ok": True}


def test_what_is_changed_while_looking_back_is_for_a_fork(stepping: Any) -> None:
    caller: Caller = stepping(counting(3))
    context = caller.fsm.create_context({"n": 0})
    to_the_end(caller, context)
    context.back()
    context.back()
    context.data["n"] = 40
    fork = caller.fsm.fork(context)
    context.data["n"] = 2

    assert to_the_end(caller, fork).data_after == {"n": 82, "ok": True}
    assert to_the_end(caller, context).data_after == {"n": 6, "ok": True}


def test_a_fork_is_given_the_ids_that_the_record_was_given(stepping: Any) -> None:
    config = counting(3)
    config["states"][0]["transform"] = "lambda s: {'n': s['n'] + 1, 'ids': [*s['ids'], uuid()]}"
    caller: Caller = stepping(config)
    context = caller.fsm.create_context({"n": 0, "ids": []})
    to_the_end(caller, context)
    for _ in range(3):
        context.back()
    fork = caller.fsm.fork(context)

    assert to_the_end(caller, fork).data_after == context.steps[-1].data_after
    assert len(set(fork.data["ids"])) == 3


def test_what_a_caller_does_with_a_result_changes_nothing(stepping: Any) -> None:
    caller: Caller = stepping(counting(2))
    caller.fsm.enable_history()
    context = caller.fsm.create_context({"n": 0})
    result = caller.step(context)
    result.data_after["n"] = result.data_before["n"] = 50
    context.back()

    assert context.data == {"n": 0}
    assert caller.fsm.get_history()[0].data_after == {"n": 1}
    assert caller.step(caller.fsm.fork(context)).data_after == {"n": 1}


def test_a_record_that_is_done_is_forked_from_an_earlier_step_only(stepping: Any) -> None:
    caller: Caller = stepping(counting(1))
    context = caller.fsm.create_context({"n": 0})
    to_the_end(caller, context)

    with pytest.raises(UsageError, match="the record is done; go `back` to where it is to go on"):
        caller.fsm.fork(context)


@pytest.mark.parametrize("kind", [SimpleFSM, AsyncSimpleFSM])
def test_an_fsm_lends_its_machine_and_resources_and_keeps_them(kind: Any, stepping: Any) -> None:
    fsm = kind(one_state("lambda s: {'rate': s.resources['rate']}"), resources={"rate": 7})
    caller: Caller = stepping(fsm)

    assert caller.fsm.fsm is fsm
    assert caller.step(caller.fsm.create_context({})).data_after == {"rate": 7}
    caller.fsm.close()
    assert caller.step(caller.fsm.create_context({})).data_after == {"rate": 7}
    with pytest.raises(UsageError, match="belong to a config; an FSM has its own"):
        AdvancedFSM(fsm, custom_functions={})


async def taking_async(state: Any) -> Any:
    return {"n": state.resources["own"]}


@pytest.mark.parametrize("work", ["lambda s: {'n': s.resources['own']}", taking_async])
def test_a_registered_resource_takes_the_place_of_one_that_is_then_never_opened(
    stepping: Any, work: Any, tmp_path: Path
) -> None:
    config = counting(9)
    config["states"][0] |= {"transform": work, "resources": ["own"]}
    config["resources"] = [own(tmp_path / "log", "AsyncNoted")]
    caller: Caller = stepping(config)
    caller.fsm.register_resource("own", 7)
    result = caller.step(caller.fsm.create_context({"n": 1}))

    assert result.data_after == {"n": 7}
    assert caller.fsm.fsm.get_resources() == ["own"]
    assert not (tmp_path / "log").exists()


def test_a_resource_may_be_registered(stepping: Any) -> None:
    caller: Caller = stepping(one_state("lambda s: {'rate': s.resources['rate']}"))
    failed = caller.step(caller.fsm.create_context({}))
    caller.fsm.register_resource("rate", 7)

    assert failed.error is not None and "there are no resources" in failed.error
    assert caller.step(caller.fsm.create_context({})).data_after == {"rate": 7}
    with pytest.raises(UsageError, match="a resource's name must be a text, not 5"):
        caller.fsm.register_resource(5, 7)  # type: ignore[arg-type]  # what is refused


def test_a_context_may_have_another_data_mode_and_another_start(stepping: Any) -> None:
    caller: Caller = stepping(counting(1))
    given = {"n": 4}
    direct = caller.fsm.create_context(given, DataHandlingMode.DIRECT, initial_state="double")
    to_the_end(caller, direct)
    copied = caller.fsm.create_context(given, initial_state="double")
    to_the_end(caller, copied)

    assert given == {"n": 8, "ok": True}
    assert direct.path == ["double", "done"]
    assert copied.data == {"n": 16, "ok": True}


def test_misuse_is_told_with_what_there_is() -> None:
    fsm = AdvancedFSM(counting())

    with pytest.raises(UsageError, match="no state 'ad'; the states are add, double, done"):
        fsm.create_context({}, initial_state="ad")
    with pytest.raises(UsageError, match="DataHandlingMode, not 'copy'; there are DataHand"):
        fsm.create_context({}, "copy")  # type: ignore[arg-type]  # what is refused
    with pytest.raises(UsageError, match="a record must be a dict, not a list"):
        fsm.create_context([])  # type: ignore[arg-type]  # what is refused
    with pytest.raises(UsageError, match="ExecutionMode, not 'trace'; there are ExecutionM"):
        AdvancedFSM(counting(), "trace")  # type: ignore[arg-type]  # what is refused


def test_a_machine_that_is_closed_steps_no_further() -> None:
    with AdvancedFSM(counting()) as fsm:
        context = fsm.create_context({"n": 0})
    fsm.close()

    with pytest.raises(UsageError, match="'Counting' is closed"):
        fsm.execute_step_sync(context)
    with pytest.raises(UsageError, match="'Counting' is closed"):
        fsm.create_context({})


def test_a_step_that_was_interrupted_is_gone_on_from_by_a_fork() -> None:
    stop = [KeyboardInterrupt]

    def interrupting(state: Any) -> Any:
        if stop:
            raise stop.pop()
        return {"n": state["n"] + 1}

    fsm = AdvancedFSM(one_state(interrupting))
    context = fsm.create_context({"n": 1})
    with pytest.raises(KeyboardInterrupt):
        fsm.execute_step_sync(context)

    with pytest.raises(UsageError, match="a step from 'input' was interrupted; fork"):
        fsm.execute_step_sync(context)
    assert fsm.execute_step_sync(fsm.fork(context)).data_after == {"n": 2}


def test_two_steps_of_one_record_are_not_made_at_once() -> None:
    inside, may_go = threading.Event(), threading.Event()

    def waiting(state: Any) -> None:
        inside.set()
        may_go.wait(10)

    fsm = AdvancedFSM(one_state(waiting))
    context = fsm.create_context({})
    thread = threading.Thread(target=fsm.execute_step_sync, args=(context,))
    thread.start()
    inside.wait(10)
    with pytest.raises(UsageError, match="a step from 'input' is still under way"):
        fsm.execute_step_sync(context)
    may_go.set()
    thread.join()

    assert context.is_complete()


def test_limits_of_time_hold_and_hesitating_takes_none_of_it(stepping: Any) -> None:
    def endless(state: Any) -> None:
        while state["n"]:
            pass

    config = one_state(endless, timeout_s=0.1)
    caller: Caller = stepping(config)
    context = caller.fsm.create_context({"n": 0})
    threading.Event().wait(0.15)

    assert caller.step(context).success
    late = caller.step(caller.fsm.create_context({"n": 1}))
    assert late.error == "the state took longer than it was given"
