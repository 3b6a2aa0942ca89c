"""The mission's example: its functions do what its document says, on real files."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from examples.end_to_end_streaming import (
    create_streaming_fsm_config,
    example_file_to_file_streaming,
    example_generator_to_file_streaming,
    example_pipeline_streaming,
    generate_streaming_data,
    write_input_file,
)
from statepipe import AsyncSimpleFSM, CoreStreamConfig

EXAMPLE = Path(__file__).parent.parent / "examples" / "end_to_end_streaming.py"


def write_records(path: Path, records: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return str(path)


def read_records(path: Path | str) -> list[dict[str, Any]]:
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def numbered_records(count: int) -> list[dict[str, Any]]:
    return [{"id": i, "value": i * 100, "category": f"cat_{i % 3}"} for i in range(count)]


async def test_file_to_file_streaming_transforms_every_record(tmp_path: Path) -> None:
    input_file = write_records(tmp_path / "input.jsonl", numbered_records(10))
    output_file = str(tmp_path / "output.jsonl")
    fsm = AsyncSimpleFSM(create_streaming_fsm_config())

    results = await fsm.process_stream(
        source=input_file, sink=output_file, chunk_size=5, use_streaming=True
    )
    output_records = read_records(output_file)

    assert results["total_records"] == 10
    assert results["successful"] == 10
    assert results["failed"] == 0
    assert len(output_records) == 10
    for record in output_records:
        assert "original_value" in record
        assert "doubled_value" in record
        assert "value_tier" in record
        assert record["status"] == "processed"


async def test_a_record_gets_every_field_with_its_value(tmp_path: Path) -> None:
    source = write_records(
        tmp_path / "input.jsonl", [{"id": 7, "value": 20, "category": "a", "extra": True}]
    )
    sink = tmp_path / "output.jsonl"

    await AsyncSimpleFSM(create_streaming_fsm_config()).process_stream(source, str(sink))

    assert read_records(sink) == [
        {
            "id": 7,
            "original_value": 20,
            "doubled_value": 40,
            "squared_value": 400,
            "category": "a",
            "status": "processed",
            "value_tier": "low",
            "risk_score": 4.0,
        }
    ]


@pytest.mark.parametrize(
    ("value", "tier", "risk_score"),
    [
        (0, "low", 0.0),
        (1000, "low", 100),
        (1001, "medium", 100),
        (5000, "medium", 100),
        (5001, "high", 100),
    ],
)
async def test_the_tier_changes_just_above_its_border(
    tmp_path: Path, value: int, tier: str, risk_score: float
) -> None:
    source = write_records(tmp_path / "in.jsonl", [{"id": 1, "value": value, "category": "a"}])
    sink = tmp_path / "out.jsonl"

    await AsyncSimpleFSM(create_streaming_fsm_config()).process_stream(source, str(sink))
    (record,) = read_records(sink)

    assert (record["value_tier"], record["risk_score"]) == (tier, risk_score)


async def test_output_keeps_the_order_of_the_input(tmp_path: Path) -> None:
    source = write_records(tmp_path / "in.jsonl", numbered_records(101))
    sink = tmp_path / "out.jsonl"

    await AsyncSimpleFSM(create_streaming_fsm_config()).process_stream(
        source, str(sink), chunk_size=7
    )

    assert [record["id"] for record in read_records(sink)] == list(range(101))


async def test_negative_and_missing_values_go_to_the_error_state(tmp_path: Path) -> None:
    source = write_records(
        tmp_path / "in.jsonl",
        [
            {"id": 0, "value": 5, "category": "a"},
            {"id": 1, "value": -5, "category": "a"},
            {"id": 2, "category": "a"},
            {"id": 3, "value": None, "category": "a"},
        ],
    )
    sink = tmp_path / "out.jsonl"

    results = await AsyncSimpleFSM(create_streaming_fsm_config()).process_stream(source, str(sink))
    records = read_records(sink)

    assert results["total_records"] == 4
    assert results["successful"] == 4
    assert results["failed"] == 0
    assert results["by_state"] == {"output": 1, "error": 3}
    assert records[0]["status"] == "processed"
    assert [record["valid"] for record in records[1:]] == [False, False, False]
    assert records[1] == {"id": 1, "value": -5, "category": "a", "valid": False}


async def test_error_records_can_have_their_own_sink(tmp_path: Path) -> None:
    source = write_records(
        tmp_path / "in.jsonl",
        [{"id": 0, "value": 5, "category": "a"}, {"id": 1, "value": -5, "category": "a"}],
    )
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"

    await AsyncSimpleFSM(create_streaming_fsm_config()).process_stream(
        source, {"output": str(good), "error": str(bad)}
    )

    assert [record["id"] for record in read_records(good)] == [0]
    assert [record["id"] for record in read_records(bad)] == [1]


async def test_malformed_lines_are_skipped_without_a_crash_and_counted(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(
        '{"id": 0, "value": 1, "category": "a"}\n'
        "{not json\n"
        '{"id": 2, "value": 3, "category": "b"}\n',
        encoding="utf-8",
    )
    sink = tmp_path / "out.jsonl"

    results = await AsyncSimpleFSM(create_streaming_fsm_config()).process_stream(
        str(source), str(sink)
    )

    assert results["total_records"] == 3
    assert results["successful"] == 2
    assert results["failed"] == 1
    assert results["malformed"] == 1
    assert [record["id"] for record in read_records(sink)] == [0, 2]


async def test_a_failing_record_does_not_stop_the_stream(tmp_path: Path) -> None:
    source = write_records(
        tmp_path / "in.jsonl",
        [{"id": 0, "value": 1}, {"id": 1, "value": 2, "category": "a"}],
    )
    sink = tmp_path / "out.jsonl"

    results = await AsyncSimpleFSM(create_streaming_fsm_config()).process_stream(source, str(sink))

    assert (results["successful"], results["failed"]) == (1, 1)
    assert "category" in str(results["errors"][0])
    assert [record["id"] for record in read_records(sink)] == [1]


async def test_the_generator_yields_every_record_once() -> None:
    records = [record async for record in generate_streaming_data(count=25, chunk_size=10)]

    assert [record["id"] for record in records] == list(range(25))
    assert records[3] == {"id": 3, "value": 30, "category": "cat_3", "status": "pending"}


async def test_a_generator_streams_into_a_file(tmp_path: Path) -> None:
    sink = tmp_path / "realtime.jsonl"
    fsm = AsyncSimpleFSM(create_streaming_fsm_config())

    results = await fsm.process_stream(
        source=generate_streaming_data(count=50, chunk_size=10), sink=str(sink), chunk_size=5
    )

    assert results["total_records"] == 50
    assert [record["doubled_value"] for record in read_records(sink)] == [i * 20 for i in range(50)]


async def test_progress_is_told_once_per_chunk(tmp_path: Path) -> None:
    source = write_records(tmp_path / "in.jsonl", numbered_records(20))
    seen: list[tuple[int, int]] = []

    await AsyncSimpleFSM(create_streaming_fsm_config()).process_stream(
        source,
        str(tmp_path / "out.jsonl"),
        chunk_size=5,
        on_progress=lambda p: seen.append((p.chunks_processed, p.records_processed)),
    )

    assert seen == [(1, 5), (2, 10), (3, 15), (4, 20)]


async def test_progress_holds_what_the_document_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def track_progress(progress: Any) -> None:
        print(f"Chunks: {progress.chunks_processed}")
        print(f"Records: {progress.records_processed}")
        print(f"Rate: {progress.records_per_second:.2f} rec/s")
        print(f"Errors: {len(progress.errors)}")

    data_source = write_records(tmp_path / "in.jsonl", numbered_records(10))
    await AsyncSimpleFSM(create_streaming_fsm_config()).process_stream(
        source=data_source, sink=str(tmp_path / "out.jsonl"), on_progress=track_progress
    )
    lines = capsys.readouterr().out.splitlines()

    assert lines[:2] == ["Chunks: 1", "Records: 10"]
    assert float(lines[2].removeprefix("Rate: ").removesuffix(" rec/s")) > 0
    assert lines[3] == "Errors: 0"


async def test_a_stream_never_holds_more_than_its_buffer() -> None:
    made, written, most_between = 0, 0, 0

    def long_source() -> Any:
        nonlocal made
        for made in range(1, 20_001):
            yield {"id": made, "value": made, "category": "a"}

    def count(_record: dict[str, Any]) -> None:
        nonlocal written, most_between
        written += 1
        most_between = max(most_between, made - written)

    results = await AsyncSimpleFSM(create_streaming_fsm_config()).process_stream(
        source=long_source(),
        sink=count,
        stream_config=CoreStreamConfig(chunk_size=10, buffer_size=100),
    )

    assert results["successful"] == written == 20_000
    assert most_between <= 110


@pytest.mark.parametrize(
    "stream_config",
    [
        CoreStreamConfig(
            chunk_size=100,
            parallelism=4,
            memory_limit_mb=1024,
            backpressure_threshold=5000,
        ),
        CoreStreamConfig(parallelism=4),
        CoreStreamConfig(buffer_size=10000),
    ],
)
async def test_the_documented_stream_configs_work(
    tmp_path: Path, stream_config: CoreStreamConfig
) -> None:
    source = write_records(tmp_path / "in.jsonl", numbered_records(1000))
    sink = tmp_path / "out.jsonl"

    results = await AsyncSimpleFSM(create_streaming_fsm_config()).process_stream(
        source=source, sink=str(sink), stream_config=stream_config
    )

    assert results["successful"] == 1000
    assert [record["id"] for record in read_records(sink)] == list(range(1000))


async def test_the_result_reads_like_a_mapping(tmp_path: Path) -> None:
    source = write_records(tmp_path / "in.jsonl", numbered_records(3))

    results = await AsyncSimpleFSM(create_streaming_fsm_config()).process_stream(source, None)

    assert results.get("total_records", 0) == 3
    assert results.get("successful", 0) == 3
    assert results.get("failed", 0) == 0
    assert results.get("no such key", "default") == "default"


async def test_the_file_example_prints_its_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_input_file(tmp_path / "input.jsonl")

    await example_file_to_file_streaming()
    lines = capsys.readouterr().out.splitlines()

    assert lines[0] == "Processed 10 records..."
    assert lines[-4:] == [
        "Streaming complete!",
        "Total records: 100",
        "Successful: 100",
        "Failed: 0",
    ]
    tiers = [record.get("value_tier") for record in read_records(tmp_path / "output.jsonl")]
    assert {tier: tiers.count(tier) for tier in set(tiers)} == {
        "low": 10,
        "medium": 36,
        "high": 45,
        None: 9,
    }


async def test_the_generator_example_writes_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    await example_generator_to_file_streaming()

    assert capsys.readouterr().out.endswith("Real-time processing complete!\n")
    assert len(read_records("realtime_output.jsonl")) == 50


async def test_the_pipeline_example_cleans_first_and_then_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    await example_pipeline_streaming()
    cleaned = read_records("stage1_output.jsonl")
    final = read_records("final_output.jsonl")

    assert [record["category"] for record in cleaned[:3]] == ["CAT_0", "CAT_1", "CAT_2"]
    assert all(isinstance(record["timestamp"], float) for record in cleaned)
    assert len(final) == 30
    assert {record["status"] for record in final} == {"processed"}


def test_the_script_runs_and_names_its_files(tmp_path: Path) -> None:
    out = tmp_path / "made" / "here"
    command = [sys.executable, str(EXAMPLE), "--out", str(out)]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.stderr == ""
    assert done.returncode == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "final_output.jsonl",
        "input.jsonl",
        "output.jsonl",
        "realtime_output.jsonl",
        "stage1_output.jsonl",
    ]
    assert f"{out / 'output.jsonl'}  (100 records)" in done.stdout
