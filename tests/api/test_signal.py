"""`_transition_signal`: a record that names the state it goes to next."""

from __future__ import annotations

from typing import Any

from statepipe import SimpleFSM
from tests.api.steps import Caller, counting, to_the_end


def test_the_signal_takes_the_arc_that_leads_there_and_is_gone(stepping: Any) -> None:
    caller: Caller = stepping(counting(9))
    context = caller.fsm.create_context({"n": 1, "_transition_signal": "double"})
    result = caller.step(context)

    assert (result.transition, result.to_state) == ("enough", "double")
    assert result.data_after == {"n": 2}
    assert to_the_end(caller, context).data_after == {"n": 4, "ok": True}


def test_it_holds_once_and_may_come_from_a_function(stepping: Any) -> None:
    config = counting(2)
    config["states"][1]["transform"] = (
        "lambda s: {**s.data, '_transition_signal': 'add'} if s['n'] == 2 else s.data"
    )
    caller: Caller = stepping(config)
    context = caller.fsm.create_context({"n": 1})
    to_the_end(caller, context)

    assert context.path == ["add", "double", "add", "double", "done"]
    assert context.data == {"n": 3, "ok": True}


def test_without_an_arc_the_record_goes_there_all_the_same(stepping: Any) -> None:
    caller: Caller = stepping(counting())
    result = caller.step(caller.fsm.create_context({"n": 1, "_transition_signal": "done"}))

    assert (result.transition, result.to_state) == ("add->done (signal)", "done")
    assert (result.data_after, result.is_complete) == ({"n": 2}, True)


def test_a_target_that_is_none_fails_the_record_and_names_the_states(stepping: Any) -> None:
    caller: Caller = stepping(counting())
    result = caller.step(caller.fsm.create_context({"n": 1, "_transition_signal": "dobule"}))

    assert result.error == (
        "_transition_signal names 'dobule', which is no state of the network; "
        "its states are add, double, done"
    )
    assert result.record_error is not None
    assert result.record_error.error_type == "UnknownTargetError"


def test_the_callers_object_keeps_its_signal_in_copy_mode_alone(stepping: Any) -> None:
    caller: Caller = stepping(counting(9))
    copied = {"n": 1, "_transition_signal": "double"}
    caller.step(caller.fsm.create_context(copied))
    shared: Caller = stepping(counting(9, data_mode="direct"))
    direct = {"n": 1, "_transition_signal": "double"}
    shared.step(shared.fsm.create_context(direct))

    assert copied == {"n": 1, "_transition_signal": "double"}
    assert direct == {"n": 2}


def test_other_engines_leave_the_field_alone() -> None:
    result = SimpleFSM(counting(2)).process({"n": 0, "_transition_signal": "done"})

    assert result.path == ["add", "add", "double", "done"]
    assert result.data == {"n": 4, "ok": True, "_transition_signal": "done"}
