"""Hooks: which are called, in which order, and with what."""

from __future__ import annotations

from typing import Any

import pytest

from statepipe import AdvancedFSM, ExecutionHook, UsageError
from tests.api.steps import Caller, counting, to_the_end
from tests.streaming.streams import divider


def told(heard: list[Any], what: str) -> Any:
    return lambda state: heard.append((what, state.name, dict(state.data)))


def test_hooks_hear_of_each_state_in_order_with_the_record_then(stepping: Any) -> None:
    heard: list[Any] = []
    caller: Caller = stepping(counting(2))
    hooks = ExecutionHook(told(heard, "enter"), told(heard, "exit"), told(heard, "error"))
    caller.fsm.set_hooks(hooks)
    to_the_end(caller, caller.fsm.create_context({"n": 0}))

    assert caller.fsm.hooks is hooks
    assert heard == [
        ("enter", "add", {"n": 0}),
        ("exit", "add", {"n": 1}),
        ("enter", "add", {"n": 1}),
        ("exit", "add", {"n": 2}),
        ("enter", "double", {"n": 2}),
        ("exit", "double", {"n": 4, "ok": True}),
        ("enter", "done", {"n": 4, "ok": True}),
    ]


def test_on_error_hears_of_each_attempt_that_failed(stepping: Any) -> None:
    heard: list[Any] = []
    config = divider()
    config["states"][0] |= {"retry": {"max_attempts": 2, "backoff_s": 0}, "on_error": "output"}
    caller: Caller = stepping(config)
    caller.fsm.set_hooks(
        ExecutionHook(on_error=lambda data, context: heard.append((data, context.error)))
    )
    caller.step(caller.fsm.create_context({"value": 0}))

    error = {
        "type": "ZeroDivisionError",
        "message": "ZeroDivisionError: division by zero",
        "state": "input",
    }
    assert heard == [({"value": 0}, error)] * 2


def test_hooks_get_a_copy_and_share_the_contexts_variables(stepping: Any) -> None:
    def counted(data: Any, context: Any) -> None:
        data["n"] = 100
        context.variables["entered"] = context.variables.get("entered", 0) + 1

    caller: Caller = stepping(counting(1))
    caller.fsm.set_hooks(ExecutionHook(on_state_enter=counted))
    context = caller.fsm.create_context({"n": 0})
    to_the_end(caller, context)

    assert context.variables == {"entered": 3}
    assert context.data == {"n": 2, "ok": True}


def test_what_a_hook_raises_is_raised_and_the_step_stands(stepping: Any) -> None:
    def broken(state: Any) -> None:
        raise LookupError("no hook today")

    caller: Caller = stepping(counting())
    context = caller.fsm.create_context({"n": 0})
    caller.fsm.set_hooks(ExecutionHook(on_state_exit=broken))
    with pytest.raises(LookupError, match="no hook today"):
        caller.step(context)
    caller.fsm.set_hooks(None)

    assert (context.step_count, context.data) == (1, {"n": 1})
    assert caller.step(context).data_after == {"n": 2}


def test_looking_back_calls_no_hook(stepping: Any) -> None:
    heard: list[Any] = []
    caller: Caller = stepping(counting())
    context = caller.fsm.create_context({"n": 0})
    caller.step(context)
    caller.fsm.set_hooks(ExecutionHook(on_state_enter=told(heard, "enter")))
    context.back()
    caller.step(context)

    assert heard == []


async def test_a_hook_may_be_async_for_async_callers_only() -> None:
    heard: list[str] = []

    async def on_enter(state: Any) -> None:
        heard.append(state.name)

    fsm = AdvancedFSM(counting())
    fsm.set_hooks(ExecutionHook(on_state_enter=on_enter))
    context = fsm.create_context({"n": 0})
    with pytest.raises(UsageError, match="on_state_enter is async: use the async methods"):
        fsm.execute_step_sync(context)
    await fsm.step(context)

    assert (heard, context.step_count) == (["add", "add"], 1)


def test_what_a_hook_gives_to_await_is_refused_and_not_dropped(stepping: Any) -> None:
    async def later() -> None: ...

    caller: Caller = stepping(counting())
    caller.fsm.set_hooks(ExecutionHook(on_state_enter=lambda state: later()))
    with pytest.raises(UsageError, match="on_state_enter gave something to await; declare it with"):
        caller.step(caller.fsm.create_context({"n": 0}))


def test_a_hook_may_take_any_arguments_and_none_that_nothing_gives() -> None:
    heard: list[Any] = []
    fsm = AdvancedFSM(counting())
    fsm.set_hooks(ExecutionHook(on_state_enter=lambda *given: heard.append(given)))
    fsm.execute_step_sync(fsm.create_context({"n": 0}))

    assert [state.name for (state,) in heard] == ["add", "add"]
    with pytest.raises(UsageError, match="on_error cannot be called: it takes 3 arguments"):
        fsm.set_hooks(ExecutionHook(on_error=lambda a, b, c: None))
    with pytest.raises(UsageError, match="on_error must be a function, not 5"):
        fsm.set_hooks(ExecutionHook(on_error=5))  # type: ignore[arg-type]  # what is refused
    with pytest.raises(UsageError, match="hooks must be an ExecutionHook, not dict"):
        fsm.set_hooks({})  # type: ignore[arg-type]  # what is refused
