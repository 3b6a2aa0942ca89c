"""What reaches the one sink of a stream: the same from every source, by every way to run it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from statepipe import AsyncSimpleFSM, SimpleFSM, StreamConfig
from statepipe.cli.main import main
from tests.behaviour.engines import Config, one_by_one, wait

Records: TypeAlias = list[Any]
RECORDS: Records = [{"n": n} for n in range(20)]


def from_iterable(config: Config, source: Path, sink: Path) -> None:
    SimpleFSM(config).process_stream(RECORDS, sink)


def from_async_iterable(config: Config, source: Path, sink: Path) -> None:
    wait(AsyncSimpleFSM(config).process_stream(one_by_one(RECORDS), sink))


def from_file(config: Config, source: Path, sink: Path) -> None:
    SimpleFSM(config).process_stream(source, sink, chunk_size=3)


def by_workers(config: Config, source: Path, sink: Path) -> None:
    options = StreamConfig(parallelism=2, chunk_size=3)
    SimpleFSM(config).process_stream(source, sink, stream_config=options)


def command_line(config: Config, source: Path, sink: Path) -> None:
    flow = source.with_name("flow.json")
    flow.write_text(json.dumps(config), encoding="utf-8")
    main(["run", str(flow), str(source), "--quiet", "--output", str(sink)])


WAYS = [from_iterable, from_async_iterable, from_file, by_workers, command_line]


def parted(**quiet: Any) -> Config:
    """A machine that sends what is odd elsewhere, and fails on 7."""
    return {
        "states": {
            "a": {"start": True, "transform": "{**data, 'share': 1 / (data['n'] - 7)}"},
            "even": {"end": True},
            "odd": {"end": True, **quiet},
        },
        "arcs": [
            {"from": "a", "to": "odd", "condition": "data['n'] % 2"},
            {"from": "a", "to": "even"},
        ],
    }


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("quiet", [{}, {"emit_output": False}], ids=["all", "some"])
def test_the_one_sink_gets_what_is_emitted_in_the_order_of_the_input(
    way: Callable[[Config, Path, Path], None], quiet: Any, tmp_path: Path
) -> None:
    source, sink = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps(record) + "\n" for record in RECORDS), encoding="utf-8")
    way(parted(**quiet), source, sink)

    written = [json.loads(line)["n"] for line in sink.read_text(encoding="utf-8").splitlines()]
    letters = (tmp_path / "out.dead.jsonl").read_text(encoding="utf-8").splitlines()
    assert written == [n for n in range(20) if n != 7 and (n % 2 == 0 or not quiet)]
    assert [json.loads(letter)["position"]["record"] for letter in letters] == [7]
