"""What is set up, opened and closed around steps, and where they run."""

from __future__ import annotations

import asyncio
import gc
import threading
from pathlib import Path
from typing import Any

import pytest

from statepipe import AdvancedFSM, LifecycleError, UsageError
from statepipe.api import session
from tests.api.steps import Caller, to_the_end
from tests.resources.test_lifetime import own, words
from tests.streaming.streams import one_state
from tests.streaming.test_lives import KINDS, config, log

__all__ = ["log"]  # a fixture


def said(log: Path) -> list[str]:
    lines = log.read_text().splitlines() if log.exists() else []
    return [line.split()[0] for line in lines]


@pytest.mark.parametrize("name", KINDS)
def test_functions_live_from_the_first_step_to_the_end(name: str, log: Path, stepping: Any) -> None:
    caller: Caller = stepping(config(name, log))
    context = caller.fsm.create_context({})
    before = said(log)
    result = caller.step(context)

    assert (before, result.success) == ([], True)
    assert said(log) == ["set_up", "tear_down"]


def looping(name: str, log: Path, **params: Any) -> dict[str, Any]:
    """A machine that goes around while the record says `again`."""
    made = config(name, log, **params)
    made["states"][0]["is_end"] = False
    made["states"].append({"name": "b", "is_end": True})
    made["arcs"] = [
        {"from": "a", "to": "a", "condition": "lambda s: s.get('again', False)"},
        {"from": "a", "to": "b"},
    ]
    return made


@pytest.mark.parametrize("name", KINDS)
def test_several_contexts_have_one_life(name: str, log: Path, stepping: Any) -> None:
    caller: Caller = stepping(looping(name, log))
    first = caller.fsm.create_context({"again": True})
    caller.step(first)
    caller.step(caller.fsm.create_context({}))
    between = said(log)
    first.data["again"] = False
    to_the_end(caller, first)

    assert (between, said(log)) == (["set_up"], ["set_up", "tear_down"])


@pytest.mark.parametrize("name", KINDS)
def test_what_nobody_finished_is_torn_down_at_the_close(
    name: str, log: Path, stepping: Any
) -> None:
    caller: Caller = stepping(looping(name, log))
    caller.step(caller.fsm.create_context({"again": True}))
    between = said(log)
    caller.end()
    caller.end()

    assert (between, said(log)) == (["set_up"], ["set_up", "tear_down"])


@pytest.mark.parametrize("name", KINDS)
def test_a_trace_tears_down_what_it_set_up(name: str, log: Path, stepping: Any) -> None:
    caller: Caller = stepping(looping(name, log))

    assert len(caller.trace({"again": True}, max_steps=2)) == 2
    assert said(log) == ["set_up", "tear_down"]


@pytest.mark.parametrize("name", KINDS)
def test_a_set_up_that_fails_is_raised_before_the_record_has_moved(
    name: str, log: Path, stepping: Any
) -> None:
    caller: Caller = stepping(config(name, log, fail="set_up"))
    context = caller.fsm.create_context({})
    for _ in range(2):  # the second time, too: nothing was set up
        with pytest.raises(LifecycleError, match="set_up failed: ValueError: told to"):
            caller.step(context)

    assert (context.step_count, said(log)) == (0, ["set_up", "set_up"])


@pytest.mark.parametrize("name", KINDS)
def test_a_tear_down_that_fails_is_raised_when_the_step_is_made(
    name: str, log: Path, stepping: Any
) -> None:
    caller: Caller = stepping(config(name, log, fail="tear_down"))
    context = caller.fsm.create_context({})
    with pytest.raises(LifecycleError, match="tear_down failed: ValueError: told to"):
        caller.step(context)

    assert (context.is_complete(), context.step_count) == (True, 1)


def test_blocking_steps_of_async_functions_share_one_loop() -> None:
    loops: list[Any] = []

    async def later(state: Any) -> None:
        loops.append(asyncio.get_running_loop())

    with AdvancedFSM(one_state(later)) as fsm:
        for _ in range(2):
            assert fsm.execute_step_sync(fsm.create_context({})).is_complete

    assert loops[0] is loops[1]
    assert loops[0].is_closed()


def test_the_loop_of_a_machine_that_nobody_closes_ends_with_it() -> None:
    loops: list[Any] = []

    async def later(state: Any) -> None:
        loops.append(asyncio.get_running_loop())

    fsm = AdvancedFSM(one_state(later))
    fsm.execute_step_sync(fsm.create_context({}))
    own = fsm._session.own_loop
    del fsm
    gc.collect()
    own._thread.join(30)

    assert loops[0].is_closed()


async def test_blocking_steps_work_inside_a_running_loop() -> None:
    async def later(state: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"n": 1}

    with AdvancedFSM(one_state(later)) as fsm:
        assert fsm.execute_step_sync(fsm.create_context({})).data_after == {"n": 1}


async def test_sync_functions_run_off_the_loop() -> None:
    threads: list[int] = []
    async with AdvancedFSM(one_state(lambda s: threads.append(threading.get_ident()))) as fsm:
        await fsm.step(fsm.create_context({}))

    assert threads and threads[0] != threading.get_ident()


class Slow:
    """Tells when it is called and torn down, and is held up until `go` is set."""

    def __init__(self, failure: str | None = None) -> None:
        self.failure = failure
        self.began, self.go = threading.Event(), threading.Event()
        self.told: list[str] = []

    def __call__(self, state: Any) -> None:
        self.began.set()
        self.go.wait(30)
        self.told.append("called")

    def tear_down(self) -> None:
        self.told.append("tear_down")
        if self.failure is not None:
            raise ValueError(self.failure)


async def test_what_a_cancelled_step_needs_stays_until_its_function_is_done() -> None:
    slow = Slow()
    later = threading.Timer(0.2, slow.go.set)
    async with AdvancedFSM(one_state(slow)) as fsm, fsm.execution_context({"n": 1}) as context:
        step = asyncio.create_task(fsm.step(context))
        await asyncio.to_thread(slow.began.wait, 30)
        later.start()
        for _ in range(2):
            step.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await step

    assert slow.told == ["called", "tear_down"]
    assert (context.step_count, context.is_complete()) == (1, True)


async def test_a_close_waits_for_a_step_that_another_task_is_making() -> None:
    slow = Slow()
    fsm = AdvancedFSM(one_state(slow))
    context = fsm.create_context({"n": 1})
    step = asyncio.create_task(fsm.step(context))
    await asyncio.to_thread(slow.began.wait, 30)
    closing = asyncio.create_task(fsm.aclose())
    await asyncio.sleep(0.05)
    early = list(slow.told)
    with pytest.raises(UsageError, match="is closed"):
        await fsm.step(fsm.create_context({"n": 2}))
    slow.go.set()
    await closing

    assert (early, slow.told) == ([], ["called", "tear_down"])
    assert (await step).success


def test_a_close_waits_for_a_step_of_another_thread() -> None:
    slow = Slow()
    fsm = AdvancedFSM(one_state(slow))
    step = threading.Thread(target=lambda: fsm.execute_step_sync(fsm.create_context({})))
    step.start()
    assert slow.began.wait(30)
    threading.Timer(0.05, slow.go.set).start()
    fsm.close()
    step.join()

    assert slow.told == ["called", "tear_down"]


class SlowAsync:
    """Tells when it is called and torn down, and waits in the loop until `go` is set."""

    def __init__(self) -> None:
        self.began, self.go = asyncio.Event(), asyncio.Event()
        self.told: list[str] = []

    async def __call__(self, state: Any) -> None:
        self.began.set()
        await self.go.wait()
        self.told.append("called")

    async def tear_down(self) -> None:
        self.told.append("tear_down")


@pytest.mark.parametrize("end", ["aclose", "leave"])
async def test_an_end_waits_for_a_step_in_the_loop_and_may_be_given_up(end: str) -> None:
    slow = SlowAsync()
    fsm = AdvancedFSM(one_state(slow))
    context = fsm.create_context({"n": 1})
    step = asyncio.create_task(fsm.step(context))
    await slow.began.wait()

    async def ended() -> None:
        await (fsm.aclose() if end == "aclose" else fsm.leave_async(context))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ended(), 0.05)
    early = list(slow.told)
    slow.go.set()
    await asyncio.gather(ended(), step)

    assert (early, slow.told) == ([], ["called", "tear_down"])


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("end", ["close", "leave"])
def test_a_step_cannot_end_what_it_needs(kind: str, end: str) -> None:
    def stop(state: Any) -> None:
        fsm.close() if end == "close" else fsm.leave(context)

    async def stop_async(state: Any) -> None:
        await asyncio.to_thread(stop, state)

    with AdvancedFSM(one_state(stop if kind == "sync" else stop_async)) as fsm:
        context = fsm.create_context({})
        result = fsm.execute_step_sync(context)

    assert not result.success and result.error is not None
    assert "a function of 'One' cannot end what its own step needs: close the machine" in str(
        result.error
    )


def test_a_function_may_step_its_own_machine() -> None:
    def deeper(state: Any) -> dict[str, Any]:
        if not state.data["n"]:
            return {"n": 0}
        inner = fsm.create_context({"n": state.data["n"] - 1})
        return {"n": 1 + fsm.execute_step_sync(inner).data_after["n"]}

    with AdvancedFSM(one_state(deeper)) as fsm:
        result = fsm.execute_step_sync(fsm.create_context({"n": 3}))

    assert result.data_after == {"n": 3}


async def test_many_steps_of_one_task_leave_nothing_behind() -> None:
    async def look(state: Any) -> None:
        depths.append(len(session._around.get()))

    depths: list[int] = []
    async with AdvancedFSM(one_state(look)) as fsm:
        for _ in range(3):
            await fsm.step(fsm.create_context({}))

    assert depths == [1, 1, 1]


async def test_a_failure_behind_a_cancellation_is_told_with_it() -> None:
    slow = Slow("not now")
    fsm = AdvancedFSM(one_state(slow))
    slow.go.set()
    context = fsm.create_context({})
    step = object()
    await asyncio.to_thread(fsm._session._begin, context.key, step)
    fsm._session._under_way.clear()
    leaving = asyncio.create_task(fsm.leave_async(context))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await leaving

    [note] = caught.value.__notes__
    assert "tear_down failed: ValueError: not now" in note


async def test_no_step_is_made_before_everything_is_set_up(log: Path) -> None:
    async with AdvancedFSM(looping("Async", log)) as fsm:
        contexts = [fsm.create_context({"wait": 0.001}) for _ in range(5)]
        results = await asyncio.gather(*map(fsm.step, contexts))

    assert all(result.success for result in results)
    assert said(log) == ["set_up", "tear_down"]


async def test_what_has_to_be_awaited_is_not_closed_without(log: Path) -> None:
    fsm = AdvancedFSM(looping("Async", log))
    await fsm.step(fsm.create_context({"again": True}))
    with pytest.raises(UsageError, match=r"under way in an event loop: close it with `await fsm"):
        fsm.close()
    await fsm.aclose()

    assert said(log) == ["set_up", "tear_down"]


async def test_what_has_to_be_awaited_is_not_left_without(log: Path) -> None:
    fsm = AdvancedFSM(looping("Async", log))
    context = fsm.create_context({"again": True})
    await fsm.step(context)
    with pytest.raises(UsageError, match=r"leave a record with `await leave_async\(\)`"):
        fsm.leave(context)
    await fsm.leave_async(context)

    assert said(log) == ["set_up", "tear_down"]


async def test_an_execution_context_ends_what_it_began(log: Path) -> None:
    async with AdvancedFSM(looping("Async", log)) as fsm:
        async with fsm.execution_context({"again": True}) as context:
            await fsm.step(context)
            between = said(log)

        assert (between, said(log)) == (["set_up"], ["set_up", "tear_down"])


@pytest.mark.parametrize("kind", ["blocking", "async"])
def test_an_execution_context_closes_the_resources_that_it_opened(
    kind: str, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    machine = {
        **one_state("lambda s: {'one': s.resources['db'].one('select 1 as one')['one']}"),
        "resources": [{"name": "db", "provider": "sql", "url": url}],
    }
    fsm = AdvancedFSM(machine)

    async def run() -> tuple[Any, list[str]]:
        async with fsm.execution_context({}) as context:
            result = await fsm.step(context)
            return result.data_after, fsm._core.resources.open_names()

    def run_sync() -> tuple[Any, list[str]]:
        with fsm.execution_context_sync({}) as context:
            result = fsm.execute_step_sync(context)
            return result.data_after, fsm._core.resources.open_names()

    found, while_open = asyncio.run(run()) if kind == "async" else run_sync()

    assert (found, while_open) == ({"one": 1}, ["db"])
    assert fsm._core.resources.open_names() == []


async def use_it(state: Any) -> dict[str, Any]:
    await state.resources["own"].use()
    return dict(state.data)


def using(path: Path) -> dict[str, Any]:
    """A machine with an async resource, that goes around while the record says `again`."""
    return {
        **looping("Sync", path),
        "states": [
            {"name": "a", "is_start": True, "transform": use_it, "resources": ["own"]},
            {"name": "b", "is_end": True},
        ],
        "resources": [own(path, "AsyncNoted")],
    }


def test_a_blocking_callers_resources_are_closed_with_the_last_context(tmp_path: Path) -> None:
    with AdvancedFSM(using(tmp_path / "log")) as fsm:
        fsm.execute_step_sync(fsm.create_context({"again": True}))
        other = fsm.create_context({})
        fsm.execute_step_sync(other)
        between = words(tmp_path / "log")
        fsm.trace_execution_sync({})

        assert between == words(tmp_path / "log")[:3] == ["open", "use", "use"]
    assert words(tmp_path / "log")[3:] == ["use", "close"]


def test_a_trace_closes_the_resources_of_its_loop(tmp_path: Path) -> None:
    with AdvancedFSM(using(tmp_path / "log")) as fsm:
        fsm.trace_execution_sync({})

        assert words(tmp_path / "log") == ["open", "use", "close"]


def test_leaving_a_context_tears_down_and_a_later_step_sets_up_again(log: Path) -> None:
    with AdvancedFSM(looping("Sync", log)) as fsm:
        context = fsm.create_context({"again": True})
        fsm.execute_step_sync(context)
        fsm.leave(context)
        fsm.leave(context)
        fsm.execute_step_sync(context)

        assert said(log) == ["set_up", "tear_down", "set_up"]


def test_a_machine_that_is_closed_makes_no_step(log: Path, stepping: Any) -> None:
    caller: Caller = stepping(looping("Sync", log))
    context = caller.fsm.create_context({"again": True})
    caller.end()

    with pytest.raises(UsageError, match="is closed"):
        caller.step(context)
    assert said(log) == []
