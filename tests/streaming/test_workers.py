"""Streams on worker processes: the same bytes as in one process, and a clear end when one dies."""

from __future__ import annotations

import gzip
import json
import os
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statepipe import StreamConfig, StreamError
from statepipe.run import stream as module
from statepipe.run.working import REPLY_S
from tests.streaming.streams import (
    Stream,
    blocking_stream,
    check_sums,
    divider,
    lines_of,
    on_workers,
    one_state,
    write_lines,
)


def marking_sets() -> dict[str, Any]:
    """Return the divider, whose records with a value of 5 no format can hold."""
    config = divider()
    config["states"][0]["transform"] = (
        "lambda s: {**s.data, 'share': 12 / int(s.data['value']),"
        " **({'set': {1}} if s.data['value'] in (5, '5') else {})}"
    )
    config["arcs"][0]["condition"] = "lambda s: int(s.data['value']) < 0"
    return config


def by_text() -> dict[str, Any]:
    return one_state("lambda s: {**s.data, 'size': 10 // len(s.data['text'].strip('x'))}")


VALUES = st.one_of(st.integers(-3, 9), st.just("text"), st.integers(10**18, 10**25))
RECORDS = st.fixed_dictionaries({"value": VALUES}, optional={"more": st.text(max_size=5)})


def jsonl(records: list[Any]) -> bytes:
    return b"".join(
        b"broken\n" if r["value"] == "text" else json.dumps(r).encode() + b"\n" for r in records
    )


def json_array(records: list[Any]) -> bytes:
    return b"[" + b", \n".join(json.dumps(r).encode() for r in records) + b"]"


def csv(records: list[Any]) -> bytes:
    rows = [f"{r['value']}" if r["value"] != "text" else "a,b,c" for r in records]
    return "\n".join(["value", *rows]).encode()


def text(records: list[Any]) -> bytes:
    return "\n".join(f"{r['value']}".replace("text", "x") for r in records).encode()


SOURCES = {
    "in.jsonl": jsonl,
    "in.json": json_array,
    "in.csv": csv,
    "in.txt": text,
    "in.jsonl.gz": lambda records: gzip.compress(jsonl(records)),
}
SINKS = ["out.jsonl", "out.csv", "out.json", "out.jsonl.gz", "out.tsv.gz"]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    records=st.lists(RECORDS, max_size=60),
    source=st.sampled_from(sorted(SOURCES)),
    sink=st.sampled_from(SINKS),
    two=st.booleans(),
    chunk_size=st.integers(1, 20),
)
def test_two_workers_write_the_same_bytes_as_one_process(
    records: list[Any], source: str, sink: str, two: bool, chunk_size: int, tmp_path: Path
) -> None:
    (tmp_path / source).write_bytes(SOURCES[source](records))
    config = by_text() if source == "in.txt" else marking_sets()
    results = []
    for count in (1, 2):
        folder = tmp_path / str(count)
        folder.mkdir(exist_ok=True)
        for path in folder.iterdir():
            path.unlink()
        sinks = {"output": folder / sink}
        if two and source != "in.txt":
            sinks["negative"] = folder / f"second-{sink}"
        results.append(
            blocking_stream(
                config,
                tmp_path / source,
                sinks,
                dead_letters=folder / "dead.jsonl",
                stream_config=on_workers(count, chunk_size=chunk_size),
            )
        )

    one, other = ({p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in ("1", "2"))
    assert one == other
    keys = ("total_records", "successful", "failed", "malformed", "emitted", "by_state")
    assert [results[0][key] for key in keys] == [results[1][key] for key in keys]
    check_sums(
        results[1],
        written=results[0].emitted,
        letters=len(lines_of(tmp_path / "2" / "dead.jsonl")),
    )


def test_many_ranges_give_the_same_bytes_and_positions(stream: Stream, tmp_path: Path) -> None:
    bad = [b"", b"{", b'{"value": 0}']
    lines = [b'{"value": %d}' % n if n % 97 else bad[n % 3] for n in range(1, 30_000)]
    (tmp_path / "in.jsonl").write_bytes(b"\n".join(lines))
    for count in (1, 2):
        stream(
            divider(),
            tmp_path / "in.jsonl",
            tmp_path / f"{count}.jsonl",
            stream_config=on_workers(count, chunk_size=100),
        )

    assert (tmp_path / "1.jsonl").read_bytes() == (tmp_path / "2.jsonl").read_bytes()
    assert (tmp_path / "1.dead.jsonl").read_bytes() == (tmp_path / "2.dead.jsonl").read_bytes()
    data = (tmp_path / "in.jsonl").read_bytes()
    letters = lines_of(tmp_path / "2.dead.jsonl")
    assert len(letters) > 100
    for letter in letters:
        at = letter["position"]["offset"]
        assert data[at:].startswith(letter["original"].encode() + b"\n")
        assert data[:at].count(b"\n") + 1 == letter["position"]["line"]


@pytest.mark.parametrize("sink", ["out.jsonl", "out.csv"])
def test_unordered_output_holds_the_same_records(sink: str, stream: Stream, tmp_path: Path) -> None:
    write_lines(tmp_path / "in.jsonl", [{"value": n % 7} for n in range(5_000)])
    outputs = []
    for ordered in (True, False):
        result = stream(
            divider(),
            tmp_path / "in.jsonl",
            tmp_path / sink,
            stream_config=on_workers(2, chunk_size=50, ordered=ordered),
        )
        outputs.append(Counter((tmp_path / sink).read_bytes().split(b"\n")))
        check_sums(result, written=result.emitted, letters=result.failed)

    assert outputs[0] == outputs[1]


def test_unordered_output_does_not_wait_for_a_slow_chunk(stream: Stream, tmp_path: Path) -> None:
    flag = tmp_path / "others were written"

    def wait_for_others(state: Any) -> Any:
        deadline = time.monotonic() + 30
        while state["value"] == 0 and not flag.exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        return state.data

    seen: list[int] = []

    def receive(record: Any) -> None:
        seen.append(record["value"])
        flag.touch()

    source = [{"value": n} for n in range(6)]
    config = on_workers(2, chunk_size=1, ordered=False)
    stream(one_state(wait_for_others), source, receive, stream_config=config)

    assert sorted(seen) == list(range(6))
    assert seen[0] != 0


def test_records_that_a_csv_sink_refuses_fail_with_all_that_is_known(
    stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    records: list[Any] = [{"a": n} for n in range(10)]
    records[3] = {"a": 3, "fresh": 1}
    records[7] = {"a": 1j}
    (tmp_path / "in.jsonl").write_bytes(
        b"".join(b"\n" + json.dumps({"n": n}).encode() for n in range(10))
    )
    config = one_state(lambda state: dict(records[state["n"]]))

    result = stream(
        config,
        tmp_path / "in.jsonl",
        tmp_path / "out.csv",
        stream_config=on_workers(parallelism, chunk_size=4),
    )

    letters = lines_of(tmp_path / "out.dead.jsonl")
    assert (tmp_path / "out.csv").read_bytes() == b"a\n0\n1\n2\n4\n5\n6\n8\n9\n"
    assert [letter["original"] for letter in letters] == ['{"n": 3}', '{"n": 7}']
    assert [letter["position"] for letter in letters] == [
        {"record": 3, "line": 5, "offset": 28},
        {"record": 7, "line": 9, "offset": 64},
    ]
    assert [letter["path"] for letter in letters] == [["input", "output"]] * 2
    assert "field 'fresh': not among the columns of this CSV (a)" in letters[0]["message"]
    assert "complex" in letters[1]["message"]
    check_sums(result, written=8, letters=2)


def test_a_record_that_cannot_leave_its_worker_fails_alone(stream: Stream, tmp_path: Path) -> None:
    def add_call(state: Any) -> Any:
        return {**state.data, "call": lambda: 0} if state["value"] == 2 else state.data

    seen: list[Any] = []
    result = stream(
        one_state(add_call),
        [{"value": n} for n in range(5)],
        seen.append,
        dead_letters=tmp_path / "dead.jsonl",
        stream_config=on_workers(2),
    )

    (letter,) = lines_of(tmp_path / "dead.jsonl")
    assert [record["value"] for record in seen] == [0, 1, 3, 4]
    assert "field 'call': cannot leave its worker process" in letter["message"]
    check_sums(result, written=4, letters=1)


def test_no_worker_is_left_after_a_stream(stream: Stream, tmp_path: Path) -> None:
    write_lines(tmp_path / "in.jsonl", [{"value": n} for n in range(1000)])
    before = set(psutil.Process().children())
    threads = set(threading.enumerate())

    stream(divider(), tmp_path / "in.jsonl", stream_config=StreamConfig(parallelism=2))

    assert set(psutil.Process().children()) == before
    assert set(threading.enumerate()) == threads


def test_async_functions_run_on_workers_too(stream: Stream) -> None:
    async def double(state: Any) -> Any:
        return {"value": state["value"] * 2}

    seen: list[Any] = []
    stream(
        one_state(double),
        [{"value": n} for n in range(9)],
        seen.append,
        stream_config=on_workers(2),
    )

    assert [record["value"] for record in seen] == list(range(0, 18, 2))


def test_workers_know_the_header_of_a_csv_that_comes_through_a_pipe(tmp_path: Path) -> None:
    pipe, out = tmp_path / "in.csv", tmp_path / "out.jsonl"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("id,value\n1,a\n2,b\n",))
    writer.start()

    result = blocking_stream(one_state(), pipe, out, stream_config=on_workers(2))
    writer.join()

    assert result.failed == 0
    assert lines_of(out) == [{"id": "1", "value": "a"}, {"id": "2", "value": "b"}]


def test_a_worker_tells_of_a_long_range_before_its_end(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", [{"id": n} for n in range(3)])
    told, late = tmp_path / "told", time.monotonic() + 60

    def hold(state: Any) -> None:
        if state["id"] == 0:
            time.sleep(2 * REPLY_S)
        while state["id"] == 2 and not told.exists() and time.monotonic() < late:
            time.sleep(0.01)
        assert state["id"] != 2 or told.exists()

    config = one_state(hold)
    result = blocking_stream(
        config,
        source,
        tmp_path / "out.jsonl",
        on_progress=lambda _: told.touch(),
        stream_config=on_workers(2, chunk_size=1, buffer_size=1_000_000),
    )

    assert (result.successful, result.failed) == (3, 0)
    assert [record["id"] for record in lines_of(tmp_path / "out.jsonl")] == [0, 1, 2]


def test_sinks_hold_nothing_back_while_reading_waits_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 60.0)
    partial, late = tmp_path / ".out.jsonl.partial", time.monotonic() + 20

    def hold(state: Any) -> None:
        while state["id"] == 3 and not partial.stat().st_size and time.monotonic() < late:
            time.sleep(0.01)
        assert state["id"] != 3 or partial.stat().st_size

    options = on_workers(2, chunk_size=1, backpressure_threshold=4)
    records = ({"id": n} for n in range(9))
    result = blocking_stream(
        one_state(hold), records, tmp_path / "out.jsonl", stream_config=options
    )

    assert (result.successful, result.failed) == (9, 0)


def test_failures_of_a_long_range_know_their_line_however_it_is_told(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", [{"id": n, "value": n % 3} for n in range(9)])

    def hold(state: Any) -> Any:
        time.sleep(REPLY_S)
        return {"share": 1 / state["value"]}

    blocking_stream(
        one_state(hold),
        source,
        tmp_path / "out.jsonl",
        stream_config=on_workers(2, chunk_size=1, buffer_size=1_000_000),
    )

    letters = lines_of(tmp_path / "out.dead.jsonl")
    assert [letter["position"]["line"] for letter in letters] == [1, 4, 7]


def test_a_source_record_that_cannot_cross_to_a_worker_is_named(tmp_path: Path) -> None:
    records = iter([{"id": 1, "lock": threading.Lock()}])

    with pytest.raises(StreamError, match=r"cannot be sent to a worker: .*; use parallelism=1"):
        blocking_stream(one_state(), records, tmp_path / "o.jsonl", stream_config=on_workers(2))
    assert not (tmp_path / "o.jsonl").exists()
