"""What inline code gets by `now`, `uuid` and `rng` follows from the run and the record alone."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import pytest

from statepipe import AsyncSimpleFSM, Progress, SimpleFSM, StreamConfig
from statepipe.connectors.filesystem import SystemClock, SystemRandomness
from statepipe.testing import CountingRandomness, outside
from tests.streaming.streams import one_state

BEGAN = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
ASKING = "{**data, 'id': uuid(), 'r': rng.random(), 'at': now().isoformat(), 's': state.uuid()}"
COUNT = 230


class ClockOfARun(SystemClock):
    """The machine's clock, by which every run begins at one moment."""

    def now_s(self) -> float:
        return BEGAN.timestamp()


def asking() -> dict[str, Any]:
    """Return a machine that asks on a loop, by a condition and in a registered function."""
    return {
        "name": "Asking",
        "states": {
            "input": {
                "start": True,
                "transform": ASKING,
                "arcs": [
                    {"target": "input", "condition": "rng.random() < 0.4", "priority": 1},
                    {"target": "named"},
                ],
            },
            "named": {"transform": "named", "arcs": [{"target": "output"}]},
            "output": {"end": True},
        },
    }


def named(data: Any, context: Any) -> Any:
    return {**data, "named": [context.uuid(), context.rng.randint(0, 10**9)]}


def fsm_of(config: dict[str, Any], kind: Callable[..., Any] = SimpleFSM) -> Any:
    """Return a machine whose first stream is always the same run."""
    fsm = kind(config, custom_functions={"named": named})
    outside(fsm, randomness=CountingRandomness(), clock=ClockOfARun())
    return fsm


def content(name: str) -> bytes:
    """Return records in the format of a file name, with lines of different lengths."""
    rows = [{"n": str(n), "t": "x" * (n % 17)} for n in range(COUNT)]
    if name == "in.csv":
        return b"n,t\n" + b"".join(f"{row['n']},{row['t']}\n".encode() for row in rows)
    if name == "in.json":
        return json.dumps(rows).encode()
    ending = "\r\n" if name == "in.windows.jsonl" else "\n"
    lines = "".join(json.dumps(row) + ending * (1 + n % 3) for n, row in enumerate(rows)).encode()
    if name == "in.windows.jsonl":
        return b"\xef\xbb\xbf" + lines
    return gzip.compress(lines) if name.endswith(".gz") else lines


def streamed(source: Path, **options: Any) -> bytes:
    sink = source.with_name("out.jsonl")
    result = fsm_of(asking()).process_stream(source, sink, **options)

    assert (result.successful, result.failed) == (COUNT, 0)
    return sink.read_bytes()


@pytest.mark.parametrize(
    "name", ["in.jsonl", "in.windows.jsonl", "in.jsonl.gz", "in.csv", "in.json", "in.txt"]
)
def test_every_chunk_size_and_number_of_workers_gives_the_same_bytes(
    tmp_path: Path, name: str
) -> None:
    source = tmp_path / name
    source.write_bytes(content(name))
    if name == "in.txt":
        source.write_text("".join(f"line {n}{'x' * (n % 17)}\n" for n in range(COUNT)))
    expected = streamed(source, chunk_size=100)

    ids = {json.loads(line)["id"] for line in expected.splitlines()}
    assert len(ids) == COUNT
    for chunk_size, parallelism in [(1, 1), (7, 1), (1000, 1), (7, 2), (100, 2)]:
        config = StreamConfig(chunk_size=chunk_size, parallelism=parallelism)
        assert streamed(source, stream_config=config) == expected, (chunk_size, parallelism)


def test_a_compressed_file_gives_what_the_plain_one_gives(tmp_path: Path) -> None:
    plain, packed = tmp_path / "in.jsonl", tmp_path / "in.jsonl.gz"
    plain.write_bytes(content(plain.name))
    packed.write_bytes(content(packed.name))

    assert streamed(plain) == streamed(packed)


@pytest.mark.parametrize("parallelism", [1, 2])
def test_every_kind_of_iterator_gives_the_same(parallelism: int) -> None:
    records = [{"n": n} for n in range(COUNT)]

    async def one_by_one() -> AsyncIterator[dict[str, int]]:
        for record in records:
            yield dict(record)

    async def live(chunk_size: int) -> list[Any]:
        out: list[Any] = []
        config = StreamConfig(chunk_size=chunk_size, parallelism=parallelism)
        fsm = fsm_of(asking(), AsyncSimpleFSM)
        await fsm.process_stream(one_by_one(), out.append, stream_config=config)
        return out

    def pulled(source: Any, chunk_size: int) -> list[Any]:
        out: list[Any] = []
        config = StreamConfig(chunk_size=chunk_size, parallelism=parallelism)
        fsm_of(asking()).process_stream(source, out.append, stream_config=config)
        return out

    expected: list[Any] = []
    fsm_of(asking()).process_stream(records, expected.append, chunk_size=100)

    assert len({record["id"] for record in expected}) == COUNT
    assert pulled(records, 7) == expected
    assert pulled(iter(records), 1) == expected
    assert asyncio.run(live(7)) == expected


def test_now_is_when_the_run_began(tmp_path: Path) -> None:
    out: list[Any] = []
    fsm_of(asking()).process_stream([{"n": n} for n in range(5)], out.append, chunk_size=1)

    assert {record["at"] for record in out} == {BEGAN.isoformat()}


@pytest.mark.parametrize("parallelism", [1, 2])
def test_a_record_that_is_tried_again_is_given_the_same(parallelism: int) -> None:
    """Each attempt fails by chance: had it other luck, one of many would come through."""
    config = one_state("{'r': rng.random()} if rng.random() < 0.5 else 1 / 0")
    records = [{"n": n} for n in range(50)]

    def kept(retries: int) -> list[Any]:
        out: list[Any] = []
        options = StreamConfig(
            retry_on_error=retries > 0, max_retries=retries, parallelism=parallelism
        )
        fsm_of(config).process_stream(records, out.append, stream_config=options)
        return out

    assert 10 < len(kept(0)) < 40
    assert kept(3) == kept(0)


def test_another_stream_is_another_run() -> None:
    fsm = SimpleFSM(one_state("{'id': uuid(), 'r': rng.random()}"))
    first: list[Any] = []
    second: list[Any] = []
    for out in (first, second):
        fsm.process_stream([{}, {}], out.append)

    assert len({record["id"] for record in first + second}) == 4
    assert len({record["r"] for record in first + second}) == 4


@pytest.mark.parametrize("parallelism", [1, 2])
def test_the_machines_of_a_pipeline_give_values_of_their_own(
    tmp_path: Path, parallelism: int
) -> None:
    source, sink = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(content(source.name))
    config = one_state("{**data, 'ids': [*data.get('ids', []), uuid()], 'at': now().isoformat()}")

    def lines(chunk_size: int) -> bytes:
        options = StreamConfig(chunk_size=chunk_size, parallelism=parallelism)
        pipeline = fsm_of({**config, "name": "A"}) | fsm_of({**config, "name": "B"})
        pipeline.process_stream(source, sink, stream_config=options)
        return sink.read_bytes()

    expected = lines(100)
    records = [json.loads(line) for line in expected.splitlines()]
    assert len({text for record in records for text in record["ids"]}) == 2 * COUNT
    assert {record["at"] for record in records} == {BEGAN.isoformat()}
    assert lines(7) == expected


# -- gone on with --------------------------------------------------------------------------


class StopHereError(Exception):
    """Ends a stream on the way, as a caller's `on_progress` may."""


def stop(progress: Progress) -> None:
    if progress.records_processed >= 100:
        raise StopHereError


def in_pieces(
    machines: Callable[[], list[Any]], source: Any, folder: Path, **options: Any
) -> bytes:
    """Return what a stream gives that is stopped and gone on with, by other machines each time.

    Only the first of them begins the run that `fsm_of` begins.
    """
    sink = folder / "pieces.jsonl"
    first, later = machines(), machines()
    for stage in later:
        outside(stage, randomness=SystemRandomness(), clock=SystemClock())
    given = {"checkpoint": folder / "checkpoint", **options}
    with pytest.raises(StopHereError):
        reduce(or_, first).process_stream(source, sink, on_progress=stop, **given)
    result = reduce(or_, later).process_stream(source, sink, **given)

    assert 100 <= result.resumed_at < COUNT
    assert result.total_records == COUNT
    return sink.read_bytes()


@pytest.mark.parametrize("parallelism", [1, 2])
@pytest.mark.parametrize(
    "name", ["in.jsonl", "in.windows.jsonl", "in.jsonl.gz", "in.csv", "in.json"]
)
def test_a_run_that_is_gone_on_with_gives_the_bytes_of_one_that_was_not_stopped(
    tmp_path: Path, name: str, parallelism: int
) -> None:
    source = tmp_path / name
    source.write_bytes(content(name))
    options = {"stream_config": StreamConfig(chunk_size=7, parallelism=parallelism)}

    assert in_pieces(lambda: [fsm_of(asking())], source, tmp_path, **options) == streamed(source)


@pytest.mark.parametrize("parallelism", [1, 2])
def test_an_iterator_that_is_gone_on_with_numbers_its_records_from_its_begin(
    tmp_path: Path, parallelism: int
) -> None:
    records = [{"n": n} for n in range(COUNT)]
    options = {"stream_config": StreamConfig(chunk_size=7, parallelism=parallelism)}
    whole = tmp_path / "whole.jsonl"
    fsm_of(asking()).process_stream(records, whole)

    async def one_by_one() -> AsyncIterator[dict[str, int]]:
        for record in records:
            yield dict(record)

    for name, source in [("list", lambda: records), ("live", one_by_one)]:
        folder = tmp_path / name
        folder.mkdir()
        sink, given = folder / "out.jsonl", {"checkpoint": folder / "checkpoint", **options}
        with pytest.raises(StopHereError):
            fsm_of(asking()).process_stream(source(), sink, on_progress=stop, **given)
        fsm = SimpleFSM(asking(), custom_functions={"named": named})
        assert fsm.process_stream(source(), sink, **given).resumed_at >= 100
        assert sink.read_bytes() == whole.read_bytes(), name


def test_a_pipeline_that_is_gone_on_with_gives_the_same_in_each_machine(tmp_path: Path) -> None:
    source, whole = tmp_path / "in.jsonl", tmp_path / "whole.jsonl"
    source.write_bytes(content(source.name))
    config = one_state("{**data, 'ids': [*data.get('ids', []), uuid()], 'at': now().isoformat()}")

    def machines() -> list[Any]:
        return [fsm_of({**config, "name": name}) for name in "AB"]

    reduce(or_, machines()).process_stream(source, whole)

    assert in_pieces(machines, source, tmp_path, chunk_size=7) == whole.read_bytes()
