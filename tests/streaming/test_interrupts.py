"""Ctrl-C while a stream runs in the main thread: it ends in order, soon, and hides nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from statepipe import SimpleFSM, StreamConfig, interruption
from tests.run.presses import PressAt, default_handler, press_when, run_until
from tests.run.sources import WAIT_S
from tests.streaming.streams import lines_of, one_state, write_lines

__all__ = ["default_handler"]  # a fixture

COUNT = 400


before: set[threading.Thread] = set()


@pytest.fixture(autouse=True)
def threads_before() -> None:
    """Know the threads that other tests have left, as of sources that hang."""
    before.clear()
    before.update(threading.enumerate())


def threads_left() -> list[str]:
    """Return the threads that streams of this test have left."""
    late_s = time.monotonic() + 5
    while time.monotonic() < late_s:
        left = set(threading.enumerate()) - before
        names = [each.name for each in left if each.name.startswith("statepipe-")]
        if not names:
            return []
        time.sleep(0.005)
    return names


def check_what_is_left(folder: Path, whole: bytes) -> None:
    """Check that nothing half done stands there, or runs."""
    output = folder / "out.jsonl"
    assert not output.exists() or output.read_bytes() == whole
    assert threads_left() == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


KINDS = {
    "plain": ({}, 41),
    "checkpoint": ({"checkpoint": "c"}, 67),
    "workers": ({"stream_config": StreamConfig(parallelism=2, chunk_size=50)}, 101),
}


@pytest.mark.parametrize("kind", KINDS)
def test_ctrl_c_at_any_line_leaves_nothing_half_done_and_is_raised(
    kind: str, tmp_path: Path
) -> None:
    options, every = KINDS[kind]
    source = write_lines(tmp_path / "in.jsonl", [{"n": n} for n in range(COUNT)])
    fsm = SimpleFSM(one_state("lambda s: {'n': -s.data['n']}"))
    fsm.process_stream(source, tmp_path / "whole.jsonl")
    whole = (tmp_path / "whole.jsonl").read_bytes()
    press, places, number = PressAt(0), set(), 1
    while number == 1 or press.place is not None:
        folder = tmp_path / str(number)
        folder.mkdir()
        given = {key: folder / "c" if key == "checkpoint" else options[key] for key in options}

        def run(folder: Path = folder, given: dict[str, Any] = given) -> object:
            return fsm.process_stream(source, folder / "out.jsonl", **given)

        press = PressAt(number)
        raised = run_until(press, run)
        assert raised == (press.place is not None)
        try:
            check_what_is_left(folder, whole)
            if kind != "checkpoint":
                assert not list(folder.glob(".*.partial"))
            elif raised:
                run()
                assert (folder / "out.jsonl").read_bytes() == whole
        except BaseException as error:
            error.add_note(f"after Ctrl-C at line number {number}, {press.place}")
            raise
        places.add(press.place)
        number += every
    print(f"{len(places)} places")

    assert len(places) > 15


def test_it_ends_a_stream_that_waits_for_its_source(tmp_path: Path) -> None:
    pipe, writer = tmp_path / "pipe.jsonl", list[Any]()
    os.mkfifo(pipe)
    threading.Thread(target=lambda: writer.append(pipe.open("w"))).start()
    press = press_when(lambda: (tmp_path / ".out.jsonl.partial").exists() and writer)
    with pytest.raises(KeyboardInterrupt):
        SimpleFSM(one_state()).process_stream(pipe, tmp_path / "out.jsonl")
    press.join()
    writer[0].close()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["pipe.jsonl"]
    assert threads_left() == []


@pytest.mark.parametrize("which", ["source", "sink"])
def test_it_ends_a_stream_that_waits_for_the_other_end_of_a_pipe(
    which: str, tmp_path: Path
) -> None:
    pipe, plain = tmp_path / "pipe.jsonl", write_lines(tmp_path / "plain.jsonl", [{"n": 1}])
    os.mkfifo(pipe)
    source, sink = (pipe, tmp_path / "out.jsonl") if which == "source" else (plain, pipe)
    press = press_when(lambda: True)
    with pytest.raises(KeyboardInterrupt):
        SimpleFSM(one_state()).process_stream(source, sink, dead_letters=None)
    press.join()

    assert threads_left() == []


def test_the_first_ends_a_function_that_never_returns() -> None:
    began, told = threading.Event(), list[str]()

    def hang(state: Any) -> None:
        began.set()
        try:
            while True:
                pass
        finally:
            told.append("left")

    press = press_when(began.is_set)
    with pytest.raises(KeyboardInterrupt):
        SimpleFSM(one_state(hang)).process_stream([{"n": 1}], [].append)
    press.join()

    assert told == ["left"]


@pytest.mark.parametrize("place", ["source", "sink", "on_progress"])
def test_it_is_raised_at_once_wherever_the_programs_code_runs(place: str) -> None:
    def stop() -> None:
        signal.raise_signal(signal.SIGINT)
        reached.append(place)

    def source() -> Iterator[dict[str, int]]:
        yield {"n": 1}
        if place == "source":
            stop()

    reached: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        SimpleFSM(one_state()).process_stream(
            source(),
            lambda record: stop() if place == "sink" else None,
            on_progress=lambda progress: stop() if place == "on_progress" else None,
        )

    assert reached == []


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_code_that_swallows_it_does_not_keep_the_stream_going(kind: str) -> None:
    def swallow(state: Any) -> None:
        if state.data["n"] == 1:
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                swallowed.append(True)

    async def swallow_async(state: Any) -> None:
        swallow(state)

    swallowed: list[bool] = []
    out: list[Any] = []
    function = swallow if kind == "sync" else swallow_async
    with pytest.raises(KeyboardInterrupt):
        SimpleFSM(one_state(function)).process_stream(
            ({"n": n} for n in range(100)), out.append, stream_config=StreamConfig(chunk_size=10)
        )

    assert (swallowed, len(out)) == ([True], 10)


def test_an_error_of_the_stream_does_not_hide_it() -> None:
    def sink(record: Any) -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as pressed:
            raise OSError("the sink broke") from pressed

    with pytest.raises(KeyboardInterrupt) as caught:
        SimpleFSM(one_state()).process_stream([{"n": 1}], sink)

    assert "the sink broke" in str(caught.value.__context__)


class Stuck:
    """A sink whose commit hangs where nothing interrupts it but an error."""

    def __init__(self) -> None:
        self.began = threading.Event()

    def write(self, records: Any) -> None: ...

    def commit(self) -> None:
        self.began.set()
        hang()

    def abort(self) -> None: ...


@interruption.sheltered
def hang() -> None:
    threading.Event().wait(WAIT_S)


def test_the_second_press_is_raised_wherever_the_thread_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(interruption, "PRESS_S", 0.01)
    stuck = Stuck()
    press = press_when(stuck.began.is_set, times=2)
    began_s = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        SimpleFSM(one_state()).process_stream([{"n": 1}], stuck)
    press.join()

    assert time.monotonic() - began_s < WAIT_S


def test_two_signals_of_one_press_are_one(tmp_path: Path) -> None:
    fsm, out = SimpleFSM(one_state("lambda s: None")), tmp_path / "out.jsonl"
    source = write_lines(tmp_path / "in.jsonl", [{"n": n} for n in range(COUNT)])
    pressed: list[int] = []

    class Twice(PressAt):
        def trace(self, frame: FrameType, event: str, argument: Any) -> Any:
            if event == "call" and frame.f_code.co_name in ("_open", "_abort"):
                pressed.append(1)
                signal.raise_signal(signal.SIGINT)
            return super().trace(frame, event, argument)

    assert run_until(Twice(0), lambda: fsm.process_stream(source, out))
    assert len(pressed) > 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl"]


class OwnError(Exception):
    """What the program's own handler raises."""


def test_a_handler_of_the_programs_own_is_left_alone() -> None:
    def own(number: int, frame: object) -> None:
        raise OwnError

    def press(record: Any) -> None:
        seen.append(signal.getsignal(signal.SIGINT))
        signal.raise_signal(signal.SIGINT)

    seen: list[Any] = []
    signal.signal(signal.SIGINT, own)
    with pytest.raises(OwnError):
        SimpleFSM(one_state()).process_stream([{"n": 1}], press)

    assert seen == [own]
    assert signal.getsignal(signal.SIGINT) is own


def test_a_handler_that_the_flow_sets_stays() -> None:
    def own(number: int, frame: object) -> None: ...

    SimpleFSM(one_state()).process_stream(
        [{"n": 1}], lambda record: signal.signal(signal.SIGINT, own)
    )

    assert signal.getsignal(signal.SIGINT) is own


def test_a_stream_in_another_thread_changes_no_handler() -> None:
    seen: list[Any] = []

    def look(record: Any) -> None:
        seen.append(signal.getsignal(signal.SIGINT))

    fsm = SimpleFSM(one_state())
    thread = threading.Thread(target=lambda: fsm.process_stream([{"n": 1}], look))
    thread.start()
    thread.join()

    assert seen == [signal.default_int_handler]


def test_a_stream_within_a_stream_ends_both() -> None:
    def within(state: Any) -> None:
        SimpleFSM(one_state()).process_stream([{"n": 1}], [].append)
        handlers.append(signal.getsignal(signal.SIGINT))
        inner = ({"n": n} for n in range(3))
        try:
            SimpleFSM(one_state()).process_stream(inner, lambda _: signal.raise_signal(2))
        except KeyboardInterrupt:
            told.append("inner")

    handlers: list[Any] = []
    told: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        SimpleFSM(one_state(within)).process_stream([{"n": 1}], [].append)

    assert told == ["inner"]
    assert isinstance(handlers[0], interruption.Presses)


async def later(state: Any) -> dict[str, Any]:
    await asyncio.sleep(state.data["s"])
    return dict(state.data)


def test_it_ends_a_stream_of_async_functions(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", [{"s": 0}, {"s": 60}])
    press = press_when((tmp_path / ".out.jsonl.partial").exists)
    with pytest.raises(KeyboardInterrupt):
        SimpleFSM(one_state(later)).process_stream(source, tmp_path / "out.jsonl")
    press.join()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_cleaning_up_is_not_cut_short_where_it_awaits(tmp_path: Path) -> None:
    told: list[str] = []

    class Living:
        async def __call__(self, state: Any) -> None:
            signal.raise_signal(signal.SIGINT)

        async def tear_down(self) -> None:
            await asyncio.sleep(0.05)
            told.append("tear_down")

    with pytest.raises(KeyboardInterrupt):
        SimpleFSM(one_state(Living())).process_stream([{"n": 1}], [].append)

    assert told == ["tear_down"]


def test_it_ends_a_function_that_never_awaits() -> None:
    began = threading.Event()

    async def endless(state: Any) -> None:
        began.set()
        while True:
            pass

    press = press_when(began.is_set)
    with pytest.raises(KeyboardInterrupt):
        SimpleFSM(one_state(endless)).process_stream([{"n": 1}], [].append)
    press.join()

    assert threads_left() == []


def test_it_is_told_beside_a_pipe_that_nobody_reads(tmp_path: Path) -> None:
    pipe, source = tmp_path / "pipe.jsonl", tmp_path / "in.jsonl"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_lines(source, [{"n": n, "pad": "x" * 200} for n in range(5000)])
    held: list[int] = []
    press = press_when(lambda: held)
    with pytest.raises(KeyboardInterrupt) as caught:
        SimpleFSM(one_state()).process_stream(
            source, pipe, dead_letters=None, on_progress=lambda p: held.append(1)
        )
    press.join()
    os.close(reader)

    [note] = caught.value.__notes__
    assert "a write has not ended within 2 s; it was left as it is" in note


def test_what_was_done_is_committed_and_gone_on_with(tmp_path: Path) -> None:
    def stop(progress: Any) -> None:
        if progress.records_processed >= 50 and not stopped:
            stopped.append(True)
            signal.raise_signal(signal.SIGINT)

    source = write_lines(tmp_path / "in.jsonl", [{"n": n} for n in range(COUNT)])
    fsm, out, stopped = SimpleFSM(one_state()), tmp_path / "out.jsonl", list[bool]()
    given = {"checkpoint": tmp_path / "c", "stream_config": StreamConfig(chunk_size=10)}
    with pytest.raises(KeyboardInterrupt):
        fsm.process_stream(source, out, on_progress=stop, **given)
    result = fsm.process_stream(source, out, **given)

    assert result.resumed_at == 50
    assert lines_of(out) == [{"n": n} for n in range(COUNT)]
