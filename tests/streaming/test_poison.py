"""Records that end worker processes: each becomes a dead letter, and nothing else is touched."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statepipe import Progress, SimpleFSM
from statepipe.run.working import REPLY_S
from tests.streaming.poison import (
    WAYS,
    Victims,
    check_as_if_only_failed,
    check_deaths,
    poisoned,
    write_source,
)
from tests.streaming.pushes import pushing
from tests.streaming.streams import (
    Stream,
    blocking_stream,
    check_sums,
    lines_of,
    on_workers,
    one_state,
    write_lines,
)

SOURCES = {
    "ranges": lambda folder, records: write_source(folder / "in.jsonl", records),
    "bytes": lambda folder, records: write_source(folder / "in.jsonl.gz", records),
    "records": lambda _, records: records,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_record_that_ends_its_worker_becomes_a_dead_letter(way: str, tmp_path: Path) -> None:
    victims = Victims(tmp_path, way)
    source = write_source(tmp_path / "in.jsonl", poisoned(40, {17}))
    config = on_workers(2, chunk_size=10)
    result = blocking_stream(
        one_state(victims.run), source, tmp_path / "out.jsonl", stream_config=config
    )

    (letter,) = check_as_if_only_failed(victims, source, result, tmp_path)
    assert victims.numbers == [17] * 4
    check_deaths(victims, result)
    assert letter["message"] == (
        f"the worker process {WAYS[way][1]}, in each of 3 deliveries of this record"
    )
    assert (letter["error_type"], letter["attempts"]) == ("WorkerDiedError", 3)
    assert (letter["state"], letter["path"]) == ("input", ["input"])


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("poison", [{0}, {5}, {9}, {10}, {39}, {11, 14, 18}, {21, 22, 23}])
def test_poison_anywhere_in_a_chunk_leaves_the_others_as_they_are(
    source: str, poison: set[int], tmp_path: Path
) -> None:
    victims = Victims(tmp_path)
    given_source: Any = SOURCES[source](tmp_path, poisoned(40, poison))
    config = on_workers(2, chunk_size=10, max_deliveries=1)
    result = blocking_stream(
        one_state(victims.run), given_source, tmp_path / "out.jsonl", stream_config=config
    )

    letters = check_as_if_only_failed(victims, given_source, result, tmp_path)
    assert [letter["position"]["record"] for letter in letters] == sorted(poison)
    assert [letter["attempts"] for letter in letters] == [1] * len(poison)
    check_deaths(victims, result)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    count=st.integers(1, 60),
    poison=st.sets(st.integers(0, 59), max_size=5),
    chunk_size=st.integers(1, 25),
    workers=st.integers(2, 3),
    source=st.sampled_from(sorted(SOURCES)),
    ordered=st.booleans(),
    most=st.integers(1, 2),
)
def test_every_record_comes_out_once_whatever_dies(
    count: int,
    poison: set[int],
    chunk_size: int,
    workers: int,
    source: str,
    ordered: bool,
    most: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("poison")
    victims = Victims(folder)
    poison = {number for number in poison if number < count}
    given_source: Any = SOURCES[source](folder, poisoned(count, poison))
    config = on_workers(workers, chunk_size=chunk_size, ordered=ordered, max_deliveries=most)
    result = blocking_stream(
        one_state(victims.run), given_source, folder / "out.jsonl", stream_config=config
    )

    written = [record["id"] for record in lines_of(folder / "out.jsonl")]
    letters = lines_of(folder / "out.dead.jsonl")
    assert [letter["position"]["record"] for letter in letters] == sorted(poison)
    assert [letter["attempts"] for letter in letters] == [most] * len(poison)
    assert sorted([*written, *poison]) == list(range(count))
    assert written == sorted(written) or not ordered
    check_sums(result, written=len(written), letters=len(letters))
    check_deaths(victims, result)


@pytest.mark.parametrize("source", SOURCES)
def test_async_functions_end_workers_too(source: str, stream: Stream, tmp_path: Path) -> None:
    victims = Victims(tmp_path)

    async def run(state: Any) -> Any:
        await asyncio.sleep(0)
        return victims.run(state)

    given_source: Any = SOURCES[source](tmp_path, poisoned(40, {3, 4, 33}))
    config = on_workers(2, chunk_size=10, max_deliveries=2)
    result = stream(one_state(run), given_source, tmp_path / "out.jsonl", stream_config=config)

    letters = check_as_if_only_failed(victims, given_source, result, tmp_path)
    assert [letter["position"]["record"] for letter in letters] == [3, 4, 33]
    check_deaths(victims, result)


def test_poison_of_a_later_machine_is_told_with_its_machine_and_state(tmp_path: Path) -> None:
    victims = Victims(tmp_path)
    first = SimpleFSM(one_state("lambda s: {**s.data, 'seen': True}") | {"name": "First"})
    second = SimpleFSM(one_state(victims.run) | {"name": "Second"})
    source = write_source(tmp_path / "in.jsonl", poisoned(30, {12}))

    result = (first | second).process_stream(
        source, tmp_path / "out.jsonl", stream_config=on_workers(2, chunk_size=10)
    )

    (letter,) = lines_of(tmp_path / "out.dead.jsonl")
    assert (letter["machine"], letter["state"], letter["role"]) == ("Second", "input", "worker")
    assert letter["original"] == '{"id": 12, "poison": true}'
    assert [r["id"] for r in lines_of(tmp_path / "out.jsonl")] == [*range(12), *range(13, 30)]
    check_deaths(victims, result)


def within(run: Callable[..., Any], **state: Any) -> dict[str, Any]:
    """Return a machine that runs `run` two networks further in, and catches what fails there.

    `state` is what the pushing state says besides.
    """
    into = {"data_mapping": {"id": "id", "poison": "poison"}, "result_mapping": {"double": "d"}}
    start: dict[str, Any] = {"start": True, "on_error": "odd", **state}
    main = {
        "name": "main",
        "states": {"a": start, "odd": {"end": True}, "output": {"end": True}},
        "arcs": [{"from": "a", "target_network": "one", "return_state": "output", **into}],
    }
    one = {
        "name": "one",
        "states": {"b": {"start": True}, "out": {"end": True}},
        "arcs": [{"from": "b", "target_network": "two", "return_state": "out"}],
    }
    two = {
        "name": "two",
        "states": {"c": {"start": True, "transform": run}, "out": {"end": True}},
        "arcs": [{"from": "c", "to": "out"}],
    }
    return {"name": "Within", "main_network": "main", "networks": [main, one, two]}


@pytest.mark.parametrize("source", SOURCES)
def test_poison_in_an_inner_network_is_told_by_its_way_and_nobody_catches_it(
    source: str, tmp_path: Path
) -> None:
    victims = Victims(tmp_path, "killed")
    given_source: Any = SOURCES[source](tmp_path, poisoned(40, {5, 33}))
    config = on_workers(2, chunk_size=10, max_deliveries=2)
    retry = {"max_attempts": 2, "backoff_s": 0}
    result = blocking_stream(
        within(victims.run, retry=retry), given_source, tmp_path / "out.jsonl", stream_config=config
    )

    letters = lines_of(tmp_path / "out.dead.jsonl")
    records = lines_of(tmp_path / "out.jsonl")
    assert [letter["position"]["record"] for letter in letters] == [5, 33]
    assert {letter["state"] for letter in letters} == {"one:two:c"}
    assert {tuple(letter["path"]) for letter in letters} == {("a", "one:b", "one:two:c")}
    assert [r["id"] for r in records] == [n for n in range(40) if n not in (5, 33)]
    assert all(record["d"] == 2 * record["id"] for record in records)
    assert result.by_state == {"output": 38}
    check_deaths(victims, result)


def test_workers_that_are_killed_from_outside_change_nothing(tmp_path: Path) -> None:
    """Whoever works on records of inner networks, some of them tried again or caught."""
    source = write_lines(tmp_path / "in.jsonl", [{"value": n % 200 - 7} for n in range(6000)])
    killed, told = set[int](), list[int]()

    def kill_one(progress: Progress) -> None:
        told.append(progress.records_processed)
        nurseries = psutil.Process().children()
        workers = [each for nursery in nurseries for each in nursery.children()]
        fresh = [each for each in workers if each.pid not in killed]
        if len(killed) < 4 and progress.records_processed > 1000 * (len(killed) + 1):
            victim = fresh[len(told) % len(fresh)]
            killed.add(victim.pid)
            victim.kill()

    files: list[dict[str, bytes]] = []
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        folder.mkdir()
        result = blocking_stream(
            pushing(),
            source,
            {"output": folder / "out.jsonl", "negative": folder / "negative.csv"},
            on_progress=kill_one if workers == 2 else None,
            stream_config=on_workers(workers, chunk_size=50, buffer_size=500),
        )
        files.append({path.name: path.read_bytes() for path in folder.iterdir()})

    assert files[0] == files[1]
    assert result.total_records == result.successful + result.failed == 6000
    assert len(killed) == 4 == result.workers_replaced


class Unpicklable:
    """Ends the process that wants to send it on."""

    def __reduce__(self) -> Any:
        os._exit(9)


class Stuck(Victims):
    """Gives a record that cannot leave its worker, and is written down when it tries."""

    def run(self, state: Any) -> Any:
        if state.data.get("poison"):
            self.note(state["id"])
            return {**state.data, "stuck": Unpicklable()}
        return {**state.data, "double": 2 * state["id"]}


def test_a_record_that_ends_its_worker_when_it_is_encoded_is_found(tmp_path: Path) -> None:
    victims, seen = Stuck(tmp_path), list[int]()
    result = blocking_stream(
        one_state(victims.run) | {"data_mode": "reference"},
        poisoned(30, {7}),
        lambda record: seen.append(record["id"]),
        dead_letters=tmp_path / "dead.jsonl",
        stream_config=on_workers(2, chunk_size=10),
    )

    (letter,) = lines_of(tmp_path / "dead.jsonl")
    assert seen == [*range(7), *range(8, 30)]
    assert (letter["state"], letter["path"]) == ("output", ["input", "output"])
    assert "ended with exit code 9" in letter["message"]
    check_deaths(victims, result)


def test_a_record_that_only_once_ends_its_worker_is_written(tmp_path: Path) -> None:
    victims = Victims(tmp_path)

    def run_once(state: Any) -> Any:
        if len(victims.numbers) < 2:
            return victims.run(state)
        return {"id": state["id"]}

    source = write_source(tmp_path / "in.jsonl", poisoned(30, {7}))
    result = blocking_stream(
        one_state(run_once),
        source,
        tmp_path / "out.jsonl",
        stream_config=on_workers(2, chunk_size=10),
    )

    assert [r["id"] for r in lines_of(tmp_path / "out.jsonl")] == list(range(30))
    assert (result.failed, result.workers_replaced) == (0, 2)
    check_deaths(victims, result)


def test_what_was_answered_of_a_range_is_neither_run_nor_counted_again(tmp_path: Path) -> None:
    victims, calls = Victims(tmp_path), tmp_path / "calls.txt"

    def run(state: Any) -> Any:
        if state["id"] == 10:
            time.sleep(REPLY_S)  # so that the parts before it are told
        with calls.open("a") as file:
            file.write(f"{state['id']}\n")
        return victims.run(state)

    source = write_source(tmp_path / "in.jsonl", poisoned(40, {17}))
    config = on_workers(2, chunk_size=4, buffer_size=1_000_000)
    result = blocking_stream(one_state(run), source, tmp_path / "out.jsonl", stream_config=config)

    times = Counter(map(int, calls.read_text().split()))
    assert {times[number] for number in range(8)} == {1}
    assert times[16] == 5  # a chunk's first, which the poison is in: each death cost one
    assert [r["id"] for r in lines_of(tmp_path / "out.jsonl")] == [*range(17), *range(18, 40)]
    assert result.total_records == 40
    check_deaths(victims, result)


def test_memory_without_bound_fails_its_record_alone(tmp_path: Path) -> None:
    def take_all(state: Any) -> Any:
        if state.data.get("poison"):
            kept = [bytearray(2**20)]
            while True:
                kept.append(bytearray(2**20))
        return {"id": state["id"], "size": len(bytearray(8 * 2**20))}  # the others need some, too

    source = write_source(tmp_path / "in.jsonl", poisoned(40, {3, 17}))
    config = on_workers(2, chunk_size=10, memory_limit_mb=64)
    own_mb = psutil.Process().memory_info().rss / 2**20  # which the workers have, too
    result = blocking_stream(
        one_state(take_all), source, tmp_path / "out.jsonl", stream_config=config
    )

    letters = lines_of(tmp_path / "out.dead.jsonl")
    assert [letter["position"]["record"] for letter in letters] == [3, 17]
    assert [letter["error_type"] for letter in letters] == ["MemoryError"] * 2
    assert [letter["state"] for letter in letters] == ["input"] * 2
    assert len(lines_of(tmp_path / "out.jsonl")) == 38
    assert result.peak_memory_mb < 3 * own_mb + 500


def test_recursion_without_bound_fails_its_record_alone(tmp_path: Path) -> None:
    def recurse(state: Any) -> Any:
        return recurse(state) if state.data.get("poison") else {"id": state["id"]}

    source = write_source(tmp_path / "in.jsonl", poisoned(40, {3}))
    result = blocking_stream(
        one_state(recurse),
        source,
        tmp_path / "out.jsonl",
        stream_config=on_workers(2, chunk_size=10),
    )

    (letter,) = lines_of(tmp_path / "out.dead.jsonl")
    assert (letter["error_type"], letter["attempts"]) == ("RecursionError", 1)
    assert result.workers_replaced == 0


def test_progress_tells_of_workers_that_were_replaced(tmp_path: Path) -> None:
    victims, seen = Victims(tmp_path), list[int]()

    result = blocking_stream(
        one_state(victims.run),
        poisoned(30, {7}),
        on_progress=lambda progress: seen.append(progress.workers_replaced),
        stream_config=on_workers(2, chunk_size=10),
    )

    assert seen[-1] == result["workers_replaced"] == 4


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_state_that_never_comes_back_from_a_call_is_ended_by_its_timeout(
    kind: str, tmp_path: Path
) -> None:
    """`time.sleep` is a call into C: no error reaches it, so that its worker is ended."""

    def hang(state: Any) -> Any:
        if state["id"] in (5, 17):
            time.sleep(10_000)
        return state.data

    async def hang_in_a_loop(state: Any) -> Any:
        return hang(state)

    config = one_state(hang if kind == "sync" else hang_in_a_loop, timeout_s=0.2)
    source = write_source(tmp_path / "in.jsonl", poisoned(40, set()))
    options = on_workers(2, chunk_size=10, max_deliveries=1)
    result = blocking_stream(config, source, tmp_path / "out.jsonl", stream_config=options)
    letters = lines_of(tmp_path / "out.dead.jsonl")

    assert [letter["position"]["record"] for letter in letters] == [5, 17]
    assert {letter["error_type"] for letter in letters} == {"StateTimeoutError"}
    expected = [n for n in range(40) if n not in (5, 17)]
    assert [record["id"] for record in lines_of(tmp_path / "out.jsonl")] == expected
    assert result.workers_replaced >= 2
