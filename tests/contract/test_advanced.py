"""The names, parameters and shapes that the documented AdvancedFSM API promises."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import fields
from typing import Any

import pytest

import statepipe
from statepipe import (
    AdvancedFSM,
    ExecutionContext,
    ExecutionHook,
    ExecutionMode,
    FSMDebugger,
    SimpleFSM,
    StepResult,
    create_advanced_fsm,
)
from tests.api.steps import counting


def parameters(function: Any) -> list[str]:
    found = inspect.signature(function).parameters.values()
    positional = [each for each in found if each.kind is not each.KEYWORD_ONLY]
    return [each.name for each in positional if each.name != "self"]


def default(function: Any, name: str) -> Any:
    return inspect.signature(function).parameters[name].default


def names(text: str) -> set[str]:
    return set(text.split())


@pytest.fixture
def context() -> ExecutionContext:
    return AdvancedFSM(counting(1)).create_context({"n": 0})


def test_the_machine_is_made_with_the_documented_parameters() -> None:
    assert parameters(AdvancedFSM) == ["config_or_fsm", "execution_mode", "custom_functions"]
    assert default(AdvancedFSM, "execution_mode") is ExecutionMode.STEP_BY_STEP
    assert parameters(create_advanced_fsm) == ["config", "custom_functions", "options"]
    made = create_advanced_fsm(counting(), execution_mode=ExecutionMode.TRACE)
    assert isinstance(made, AdvancedFSM) and made.execution_mode is ExecutionMode.TRACE


def test_custom_functions_are_the_registered_ones() -> None:
    config = counting()
    config["states"][0]["transform"] = {"type": "registered", "name": "triple"}
    functions = {"triple": lambda state: {"n": state["n"] * 3}}
    for fsm in (
        AdvancedFSM(config, custom_functions=functions),
        create_advanced_fsm(config, functions),
    ):
        assert fsm.execute_step_sync(fsm.create_context({"n": 2})).data_after == {"n": 6}


def test_the_modes_are_those_that_are_documented() -> None:
    assert set(ExecutionMode.__members__) == names("STEP_BY_STEP BREAKPOINT TRACE PROFILE DEBUG")


@pytest.mark.parametrize("path", ["statepipe", "statepipe.api.advanced"])
def test_everything_is_importable_from_both_paths(path: str) -> None:
    module = importlib.import_module(path)
    for name in (
        "AdvancedFSM ExecutionContext ExecutionHook ExecutionMode FSMDebugger StepResult "
        "create_advanced_fsm"
    ).split():
        assert getattr(module, name) is getattr(statepipe, name)


def test_stepping_has_the_documented_members() -> None:
    assert parameters(AdvancedFSM.create_context) == ["data", "data_mode", "initial_state"]
    assert parameters(AdvancedFSM.execute_step_sync) == ["context", "arc_name"]
    assert default(AdvancedFSM.execute_step_sync, "arc_name") is None
    assert parameters(AdvancedFSM.step) == parameters(AdvancedFSM.execute_step_async)
    assert inspect.iscoroutinefunction(AdvancedFSM.step)


async def test_an_execution_context_is_entered_with_async_with() -> None:
    async with AdvancedFSM(counting(1)).execution_context({"n": 0}) as context:
        assert isinstance(context, ExecutionContext)
        assert context.current_state == "add"


def test_a_step_result_has_the_documented_fields() -> None:
    assert {field.name for field in fields(StepResult)} >= names(
        "from_state to_state transition data_before data_after duration success error "
        "at_breakpoint is_complete failed_states"
    )


def test_a_context_has_the_documented_members(context: ExecutionContext) -> None:
    assert (context.data, context.current_state, context.get_current_state()) == (
        *({"n": 0}, "add"),
        "add",
    )
    assert (context.is_complete(), context.failed_states, context.variables) == (False, [], {})
    instance = context.get_current_state_instance()
    assert (instance.name, instance.data is context.data, instance["n"]) == ("add", True, 0)
    snapshot = context.get_data_snapshot()
    assert snapshot == context.data and snapshot is not context.data


@pytest.mark.parametrize("name", ["run_until_breakpoint", "run_until_breakpoint_sync"])
def test_running_has_the_documented_parameters(name: str) -> None:
    method = getattr(AdvancedFSM, name)

    assert parameters(method) == ["context", "max_steps"]
    assert default(method, "max_steps") == 1000


@pytest.mark.parametrize("name", ["trace_execution", "profile_execution"])
@pytest.mark.parametrize("sync", ["", "_sync"])
def test_traces_and_profiles_have_the_documented_parameters(name: str, sync: str) -> None:
    method = getattr(AdvancedFSM, name + sync)

    assert parameters(method) == ["data", "initial_state", "max_steps"]
    assert (default(method, "initial_state"), default(method, "max_steps")) == (None, 1000)
    assert inspect.iscoroutinefunction(method) is not bool(sync)


def test_a_trace_and_a_profile_have_the_documented_keys() -> None:
    fsm = AdvancedFSM(counting(1))
    profile = fsm.profile_execution_sync({"n": 0})

    for entry in fsm.trace_execution_sync({"n": 0}):
        assert set(entry) == names("from_state to_state transition data timestamp")
    assert set(profile) == names(
        "total_time transitions states_visited avg_transition_time state_times final_state "
        "final_data"
    )
    assert set(profile["state_times"]["add"]) == names("count total avg min max")


async def test_inspecting_gives_the_documented_keys() -> None:
    fsm = AdvancedFSM(counting())
    report = await fsm.validate_network()

    for arc in fsm.get_available_transitions("add"):
        assert set(arc) == names("name target has_pre_test has_transform")
    assert set(fsm.inspect_state("add")) == names(
        "name is_start is_end has_transform has_validator resources metadata arcs"
    )
    assert fsm.visualize_fsm().startswith("digraph FSM")
    assert set(report) == names("valid issues stats")
    assert set(report["stats"]) == names(
        "total_states reachable_states unreachable_states start_states end_states"
    )


def test_control_has_the_documented_members() -> None:
    fsm = AdvancedFSM(counting())
    hooks = ExecutionHook(on_state_enter=print, on_state_exit=None, on_error=None)
    fsm.set_hooks(hooks)
    fsm.add_breakpoint("add")
    fsm.register_resource("rate", 7)

    assert (fsm.hooks, fsm.breakpoints) == (hooks, {"add"})
    assert isinstance(fsm.fsm, SimpleFSM) and fsm.fsm.get_resources() == ["rate"]
    fsm.remove_breakpoint("add")
    fsm.clear_breakpoints()
    assert fsm.breakpoints == set()


async def test_history_has_the_documented_members() -> None:
    fsm = AdvancedFSM(counting())
    assert parameters(fsm.enable_history) == ["storage", "max_depth"]
    assert default(fsm.enable_history, "max_depth") == 100
    fsm.enable_history()
    fsm.execute_step_sync(fsm.create_context({"n": 0}))

    loaded = await fsm.load_history(await fsm.save_history())
    assert (fsm.history_enabled, fsm.max_history_depth) == (True, 100)
    assert fsm.execution_history is loaded and len(fsm.get_history()) == 1
    fsm.disable_history()
    assert (fsm.history_enabled, fsm.execution_history) == (False, None)


def test_the_debugger_has_the_documented_members(capsys: pytest.CaptureFixture[str]) -> None:
    debugger = FSMDebugger(AdvancedFSM(counting(1)))
    debugger.start({"n": 0, "a": {"b": 5}})
    debugger.watch("five", "a.b")
    debugger.step()

    assert (debugger.current_state, debugger.step_count) == ("double", 1)
    assert (debugger.inspect("a.b"), debugger.watches) == (5, {"five": "a.b"})
    debugger.print_watches()
    debugger.print_state()
    assert "five = 5" in capsys.readouterr().out
    assert debugger.inspect_current_state()["name"] == "double"
    assert len(debugger.get_history(limit=10)) == 1
    assert debugger.continue_to_breakpoint(max_steps=10) is not None
    debugger.unwatch("five")
    debugger.reset()
    assert (debugger.current_state, debugger.step_count) == ("add", 0)
