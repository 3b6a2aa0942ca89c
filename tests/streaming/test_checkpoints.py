"""Tests of streams with a checkpoint: left on the way, gone on with, refused where they must be."""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from statepipe import Progress, SimpleFSM, StreamConfig, StreamResult, StreamTimeoutError
from statepipe.connectors.checkpoint_db import CheckpointDb
from statepipe.errors import CheckpointError, SinkError, SourceError, UsageError
from tests.streaming.poison import Victims, poisoned, write_source
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

COUNT = 3000


class StopHereError(Exception):
    """Ends a stream on the way, as a caller's `on_progress` may."""


def stop_after(records: int) -> Callable[[Progress], None]:
    def on_progress(progress: Progress) -> None:
        if progress.records_processed >= records:
            raise StopHereError

    return on_progress


def source_file(folder: Path, suffix: str = ".jsonl") -> Path:
    """Write COUNT records: every 100th fails, every 7th is negative, one line is malformed."""
    values = [0 if n % 100 == 0 else -n if n % 7 == 0 else n for n in range(COUNT)]
    if suffix.startswith(".csv"):
        text = "value,note\n" + "".join(f'{v},"a\nb {n}"\n' for n, v in enumerate(values))
    elif suffix.startswith(".json"):
        lines = [json.dumps({"value": value, "n": n}) for n, value in enumerate(values)]
        lines[50] = "no json"
        text = "\n".join(lines) if suffix.startswith(".jsonl") else "[" + ",\n".join(lines) + "]"
    else:
        text = "".join(f"{value}\n" for value in values)
    path = folder / f"in{suffix}"
    packed = text.encode()
    path.write_bytes(gzip.compress(packed) if suffix.endswith(".gz") else packed)
    return path


def numbers() -> dict[str, Any]:
    """Return `divider` for records whose value may be text."""
    config = divider()
    field = "state.data.get('value', state.data.get('text'))"
    code = f"lambda state: {{**state.data, 'value': int({field}), 'share': 12 / int({field})}}"
    config["states"][0]["transform"] = code
    return config


def outputs(folder: Path, suffix: str = ".jsonl") -> dict[str, Path]:
    folder.mkdir(exist_ok=True)
    return {"output": folder / f"out{suffix}", "negative": folder / f"negative{suffix}"}


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def run_in_pieces(
    stream: Stream,
    pieces: list[int],
    config: dict[str, Any],
    source: Any,
    sink: Any,
    **options: Any,
) -> StreamResult:
    """Run a stream that is ended after each of `pieces` records, and then to its end."""
    for records in pieces:
        with pytest.raises(StopHereError):
            stream(config, source, sink, on_progress=stop_after(records), **options)
    return stream(config, source, sink, **options)


FORMATS = [
    (".jsonl", ".jsonl"),
    (".jsonl", ".csv"),
    (".csv", ".jsonl.gz"),
    (".txt", ".json"),
    (".json", ".csv.gz"),
    (".jsonl.gz", ".jsonl"),
    (".csv.gz", ".json.gz"),
    (".json.gz", ".jsonl"),
]


@pytest.mark.parametrize(("suffix", "into"), FORMATS)
def test_pieces_give_the_bytes_of_one_run(
    suffix: str, into: str, stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    source = source_file(tmp_path, suffix)
    whole, parts = outputs(tmp_path / "whole", into), outputs(tmp_path / "parts", into)
    options = {"stream_config": on_workers(parallelism, chunk_size=64)}
    expected = stream(numbers(), source, whole, checkpoint=tmp_path / "a", **options)
    result = run_in_pieces(
        stream, [500, 1100, 2900], numbers(), source, parts, checkpoint=tmp_path / "b", **options
    )

    assert files(tmp_path / "parts") == files(tmp_path / "whole")
    counts = ("total_records", "successful", "failed", "malformed", "emitted", "by_state")
    assert [result[name] for name in counts] == [expected[name] for name in counts]
    assert result.resumed_at is not None and result.resumed_at >= 2900
    assert [str(error) for error in result.errors] == [str(error) for error in expected.errors]
    groups = [[(g.count, g.ordinal) for g in r.failure_groups] for r in (result, expected)]
    assert groups[0] == groups[1]


def test_a_plain_run_gives_the_same_lines(stream: Stream, tmp_path: Path) -> None:
    source = source_file(tmp_path)
    plain, safe = outputs(tmp_path / "plain"), outputs(tmp_path / "safe")
    stream(divider(), source, plain)
    stream(divider(), source, safe, checkpoint=tmp_path / "checkpoint")

    assert files(tmp_path / "plain") == files(tmp_path / "safe")


def test_nothing_stands_under_a_final_name_before_the_end(stream: Stream, tmp_path: Path) -> None:
    source, sink = source_file(tmp_path), outputs(tmp_path / "out")
    sink["output"].write_bytes(b"old\n")
    with pytest.raises(StopHereError):
        stream(divider(), source, sink, on_progress=stop_after(1000), checkpoint=tmp_path / "c")

    assert sink["output"].read_bytes() == b"old\n"
    assert not sink["negative"].exists()


def test_a_finished_run_does_nothing_again(stream: Stream, tmp_path: Path) -> None:
    source, sink = source_file(tmp_path), outputs(tmp_path / "out")
    first = stream(divider(), source, sink, checkpoint=tmp_path / "c")
    before = {path: os.stat(path).st_mtime_ns for path in sink.values()}
    again = stream(divider(), source, sink, checkpoint=tmp_path / "c")

    assert (first.already_finished, again.already_finished) == (False, True)
    assert {path: os.stat(path).st_mtime_ns for path in sink.values()} == before
    assert (again.total_records, again.by_state) == (first.total_records, first.by_state)
    assert again.dead_letters == first.dead_letters
    check_sums(again, written=again.emitted, letters=len(lines_of(tmp_path / "out/out.dead.jsonl")))


def test_a_list_is_gone_on_with_where_it_was_left(stream: Stream, tmp_path: Path) -> None:
    records = [{"value": n, "n": n} for n in range(1, 500)]
    out = tmp_path / "out.jsonl"
    result = run_in_pieces(
        stream, [200], divider(), records, {"output": out}, checkpoint=tmp_path / "c"
    )

    assert result.resumed_at == 200
    assert [record["n"] for record in lines_of(out)] == list(range(1, 500))


def test_an_async_iterator_is_gone_on_with_where_it_was_left(
    stream: Stream, tmp_path: Path
) -> None:
    async def records() -> AsyncIterator[dict[str, int]]:
        for n in range(1, 500):
            yield {"value": n}

    out, options = {"output": tmp_path / "out.jsonl"}, {"checkpoint": tmp_path / "c"}
    with pytest.raises(StopHereError):
        stream(divider(), records(), out, on_progress=stop_after(200), **options)
    stream(divider(), records(), out, **options)

    assert [record["value"] for record in lines_of(out["output"])] == list(range(1, 500))


def test_an_iterator_that_gives_less_than_was_done_is_refused(
    stream: Stream, tmp_path: Path
) -> None:
    records = [{"value": n} for n in range(1, 500)]
    out, options = {"output": tmp_path / "out.jsonl"}, {"checkpoint": tmp_path / "c"}
    with pytest.raises(StopHereError):
        stream(divider(), iter(records), out, on_progress=stop_after(300), **options)

    with pytest.raises(SourceError, match="gave only 100 records, and 300 of it were done"):
        stream(divider(), iter(records[:100]), out, **options)


def test_a_source_that_raises_can_be_gone_on_with(stream: Stream, tmp_path: Path) -> None:
    def broken(until: int) -> Iterator[dict[str, int]]:
        for n in range(1, 500):
            if n == until:
                raise ConnectionError("the line is dead")
            yield {"value": n}

    out, options = {"output": tmp_path / "out.jsonl"}, {"checkpoint": tmp_path / "c"}
    with pytest.raises(ConnectionError):
        stream(divider(), broken(333), out, **options)
    assert not (tmp_path / "out.jsonl").exists()

    result = stream(divider(), broken(0), out, **options)
    assert result.resumed_at == 332
    assert len(lines_of(out["output"])) == 499


def test_an_array_that_is_cut_off_is_gone_on_with_behind_its_end(
    stream: Stream, tmp_path: Path
) -> None:
    """What is missing is a record of its own, and stands behind the last byte."""
    source, sink = tmp_path / "in.json", {"output": tmp_path / "out.jsonl"}
    source.write_text('[{"value": 1}')
    result = run_in_pieces(stream, [2], divider(), source, sink, checkpoint=tmp_path / "c")

    (letter,) = lines_of(tmp_path / "out.dead.jsonl")
    assert (result.resumed_at, result.successful, result.malformed) == (2, 1, 1)
    assert letter["position"]["offset"] == len(source.read_bytes())
    assert [record["share"] for record in lines_of(sink["output"])] == [12]


def test_pipelines_are_gone_on_with(tmp_path: Path) -> None:
    source, out = source_file(tmp_path), tmp_path / "out.jsonl"
    whole = tmp_path / "whole.jsonl"
    add = one_state("lambda state: {**state.data, 'seen': True}")
    pipeline = SimpleFSM(divider()) | SimpleFSM(add)
    pipeline.process_stream(source, whole)
    with pytest.raises(StopHereError):
        pipeline.process_stream(
            source, out, on_progress=stop_after(1500), checkpoint=tmp_path / "c"
        )
    result = pipeline.process_stream(source, out, checkpoint=tmp_path / "c")

    assert out.read_bytes() == whole.read_bytes()
    assert result.resumed_at == 1500


def test_a_source_that_is_gathered_first_is_gone_on_with(stream: Stream, tmp_path: Path) -> None:
    source, whole, parts = source_file(tmp_path), tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    stream(divider(), source, whole)
    result = run_in_pieces(
        stream, [700], divider(), source, parts, checkpoint=tmp_path / "c", use_streaming=False
    )

    assert result.resumed_at == 700
    assert parts.read_bytes() == whole.read_bytes()


def test_what_was_done_before_time_was_up_is_kept(stream: Stream, tmp_path: Path) -> None:
    def wait_at(progress: Progress) -> None:
        if progress.records_processed == 1000:
            time.sleep(0.4)

    source, out = source_file(tmp_path), tmp_path / "out.jsonl"
    options = {"checkpoint": tmp_path / "c"}
    with pytest.raises(StreamTimeoutError) as caught:
        stream(divider(), source, out, timeout=0.3, on_progress=wait_at, **options)
    result = stream(divider(), source, out, **options)

    assert caught.value.last_checkpoint == result.resumed_at
    assert result.resumed_at is not None and 0 < result.resumed_at <= 1000
    assert result.total_records == COUNT


def test_an_empty_source_gives_empty_outputs_and_is_done(stream: Stream, tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.touch()
    first = stream(divider(), source, out, checkpoint=tmp_path / "c")
    again = stream(divider(), source, out, checkpoint=tmp_path / "c")

    assert (first.total_records, out.read_bytes()) == (0, b"")
    assert again.already_finished


def test_dead_letters_tell_the_same_places(
    stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    source, whole, parts = source_file(tmp_path), outputs(tmp_path / "a"), outputs(tmp_path / "b")
    stream(divider(), source, whole)
    options = {"stream_config": on_workers(parallelism, chunk_size=50)}
    run_in_pieces(
        stream, [200, 1700], divider(), source, parts, checkpoint=tmp_path / "c", **options
    )
    letters = [lines_of(folder / "out.dead.jsonl") for folder in (tmp_path / "a", tmp_path / "b")]

    assert letters[0] == letters[1]
    assert [letter["position"]["record"] for letter in letters[0]][:3] == [0, 50, 100]


# -- refusals ------------------------------------------------------------------------------


def left_on_the_way(stream: Stream, folder: Path) -> tuple[Path, dict[str, Path], dict[str, Any]]:
    source, sink = source_file(folder), outputs(folder / "out")
    options = {"checkpoint": folder / "c"}
    with pytest.raises(StopHereError):
        stream(divider(), source, sink, on_progress=stop_after(1000), **options)
    return source, sink, options


def test_a_changed_config_is_refused_naming_what_changed(stream: Stream, tmp_path: Path) -> None:
    source, sink, options = left_on_the_way(stream, tmp_path)
    changed = divider()
    changed["arcs"][0]["condition"] = "lambda s: s.data['value'] < -5"

    with pytest.raises(UsageError, match="arc 'input->negative' has changed") as caught:
        stream(changed, source, sink, **options)
    assert "accept_changes" in str(caught.value)

    result = stream(changed, source, sink, accept_changes=True, **options)
    assert result.total_records == COUNT
    assert stream(changed, source, sink, **options).already_finished


def test_a_state_that_is_new_and_one_that_is_gone_are_named(stream: Stream, tmp_path: Path) -> None:
    source, sink, options = left_on_the_way(stream, tmp_path)
    changed = divider()
    changed["states"][2]["name"] = "minus"
    changed["arcs"][0]["to"] = "minus"

    with pytest.raises(UsageError, match="state 'negative' is gone") as caught:
        stream(changed, source, {"output": sink["output"], "minus": sink["negative"]}, **options)
    assert "state 'minus' is new" in str(caught.value)


def test_a_changed_source_is_refused_naming_what_changed(stream: Stream, tmp_path: Path) -> None:
    source, sink, options = left_on_the_way(stream, tmp_path)
    size = source.stat().st_size
    with source.open("a") as file:
        file.write('\n{"value": 1}')

    with pytest.raises(UsageError, match=f"size was {size} and is {size + 13}"):
        stream(divider(), source, sink, **options)
    result = stream(divider(), source, sink, accept_changes=True, **options)
    assert result.total_records == COUNT + 1


def test_a_source_that_is_shorter_than_what_was_done_cannot_be_accepted(
    stream: Stream, tmp_path: Path
) -> None:
    source, sink, options = left_on_the_way(stream, tmp_path)
    source.write_bytes(source.read_bytes()[:100])

    with pytest.raises(SourceError, match=r"has 100 bytes; \d+ of it were read before"):
        stream(divider(), source, sink, accept_changes=True, **options)


def test_other_outputs_cannot_be_accepted(stream: Stream, tmp_path: Path) -> None:
    source, sink, options = left_on_the_way(stream, tmp_path)

    with pytest.raises(UsageError, match="is of a run with other outputs"):
        stream(divider(), source, {"output": sink["output"]}, accept_changes=True, **options)


@pytest.mark.parametrize("damage", ["shortened", "edited", "removed"])
def test_an_output_that_is_not_what_it_was_is_refused(
    damage: str, stream: Stream, tmp_path: Path
) -> None:
    source, sink, options = left_on_the_way(stream, tmp_path)
    partial = tmp_path / "out/.out.jsonl.partial"
    content = partial.read_bytes()
    match damage:
        case "shortened":
            partial.write_bytes(content[:-10])
        case "edited":
            partial.write_bytes(b"X" + content[1:])
        case "removed":
            partial.unlink()

    with pytest.raises(SinkError, match=r"out\.jsonl is not what the checkpoint says"):
        stream(divider(), source, sink, **options)


def test_what_was_written_behind_the_last_commit_is_cut_off(stream: Stream, tmp_path: Path) -> None:
    source, sink, options = left_on_the_way(stream, tmp_path)
    with (tmp_path / "out/.out.jsonl.partial").open("ab") as file:
        file.write(b'{"torn": ')
    stream(divider(), source, sink, **options)
    stream(divider(), source, whole := outputs(tmp_path / "whole"))

    assert sink["output"].read_bytes() == whole["output"].read_bytes()


def test_a_second_run_is_refused_and_names_the_first(stream: Stream, tmp_path: Path) -> None:
    source, sink = source_file(tmp_path), outputs(tmp_path / "out")
    refusals: list[str] = []

    def run_another(progress: Progress) -> None:
        if not refusals:
            with pytest.raises(CheckpointError) as caught:
                stream_again()
            refusals.append(str(caught.value))

    def stream_again() -> None:
        blocking_stream(divider(), source, sink, checkpoint=tmp_path / "c")

    result = stream(divider(), source, sink, checkpoint=tmp_path / "c", on_progress=run_another)

    assert f"process {os.getpid()} is working on the checkpoint" in refusals[0]
    assert result.total_records == COUNT


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"stream_config": StreamConfig(ordered=False)}, "needs the order of the input"),
        ({"accept_changes": "yes"}, "accept_changes must be True or False"),
        ({"checkpoint": 5}, "must be the path of a directory"),
        ({"checkpoint": None, "take_over": True}, "take_over is for a stream with a checkpoint"),
    ],
)
def test_what_does_not_go_with_a_checkpoint_is_refused(
    options: dict[str, Any], said: str, stream: Stream, tmp_path: Path
) -> None:
    source = write_lines(tmp_path / "in.jsonl", [{"value": 1}])
    given = {"checkpoint": tmp_path / "c", **options}

    with pytest.raises(UsageError, match=said):
        stream(divider(), source, tmp_path / "out.jsonl", **given)


def test_a_sink_that_is_no_file_is_refused(stream: Stream, tmp_path: Path) -> None:
    seen: list[Any] = []

    with pytest.raises(UsageError, match="every sink must be a file"):
        stream(divider(), [{"value": 1}], seen.append, checkpoint=tmp_path / "c")
    with pytest.raises(SinkError, match="it is no regular file"):
        stream(
            divider(),
            [{"value": 1}],
            "/dev/null",
            output_format="jsonl",
            checkpoint=tmp_path / "d",
            dead_letters=None,
        )


def test_a_source_that_cannot_be_read_again_is_refused(stream: Stream, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "in.jsonl")

    with pytest.raises(UsageError, match="cannot be read again"):
        stream(divider(), tmp_path / "in.jsonl", tmp_path / "out.jsonl", checkpoint=tmp_path / "c")


def test_a_directory_that_cannot_be_used_is_named(stream: Stream, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    for place in (tmp_path / "file", tmp_path / "no/such/folder"):
        with pytest.raises(CheckpointError, match="cannot use the checkpoint directory"):
            stream(divider(), [{"value": 1}], tmp_path / "out.jsonl", checkpoint=place)


def test_progress_tells_what_is_committed(stream: Stream, tmp_path: Path) -> None:
    seen: list[Progress] = []
    source, sink = source_file(tmp_path), outputs(tmp_path / "out")
    stream(divider(), source, sink, on_progress=seen.append, checkpoint=tmp_path / "c")

    assert all((p.committed_records or 0) <= p.records_processed for p in seen)
    assert all(p.committed_records is not None for p in seen)


# -- records that workers die of --------------------------------------------------------------


def test_deliveries_to_workers_that_die_are_counted_across_runs(tmp_path: Path) -> None:
    victims = Victims(tmp_path)
    source = write_source(tmp_path / "in.jsonl", poisoned(40, {17}))
    config = on_workers(2, chunk_size=10, max_deliveries=3)
    out, checkpoint = tmp_path / "out.jsonl", str(tmp_path / "c")
    with pytest.raises(StopHereError):
        blocking_stream(
            one_state(victims.harmless),
            source,
            out,
            stream_config=config,
            checkpoint=checkpoint,
            on_progress=stop_after(10),
        )
    store = CheckpointDb(checkpoint)
    store.note(sum(map(len, source.read_bytes().splitlines(keepends=True)[:17])), 2)
    store.close()
    result = blocking_stream(
        one_state(victims.run),
        source,
        out,
        stream_config=config,
        checkpoint=checkpoint,
        accept_changes=True,
    )

    assert victims.numbers == [17]  # the third delivery, and known at once
    assert (result.total_records, result.failed) == (40, 1)
    assert result.errors[0].error_type == "WorkerDiedError"
