"""One record, and lists of them, through both kinds of FSM."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from statepipe import AsyncSimpleFSM, ConfigError, DataHandlingMode, SimpleFSM, UsageError
from statepipe.testing import CountingRandomness, ManualClock, outside
from tests.api.conftest import Alike
from tests.streaming.streams import divider, one_state


async def pause(state: Any) -> Any:
    await asyncio.sleep(0)
    return state.data


def three_states() -> dict[str, Any]:
    return {
        "name": "Three",
        "states": [
            {"name": "a", "is_start": True, "transform": "lambda s: {**s.data, 'a': 1}"},
            {"name": "b", "transform": "lambda s: {**s.data, 'b': 2}"},
            {"name": "c", "is_end": True},
        ],
        "arcs": [{"from": "a", "to": "b"}, {"from": "b", "to": "c"}],
    }


# -- process -------------------------------------------------------------------------------


def test_a_successful_record_tells_all(make: Any) -> None:
    result = make(three_states()).process({"x": 0})

    assert result.final_state == result["final_state"] == "c"
    assert result.data == {"x": 0, "a": 1, "b": 2}
    assert result.path == ["a", "b", "c"]
    assert result.success is True
    assert (result.error, result.error_type, result.error_state) == (None, None, None)
    assert result.metadata == {"machine": "Three", "network": "main", "transitions": 2}
    assert result.get("nothing") is None
    assert dict(result)["path"] == ["a", "b", "c"]


def test_a_failing_record_is_a_result(make: Any) -> None:
    result = make(divider()).process({"value": 0})

    assert result.success is False
    assert result.error == "ZeroDivisionError: division by zero"
    assert result.error_type == result["error_type"] == "ZeroDivisionError"
    assert result.error_state == result.final_state == "input"
    assert result.path == ["input"]
    assert result.data == {"value": 0}


def test_a_record_may_enter_at_another_state(make: Any) -> None:
    result = make(three_states()).process({"x": 0}, initial_state="b")

    assert result.path == ["b", "c"]
    assert result.data == {"x": 0, "b": 2}
    with pytest.raises(UsageError, match="no state 'd'; the states are a, b, c"):
        make(three_states()).process({}, initial_state="d")


@pytest.mark.parametrize("data", [17, None, [1], "text"])
def test_what_is_no_record_is_refused(data: Any, make: Any) -> None:
    with pytest.raises(UsageError, match="a record must be a dict, not"):
        make(three_states()).process(data)
    with pytest.raises(UsageError, match="a record must be a dict, not"):
        make(three_states()).validate(data)
    with pytest.raises(UsageError, match=r"a record must be a dict, not .*, at index 1"):
        make(three_states()).process_batch([{}, data])


@pytest.mark.parametrize(
    ("data", "found"), [({"a": 1}, "a dict"), ("text", "a str"), (5, "an int"), (None, "None")]
)
def test_what_is_no_list_is_refused(data: Any, found: str, make: Any) -> None:
    with pytest.raises(UsageError, match=f"data must be a list of records, not {found}"):
        make(three_states()).process_batch(data)


@pytest.mark.parametrize("waits", [False, True])
def test_no_time_at_all_is_over_at_once(waits: bool, make: Any) -> None:
    called: list[int] = []
    keep = pause if waits else called.append
    result = make(one_state(keep)).process({"x": 1}, timeout=0)

    assert (result.success, result.error_type) == (False, "RecordTimeoutError")
    assert (result.path, result.error_state, result.data) == (["input"], "input", {"x": 1})
    assert called == []


def spin(state: Any) -> Any:
    while True:
        pass


async def spin_async(state: Any) -> Any:
    await asyncio.sleep(0)
    while True:
        pass


async def sleep_forever(state: Any) -> Any:
    await asyncio.Event().wait()


def sleep_long(state: Any) -> Any:
    for _ in range(10_000):
        time.sleep(0.01)


@pytest.mark.parametrize("endless", [spin, spin_async, sleep_forever, sleep_long])
@pytest.mark.parametrize("mixed", [False, True], ids=["alone", "with async functions"])
def test_a_timeout_really_ends_the_work(endless: Any, mixed: bool, make: Any) -> None:
    config = one_state(endless)
    if mixed:
        config["states"][1]["transform"] = pause
    result = make(config).process({"x": 1}, timeout=0.1)

    assert result.success is False
    assert result.error_type == "RecordTimeoutError"
    assert "took longer than it was given" in result.error
    assert (result.error_state, result.path, result.data) == ("input", ["input"], {"x": 1})


@pytest.mark.parametrize("transform", ["lambda s: {'y': 1}", pause])
def test_a_timeout_that_is_not_reached_changes_nothing(transform: Any, make: Any) -> None:
    fsm = make(one_state(transform))

    assert fsm.process({"y": 1}, timeout=60) == fsm.process({"y": 1})


@pytest.mark.parametrize("timeout", [-1, "1", True, float("nan")])
@pytest.mark.parametrize("transform", [None, pause])
def test_a_timeout_that_is_none_is_refused(timeout: Any, transform: Any, make: Any) -> None:
    with pytest.raises(UsageError, match="timeout must be a number of seconds of at least 0"):
        make(one_state(transform)).process({}, timeout=timeout)


async def test_a_record_that_spins_does_not_stop_the_event_loop() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await AsyncSimpleFSM(one_state(spin)).process({}, timeout=0.2)
    counting.cancel()

    assert turns > 3


async def test_blocking_machines_work_inside_a_running_loop(tmp_path: Any) -> None:
    for transform in ("lambda s: s.data", pause):
        fsm = SimpleFSM(one_state(transform))

        assert fsm.process({"x": 1}).success
        assert fsm.process({"x": 1}, timeout=60).success
        assert [result.data for result in fsm.process_batch([{"x": 1}])] == [{"x": 1}]
        assert fsm.validate({"x": 1})
        assert fsm.process_stream([{"x": 1}], tmp_path / "out.jsonl").emitted == 1
        assert fsm.process_stream(tmp_path / "out.jsonl").successful == 1


async def test_an_error_in_its_own_loop_reaches_the_caller() -> None:
    with pytest.raises(UsageError, match="no state 'nowhere'"):
        SimpleFSM(one_state(pause)).process({}, initial_state="nowhere")


# -- data modes ----------------------------------------------------------------------------


def mutating(state: Any) -> None:
    state.data["list"].append(1)
    state.data["new"] = True


@pytest.mark.parametrize("way", ["process", "process_batch", "process_stream"])
@pytest.mark.parametrize(
    ("mode", "seen"),
    [
        (DataHandlingMode.COPY, {"list": []}),
        (DataHandlingMode.REFERENCE, {"list": [1], "new": True}),
        (DataHandlingMode.DIRECT, {"list": [1], "new": True}),
    ],
)
def test_data_modes_say_what_the_caller_sees(mode: Any, seen: Any, way: str, make: Any) -> None:
    record: dict[str, Any] = {"list": []}
    fsm = make(one_state(mutating), data_mode=mode)
    getattr(fsm, way)(record if way == "process" else [record])

    assert record == seen


def test_direct_mode_changes_the_caller_s_own_object(make: Any) -> None:
    record = {"x": 1}
    config = one_state("lambda s: {'y': 2}")
    results = {
        mode: make(config, data_mode=mode).process(record).data is record
        for mode in (DataHandlingMode.COPY, DataHandlingMode.DIRECT)
    }

    assert results == {DataHandlingMode.COPY: False, DataHandlingMode.DIRECT: True}
    assert record == {"y": 2}


# -- lists ---------------------------------------------------------------------------------


@pytest.mark.parametrize("transform", ["lambda s: {**s.data, 'y': 1 / s.data['x']}", pause])
@pytest.mark.parametrize("workers", [1, 3])
def test_results_stand_in_input_order_with_their_paths(
    transform: Any, workers: int, make: Any
) -> None:
    records = [{"x": n} for n in range(25)]
    results = make(one_state(transform)).process_batch(records, batch_size=4, max_workers=workers)

    assert [result.data["x"] for result in results] == list(range(25))
    failing = [0] if transform is not pause else []
    assert [n for n, result in enumerate(results) if not result.success] == failing
    assert all(result.path == ["input", "output"] for result in results if result.success)


def opaque(counter: dict[str, int], lock: threading.Lock) -> Any:
    """Return a blocking function that counts how many threads are in it at a time."""
    barrier = threading.Event()

    def count(state: Any) -> Any:
        with lock:
            counter["now"] += 1
            counter["most"] = max(counter["most"], counter["now"])
            if counter["most"] >= counter["wanted"]:
                barrier.set()
        barrier.wait(10 if counter["most"] < counter["wanted"] else 0)
        with lock:
            counter["now"] -= 1
        return state.data

    return count


@pytest.mark.parametrize("workers", [1, 3])
def test_blocking_functions_run_in_max_workers_threads(workers: int, make: Any) -> None:
    counter = {"now": 0, "most": 0, "wanted": workers}
    fsm = make(one_state(opaque(counter, threading.Lock())))
    fsm.process_batch([{"x": n} for n in range(12)], batch_size=12, max_workers=workers)

    assert counter["most"] == workers


@pytest.mark.parametrize("workers", [1, 3])
def test_async_functions_run_max_workers_at_a_time(workers: int, make: Any) -> None:
    now, most = 0, 0

    async def count(state: Any) -> Any:
        nonlocal now, most
        now += 1
        most = max(most, now)
        for _ in range(5):
            await asyncio.sleep(0)
        now -= 1
        return state.data

    make(one_state(count)).process_batch(
        [{"x": n} for n in range(12)], batch_size=12, max_workers=workers
    )

    assert most == workers


@pytest.mark.parametrize("transform", [None, pause, lambda state: state.data])
@pytest.mark.parametrize("awaited", [False, True], ids=["plain", "async"])
def test_on_progress_is_told_after_each_batch(transform: Any, awaited: bool, make: Any) -> None:
    told: list[Any] = []

    async def tell(progress: Any) -> None:
        await asyncio.sleep(0)
        told.append(progress)

    fsm = make(one_state(transform))
    records = [{"x": n} for n in range(7)]
    fsm.process_batch(records, batch_size=3, on_progress=tell if awaited else told.append)

    assert [progress.records_processed for progress in told] == [3, 6, 7]
    assert [progress.chunks_processed for progress in told] == [1, 2, 3]
    assert told[-1].by_state == {"output": 7}


def test_a_callback_that_cannot_be_awaited_says_so() -> None:
    async def tell(progress: Any) -> None:
        raise AssertionError("never awaited")

    def hide(progress: Any) -> Any:
        return tell(progress)

    with pytest.raises(UsageError, match="declare it with `async def`"):
        SimpleFSM(one_state()).process_batch([{}], on_progress=hide)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, not 0"),
        ({"batch_size": "3"}, "batch_size must be a whole number of at least 1, not '3'"),
        ({"max_workers": 0}, "max_workers must be a whole number of at least 1, not 0"),
        ({"on_progress": 5}, "on_progress must be callable, which an int is not"),
    ],
)
def test_wrong_arguments_of_a_list_are_refused(options: Any, message: str, make: Any) -> None:
    with pytest.raises(UsageError, match=message):
        make(one_state()).process_batch([{}], **options)


def test_no_threads_are_left_after_a_list(make: Any) -> None:
    before = set(threading.enumerate())
    make(one_state(lambda state: state.data)).process_batch([{"x": n} for n in range(40)])

    deadline = time.monotonic() + 10
    while set(threading.enumerate()) != before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert set(threading.enumerate()) == before


# -- validate ------------------------------------------------------------------------------


def checking() -> dict[str, Any]:
    return one_state(
        validator="lambda s: s.data.get('x', 0) > 0",
        schema={"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}},
    )


@pytest.mark.parametrize("transform", [None, pause])
def test_validate_says_what_the_start_state_refuses(transform: Any, make: Any) -> None:
    config = checking()
    if transform is not None:
        config["states"][0]["transform"] = transform
    fsm = make(config)
    good, bad, worse = fsm.validate({"x": 1}), fsm.validate({"x": -1}), fsm.validate({"x": "1"})

    assert (bool(good), good.valid, good["valid"], good.errors) == (True, True, True, [])
    assert (bool(bad), bad["valid"], len(bad["errors"])) == (False, False, 1)
    assert "the validator gave False" in bad.errors[0]
    assert (bool(worse), len(worse.errors)) == (False, 1)
    assert dict(good) == {"valid": True, "errors": []}


def test_validate_goes_no_further_than_the_start_state(make: Any) -> None:
    config = three_states()
    config["states"][1]["transform"] = "lambda s: 1 / 0"

    assert make(config).validate({})
    assert not make(config).process({}).success


@pytest.mark.parametrize("mode", DataHandlingMode)
def test_validate_leaves_the_record_alone_in_every_mode(mode: Any, make: Any) -> None:
    record: dict[str, Any] = {"list": []}
    make(one_state(mutating), data_mode=mode).validate(record)

    assert record == {"list": []}


def test_a_config_with_problems_is_refused_with_all(make: Any) -> None:
    config = three_states()
    config["arcs"][0]["to"] = "bb"
    config["states"][0]["colour"] = "red"

    with pytest.raises(ConfigError) as caught:
        make(config)

    assert len(caught.value.problems) == 2


# -- what is bound to the run --------------------------------------------------------------

ASKING = "{**data, 'id': uuid(), 'r': rng.random(), 'at': now().timestamp()}"


async def pass_on(state: Any) -> Any:
    await asyncio.sleep(0)
    return {
        **state.data,
        "id": state.uuid(),
        "r": state.rng.random(),
        "at": state.now().timestamp(),
    }


def asking(make: Any, transform: Any = ASKING) -> Any:
    """Return a machine whose runs begin at second 60, and are the same in every test."""
    fsm = make(one_state(transform))
    outside(fsm.fsm, clock=ManualClock(60), randomness=CountingRandomness())
    return fsm


@pytest.mark.parametrize("timeout", [None, 60])
def test_every_call_is_a_run_of_its_own(make: Any, timeout: float | None) -> None:
    fsm = asking(make)
    first, second = (fsm.process({"n": 1}, timeout=timeout).data for _ in range(2))
    again = asking(make).process({"n": 1}, timeout=timeout).data

    assert first == again
    assert (first["at"], second["at"]) == (60, 60)
    assert first["id"] != second["id"]
    assert first["r"] != second["r"]


def test_a_timeout_changes_no_value(make: Any) -> None:
    assert asking(make).process({}).data == asking(make).process({}, timeout=60).data


@pytest.mark.parametrize("limit_s", [None, 60])
async def test_an_async_function_asks_its_view(limit_s: float | None) -> None:
    fsm = asking(lambda *given: Alike(AsyncSimpleFSM, *given), pass_on).fsm
    result = await fsm.process({"n": 1}, timeout=limit_s)

    assert result.data == asking(lambda *given: Alike(SimpleFSM, *given)).process({"n": 1}).data


def test_a_list_is_one_run_and_a_record_s_index_its_position(make: Any) -> None:
    records = [{"n": n} for n in range(12)]
    expected = [result.data for result in asking(make).process_batch(records)]
    plain = ASKING.replace("{**data", "{**state")  # not proved harmless, and so run in threads

    assert len({record["id"] for record in expected}) == 12
    assert expected[0] == asking(make).process({"n": 0}).data
    for transform in (ASKING, plain):
        for batch_size, max_workers in [(1, 1), (5, 2), (12, 4)]:
            results = asking(make, transform).process_batch(records, batch_size, max_workers)
            assert [result.data for result in results] == expected, (batch_size, max_workers)


async def test_a_list_of_an_async_machine_is_one_run_too() -> None:
    fsm = asking(lambda *given: Alike(AsyncSimpleFSM, *given), pass_on).fsm
    results = await fsm.process_batch([{"n": n} for n in range(7)], 3, 2)
    other = asking(lambda *given: Alike(SimpleFSM, *given)).process_batch(
        [{"n": n} for n in range(7)]
    )

    assert [result.data for result in results] == [result.data for result in other]


def test_what_is_only_validated_is_a_run_too(make: Any) -> None:
    config = one_state(validators="len(uuid()) == 36 and now().year > 2000")

    assert make(config).validate({}).errors == []


def test_a_machine_that_asks_for_nothing_begins_no_run(make: Any) -> None:
    fsm, randomness = asking(make, "lambda s: {**s.data}"), CountingRandomness()
    outside(fsm.fsm, randomness=randomness)
    fsm.process({})
    fsm.process_batch([{}])

    assert randomness.calls == 0
