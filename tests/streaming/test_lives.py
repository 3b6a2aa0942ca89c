"""Functions with set-up and tear-down, in every kind of run and on every way out."""

from __future__ import annotations

import asyncio
import os
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from statepipe import AsyncSimpleFSM, LifecycleError, SimpleFSM, StreamConfig

MODULE = """
import asyncio, os, time

class Sync:
    def __init__(self, log, fail=""):
        self.log, self.fail = log, fail

    def note(self, what):
        with open(self.log, "a") as file:
            file.write(f"{what} {os.getpid()}\\n")
        if what == self.fail:
            raise ValueError("told to")

    def set_up(self):
        self.note("set_up")
        self.ready = True

    def __call__(self, state):
        assert self.ready
        if state.get("stop"):
            raise KeyboardInterrupt
        if state.get("sleep"):
            time.sleep(state["sleep"])
        return {**state.data, "pid": os.getpid()}

    def tear_down(self):
        self.ready = False
        self.note("tear_down")

class Async(Sync):
    async def set_up(self):
        await asyncio.sleep(0)
        self.loop = asyncio.get_running_loop()
        super().set_up()

    async def __call__(self, state):
        await asyncio.sleep(state.get("wait", 0))
        assert self.loop is asyncio.get_running_loop()
        return super().__call__(state)

    async def tear_down(self):
        await asyncio.sleep(0)
        super().tear_down()

class HalfAsync(Sync):
    async def set_up(self):
        super().set_up()
"""
KINDS = ["Sync", "Async", "HalfAsync"]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "living_functions.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path / "log"


def config(name: str, log: Path, **params: Any) -> dict[str, Any]:
    function = {
        "type": "custom",
        "module": "living_functions",
        "name": name,
        "params": {"log": str(log), **params},
    }
    return {"states": [{"name": "a", "is_start": True, "is_end": True, "transforms": [function]}]}


def events(log: Path) -> list[str]:
    return [line.split()[0] for line in log.read_text().splitlines()] if log.exists() else []


def pids(log: Path) -> set[str]:
    return {line.split()[1] for line in log.read_text().splitlines()}


ONCE = ["set_up", "tear_down"]


@pytest.mark.parametrize("name", KINDS)
def test_once_in_each_call(name: str, log: Path) -> None:
    fsm = SimpleFSM(config(name, log))
    fsm.process({})
    fsm.process({}, timeout=5)
    fsm.process_batch([{}] * 25, batch_size=4)
    fsm.validate({})
    fsm.process_stream([{}] * 250, lambda record: None)

    assert events(log) == ONCE * 5


@pytest.mark.parametrize("name", KINDS)
async def test_once_in_each_call_in_a_loop(name: str, log: Path) -> None:
    fsm = AsyncSimpleFSM(config(name, log))
    await fsm.process({})
    await fsm.process({}, timeout=5)
    await fsm.process_batch([{}] * 25, batch_size=4)
    await fsm.validate({})
    await fsm.process_stream([{}] * 250, lambda record: None)

    assert events(log) == ONCE * 5


@pytest.mark.parametrize("name", KINDS)
def test_once_in_each_worker(name: str, log: Path) -> None:
    options = StreamConfig(parallelism=2, chunk_size=10)
    seen: set[str] = set()
    result = SimpleFSM(config(name, log)).process_stream(
        [{}] * 200, lambda record: seen.add(str(record["pid"])), stream_config=options
    )

    assert result.successful == 200
    assert sorted(events(log)) == ["set_up"] * 2 + ["tear_down"] * 2
    assert seen <= pids(log) and str(os.getpid()) not in pids(log)


def test_an_object_in_two_places_is_set_up_once(log: Path) -> None:
    shared = import_module("living_functions").Sync(str(log))
    state = {"name": "a", "is_start": True, "is_end": True, "transforms": ["shared", shared]}
    SimpleFSM({"states": [state]}, custom_functions={"shared": shared}).process({})

    assert events(log) == ONCE


@pytest.mark.parametrize("name", ["Sync", "Async"])
@pytest.mark.parametrize("parallelism", [1, 2])
def test_a_failing_set_up_ends_the_stream_and_leaves_the_sink_alone(
    name: str, parallelism: int, log: Path, tmp_path: Path
) -> None:
    sink = tmp_path / "out.jsonl"
    sink.write_text("old\n")
    fsm = SimpleFSM(config(name, log, fail="set_up"))
    with pytest.raises(LifecycleError, match="set_up failed: ValueError: told to") as caught:
        fsm.process_stream(
            [{}] * 50, str(sink), stream_config=StreamConfig(parallelism=parallelism, chunk_size=5)
        )

    assert sink.read_text() == "old\n"
    assert caught.value.result.successful == 0
    assert "tear_down" not in events(log)


@pytest.mark.parametrize("name", ["Sync", "Async"])
@pytest.mark.parametrize("parallelism", [1, 2])
def test_a_failing_tear_down_is_told_when_all_is_written(
    name: str, parallelism: int, log: Path, tmp_path: Path
) -> None:
    sink = tmp_path / "out.jsonl"
    fsm = SimpleFSM(config(name, log, fail="tear_down"))
    with pytest.raises(LifecycleError, match="tear_down failed: ValueError: told to") as caught:
        fsm.process_stream(
            [{}] * 50, str(sink), stream_config=StreamConfig(parallelism=parallelism, chunk_size=5)
        )

    assert len(sink.read_text().splitlines()) == 50
    assert caught.value.result.successful == 50


def test_an_interrupt_tears_down(log: Path) -> None:
    fsm = SimpleFSM(config("Sync", log))
    for call in (fsm.process, lambda data: fsm.process_stream([data])):
        with pytest.raises(KeyboardInterrupt):
            call({"stop": True})

    assert events(log) == ONCE * 2


async def test_cancelling_tears_down(log: Path) -> None:
    fsm = AsyncSimpleFSM(config("Async", log))
    for call in (fsm.process({"wait": 60}), fsm.process_stream([{"wait": 60}])):
        task = asyncio.ensure_future(call)
        while events(log)[-1:] != ["set_up"]:  # noqa: ASYNC110  # a file is what tells
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert events(log) == ONCE * 2


def test_workers_tear_down_when_the_stream_fails(log: Path) -> None:
    def sink(record: dict[str, Any]) -> None:
        raise OSError("full")

    options = StreamConfig(parallelism=2, chunk_size=5)
    with pytest.raises(Exception, match="full"):
        SimpleFSM(config("Sync", log)).process_stream(
            ({"sleep": 0.01} for _ in range(1000)), sink, stream_config=options
        )

    assert events(log).count("tear_down") == events(log).count("set_up") > 0


def test_a_checkpoint_is_free_again_after_a_failing_set_up(log: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": 1}\n')
    paths = {"sink": str(tmp_path / "out.jsonl"), "checkpoint": str(tmp_path / "state")}
    with pytest.raises(LifecycleError):
        SimpleFSM(config("Sync", log, fail="set_up")).process_stream(str(source), **paths)

    good = SimpleFSM(config("Sync", log))
    assert good.process_stream(str(source), accept_changes=True, **paths).successful == 1
