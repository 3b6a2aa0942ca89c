"""Sinks: every kind, alone, by end state, and from the config."""

from __future__ import annotations

import asyncio
import functools
import io
from pathlib import Path
from typing import Any

import pytest

from statepipe import UsageError
from statepipe.testing import AsyncCollectingSink, CollectingSink
from tests.streaming.streams import Stream, check_sums, divider, lines_of, on_workers, one_state

VALUES = [{"value": value} for value in (3, -1, 4, 0, -6, 2)]
POSITIVE, NEGATIVE = [3, 4, 2], [-1, -6]


def values(records: list[Any]) -> list[int]:
    return [record["value"] for record in records]


@pytest.mark.parametrize("spelling", [str, Path])
def test_a_path_gets_all_end_states_in_input_order(
    spelling: Any, stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    config = on_workers(parallelism, chunk_size=2)
    result = stream(divider(), VALUES, spelling(tmp_path / "out.jsonl"), stream_config=config)

    assert values(lines_of(tmp_path / "out.jsonl")) == [3, -1, 4, -6, 2]
    assert result.by_state == {"output": 3, "negative": 2}
    assert result.excluded_by_state == {}
    check_sums(result, written=5, letters=1)


def test_a_function_gets_each_record(stream: Stream, parallelism: int) -> None:
    seen: list[Any] = []
    result = stream(divider(), VALUES, seen.append, stream_config=on_workers(parallelism))

    assert values(seen) == [3, -1, 4, -6, 2]
    assert seen[0]["share"] == 4.0
    check_sums(result, written=5, letters=1)


class Receiver:
    """Objects and partial functions that have to be awaited."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    async def __call__(self, record: Any) -> None:
        await asyncio.sleep(0)
        self.seen.append(record)

    async def tagged(self, tag: str, record: Any) -> None:
        await asyncio.sleep(0)
        self.seen.append({**record, "tag": tag})


@pytest.mark.parametrize("kind", ["function", "object", "partial"])
def test_an_async_function_gets_each_record(kind: str, stream: Stream, parallelism: int) -> None:
    receiver = Receiver()
    sinks = {
        "function": receiver.__call__,
        "object": receiver,
        "partial": functools.partial(receiver.tagged, "t"),
    }

    result = stream(divider(), VALUES, sinks[kind], stream_config=on_workers(parallelism))

    assert values(receiver.seen) == [3, -1, 4, -6, 2]
    check_sums(result, written=5, letters=1)


@pytest.mark.parametrize("kind", [CollectingSink, AsyncCollectingSink])
def test_a_sink_object_gets_chunks_and_is_committed(
    kind: Any, stream: Stream, parallelism: int
) -> None:
    sink = kind()
    result = stream(divider(), VALUES, sink, stream_config=on_workers(parallelism, chunk_size=2))

    kept = sink if isinstance(sink, CollectingSink) else sink.kept
    assert [values(chunk) for chunk in kept.chunks] == [[3, -1], [4], [-6, 2]]
    assert (kept.commits, kept.aborts) == (1, 0)
    check_sums(result, written=5, letters=1)


@pytest.mark.parametrize("kind", [CollectingSink, AsyncCollectingSink])
def test_a_sink_object_that_fails_is_aborted_and_the_others_too(
    kind: Any, stream: Stream, tmp_path: Path
) -> None:
    sink = kind(fail_at=2)
    sinks = {"output": sink, "negative": tmp_path / "out.jsonl"}

    with pytest.raises(OSError, match="told to refuse chunk 2") as caught:
        stream(divider(), VALUES, sinks, chunk_size=1)

    kept = sink if isinstance(sink, CollectingSink) else sink.kept
    assert (kept.commits, kept.aborts) == (0, 1)
    assert list(tmp_path.iterdir()) == []
    assert vars(caught.value)["result"].total_records == 2


def test_a_sink_that_cannot_be_aborted_does_not_hide_the_error(
    stream: Stream, tmp_path: Path
) -> None:
    class Stubborn(CollectingSink):
        def abort(self) -> None:
            raise ValueError("no way back")

    sinks = {"output": Stubborn(fail_at=1), "negative": tmp_path / "out.jsonl"}

    with pytest.raises(OSError, match="told to refuse chunk 1") as caught:
        stream(divider(), VALUES, sinks)

    assert "and a sink could not be aborted: ValueError('no way back')" in caught.value.__notes__
    assert list(tmp_path.iterdir()) == []


def test_a_mapping_gives_each_end_state_its_own(
    stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    seen: list[Any] = []
    sinks = {"output": tmp_path / "out.jsonl", "negative": seen.append}
    result = stream(divider(), VALUES, sinks, stream_config=on_workers(parallelism))

    assert values(lines_of(tmp_path / "out.jsonl")) == POSITIVE
    assert values(seen) == NEGATIVE
    check_sums(result, written=5, letters=1)


def test_two_end_states_may_share_a_file_however_it_is_spelled(
    stream: Stream, parallelism: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sinks = {"output": "out.jsonl", "negative": tmp_path / "." / "out.jsonl"}
    result = stream(divider(), VALUES, sinks, stream_config=on_workers(parallelism, chunk_size=2))

    assert values(lines_of(tmp_path / "out.jsonl")) == [3, -1, 4, -6, 2]
    check_sums(result, written=5, letters=1)


def test_two_end_states_may_share_a_bound_method_in_input_order(stream: Stream) -> None:
    seen: list[Any] = []
    stream(divider(), VALUES, {"output": seen.append, "negative": seen.append})

    assert values(seen) == [3, -1, 4, -6, 2]


def test_what_a_mapping_leaves_out_or_gives_none_is_excluded(
    stream: Stream, parallelism: int
) -> None:
    for sinks in ({"output": print}, {"output": print, "negative": None}):
        seen: list[Any] = []
        sinks["output"] = seen.append
        result = stream(divider(), VALUES, sinks, stream_config=on_workers(parallelism))

        assert values(seen) == POSITIVE
        assert result.excluded_by_state == {"negative": 2}
        check_sums(result, written=3, letters=1)


def test_without_a_sink_records_are_counted_only(stream: Stream, parallelism: int) -> None:
    result = stream(divider(), VALUES, stream_config=on_workers(parallelism))

    assert result.excluded_by_state == {"output": 3, "negative": 2}
    check_sums(result, written=0, letters=1)


def test_an_unknown_end_state_is_refused_with_the_one_that_was_meant(stream: Stream) -> None:
    with pytest.raises(UsageError, match="no end state 'negativ'; did you mean 'negative'"):
        stream(divider(), VALUES, {"negativ": print})
    with pytest.raises(UsageError, match="no end state 'x'; the end states are output, negative"):
        stream(divider(), VALUES, {"x": print})
    with pytest.raises(UsageError, match="no end state 'input'"):
        stream(divider(), VALUES, {"input": print})


@pytest.mark.parametrize("sink", [17, [1], io.StringIO(), {"output": 17}, object()])
def test_what_is_no_sink_is_refused(sink: Any, stream: Stream) -> None:
    with pytest.raises(UsageError, match="a sink must be a path, a callable, a sink object"):
        stream(divider(), VALUES, sink)


def test_a_state_s_own_sink_comes_before_the_callers(
    stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    config = divider()
    config["states"][2]["sink"] = str(tmp_path / "negative.csv")
    for sink in (tmp_path / "out.jsonl", None):
        result = stream(config, VALUES, sink, stream_config=on_workers(parallelism))

        assert (tmp_path / "negative.csv").read_text() == "value,share\n-1,-12.0\n-6,-2.0\n"
        assert result.emitted == (5 if sink else 2)
        assert sum(result.excluded_by_state.values()) == (0 if sink else 3)


def test_a_mapping_comes_before_a_state_s_own_sink(stream: Stream, tmp_path: Path) -> None:
    config = divider()
    config["states"][2]["sink"] = str(tmp_path / "negative.csv")
    seen: list[Any] = []
    stream(config, VALUES, {"negative": seen.append})

    assert values(seen) == NEGATIVE
    assert list(tmp_path.iterdir()) == []


def test_an_end_state_that_emits_no_output_is_excluded(
    stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    config = divider()
    config["states"][2]["emit_output"] = False
    result = stream(config, VALUES, tmp_path / "out.jsonl", stream_config=on_workers(parallelism))

    assert values(lines_of(tmp_path / "out.jsonl")) == POSITIVE
    assert result.excluded_by_state == {"negative": 2}
    check_sums(result, written=3, letters=1)


def test_a_sink_sees_records_that_nobody_else_can_change(stream: Stream) -> None:
    source = [{"value": 1, "list": [1]}]
    stream(one_state(), source, lambda record: record["list"].append(2))

    assert source == [{"value": 1, "list": [1]}]


def test_a_function_that_raises_ends_the_stream(stream: Stream, tmp_path: Path) -> None:
    def refuse(record: Any) -> None:
        raise KeyError("not this one")

    with pytest.raises(KeyError, match="not this one"):
        stream(divider(), VALUES, {"output": refuse, "negative": tmp_path / "out.jsonl"})

    assert list(tmp_path.iterdir()) == []
