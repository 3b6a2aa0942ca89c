"""FSMDebugger: going, looking, watching, printing."""

from __future__ import annotations

from typing import Any

import pytest

from statepipe import AdvancedFSM, FSMDebugger, UsageError
from tests.api.steps import counting
from tests.api.test_session import looping, said
from tests.streaming.streams import divider
from tests.streaming.test_lives import log

__all__ = ["log"]  # a fixture


def debugger(limit: int = 3, **data: Any) -> FSMDebugger:
    found = FSMDebugger(AdvancedFSM(counting(limit)))
    found.start(data or {"n": 0})
    return found


def test_it_steps_a_record_and_counts() -> None:
    found = debugger(2)
    first = found.step()

    assert (first.from_state, first.to_state, found.current_state) == ("add", "add", "add")
    assert (found.step_count, found.inspect("n")) == (1, 1)
    assert found.step("enough").to_state == "double"
    assert found.step_count == 2


def test_it_continues_to_the_breakpoints_of_its_machine() -> None:
    found = debugger(3)
    found.fsm.add_breakpoint("add", "lambda s: s['n'] == 2")
    held, ended = found.continue_to_breakpoint(), found.continue_to_breakpoint()

    assert held is not None and ended is not None
    assert (held.at_breakpoint, held.data_after) == (True, {"n": 2})
    assert ended.is_complete and found.current_state == "done"
    assert found.continue_to_breakpoint(max_steps=5) is None


def test_a_value_is_found_by_its_path() -> None:
    found = debugger(n=0, a={"b": [{"c": 5}, 6]})

    assert found.inspect("a.b.0.c") == 5
    assert found.inspect("a.b.-1") == 6
    assert found.inspect() == {"n": 0, "a": {"b": [{"c": 5}, 6]}}
    with pytest.raises(UsageError, match=r"no 'x' at 'a\.x'; there are 'b'"):
        found.inspect("a.x")
    with pytest.raises(UsageError, match=r"no '7' at 'a\.b\.7'; there are 2 items"):
        found.inspect("a.b.7")
    with pytest.raises(UsageError, match=r"no 'd' at 'n\.d'; there is an int"):
        found.inspect("n.d")


def test_watches_follow_the_record(capsys: pytest.CaptureFixture[str]) -> None:
    found = debugger()
    found.watch("count", "n")
    found.watch("double", "ok")
    found.step()
    found.print_watches()
    found.unwatch("double")

    assert capsys.readouterr().out == "count = 1\ndouble = (not there)\n"
    assert (found.watches, found.watched()) == ({"count": "n"}, {"count": 1})
    with pytest.raises(UsageError, match="there is no watch 'double'; there are: count"):
        found.unwatch("double")


def test_the_state_is_printed_whole(capsys: pytest.CaptureFixture[str]) -> None:
    found = debugger(1)
    found.step()
    found.print_state()

    assert capsys.readouterr().out.splitlines() == [
        "state: double",
        "step:  1",
        "path:  add -> double",
        "data:  {'n': 1}",
    ]


def test_a_failure_is_printed_with_the_state(capsys: pytest.CaptureFixture[str]) -> None:
    found = FSMDebugger(AdvancedFSM(divider()))
    found.start({"value": 0})
    found.step()
    found.print_state()
    lines = capsys.readouterr().out.splitlines()

    assert lines[0] == "state: input  (done)"
    assert lines[-1] == "error: ZeroDivisionError: division by zero"


def test_the_current_state_is_inspected() -> None:
    found = debugger(1)
    found.step()

    assert found.inspect_current_state() == found.fsm.inspect_state("double")


def test_the_history_is_the_steps_and_may_be_limited() -> None:
    found = debugger(3)
    found.continue_to_breakpoint()

    assert [step.to_state for step in found.get_history()] == ["add", "add", "double", "done"]
    assert [step.to_state for step in found.get_history(2)] == ["double", "done"]
    assert found.get_history(0) == []
    assert len(found.get_history(limit=99)) == 4
    with pytest.raises(UsageError, match="limit must be a whole number of at least 0, not -1"):
        found.get_history(-1)


def test_reset_begins_again_with_the_record_that_was_given() -> None:
    given: dict[str, Any] = {"n": 0, "inner": {"x": 1}}
    found = FSMDebugger(AdvancedFSM(counting()))
    found.start(given, initial_state="double")
    given["inner"]["x"] = 2
    found.watch("count", "n")
    found.step()
    found.reset()

    assert (found.current_state, found.step_count) == ("double", 0)
    assert found.inspect() == {"n": 0, "inner": {"x": 1}}
    assert found.watches == {"count": "n"}


def test_it_goes_back_and_forks() -> None:
    found = debugger(3)
    found.step()
    found.step()
    found.back()
    seen = (found.inspect("n"), found.step_count)
    found.fork({"n": 20})
    found.continue_to_breakpoint()

    assert seen == (1, 1)
    assert found.inspect() == {"n": 42, "ok": True}


def test_without_a_record_it_says_what_to_do() -> None:
    found = FSMDebugger(AdvancedFSM(counting()))

    assert (found.current_state, found.step_count) == (None, 0)
    for ask in (found.step, found.reset, found.inspect, found.print_state, found.get_history):
        with pytest.raises(UsageError, match=r"no record is being debugged; call start\(data\)"):
            ask()


def test_it_takes_an_advanced_fsm_alone() -> None:
    with pytest.raises(UsageError, match="FSMDebugger takes an AdvancedFSM, not a dict"):
        FSMDebugger(counting())  # type: ignore[arg-type]  # what is refused


def test_another_start_ends_what_was_begun(log: Any) -> None:
    with AdvancedFSM(looping("Sync", log)) as fsm:
        found = FSMDebugger(fsm)
        found.start({"again": True})
        found.step()
        between = said(log)
        found.start({"again": True})

        assert (between, said(log)) == (["set_up"], ["set_up", "tear_down"])
