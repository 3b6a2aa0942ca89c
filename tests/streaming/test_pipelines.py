"""Pipelines: `a | b` gives what a file in between would give."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statepipe import AsyncSimpleFSM, SimpleFSM, StreamConfig, StreamResult, UsageError
from tests.streaming.streams import check_sums, divider, lines_of, on_workers, write_lines


def cleaner() -> dict[str, Any]:
    """Return a machine that fails on text, drops what is odd, and may make a set."""
    return {
        "name": "Cleaner",
        "states": [
            {
                "name": "input",
                "is_start": True,
                "transform": "lambda s: {**s.data, 'value': s.data['value'] - 10,"
                " **({'set': {1}} if s.data['value'] == 17 else {})}",
            },
            {"name": "clean", "is_end": True},
            {"name": "dropped", "is_end": True, "emit_output": False},
        ],
        "arcs": [
            {"from": "input", "to": "dropped", "condition": "lambda s: s.data['value'] % 2"},
            {"from": "input", "to": "clean"},
        ],
    }


def piped(kind: Any, configs: list[Any], source: Any, sink: Any, **options: Any) -> StreamResult:
    machines = [kind(config) for config in configs]
    pipeline = machines[0]
    for machine in machines[1:]:
        pipeline = pipeline | machine
    if kind is SimpleFSM:
        result: StreamResult = pipeline.process_stream(source, sink, **options)
        return result

    async def run() -> StreamResult:
        done: StreamResult = await pipeline.process_stream(source, sink, **options)
        return done

    return asyncio.run(run())


VALUES = st.one_of(st.integers(0, 24), st.just("text"), st.integers(2**64, 2**70))
EXTRAS = st.sampled_from([None, 1.5, "\ud800", "\u2028", [[]], {"a": [1]}, 2**70])
LINES = st.one_of(
    st.builds(lambda value, extra: json.dumps({"value": value, "x": extra}), VALUES, EXTRAS),
    st.just("broken"),
)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=st.lists(LINES, max_size=30), chunk_size=st.integers(1, 9), workers=st.booleans())
def test_a_pipeline_gives_what_a_file_in_between_gives(
    lines: list[str], chunk_size: int, workers: bool, tmp_path: Path
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text("\n".join(lines))
    for path in tmp_path.glob("*.dead.jsonl"):
        path.unlink()
    first = SimpleFSM(cleaner()).process_stream(source, tmp_path / "between.jsonl")
    second = SimpleFSM(divider()).process_stream(tmp_path / "between.jsonl", tmp_path / "a.jsonl")

    config = on_workers(2 if workers and len(lines) % 4 == 0 else 1, chunk_size=chunk_size)
    both = piped(
        SimpleFSM, [cleaner(), divider()], source, tmp_path / "b.jsonl", stream_config=config
    )

    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert both.failed == first.failed + second.failed
    assert both.malformed == first.malformed
    assert both.emitted == second.emitted
    dropped = first.by_state.get("dropped", 0)
    assert both.by_state.get("Cleaner:dropped", 0) == dropped
    assert sum(both.excluded_by_state.values()) == dropped
    messages = [
        letter["message"]
        for name in ("between.dead.jsonl", "a.dead.jsonl")
        for letter in lines_of(tmp_path / name)
    ]
    letters = lines_of(tmp_path / "b.dead.jsonl")
    assert sorted(letter["message"] for letter in letters) == sorted(messages)
    check_sums(both, written=second.emitted, letters=len(letters))


@pytest.mark.parametrize("kind", [SimpleFSM, AsyncSimpleFSM])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_dead_letter_names_the_machine_that_failed_and_the_source_s_record(
    kind: Any, workers: int, tmp_path: Path
) -> None:
    source = [{"value": value} for value in (14, "text", 11, 10, 16)]
    result = piped(
        kind,
        [cleaner(), divider()],
        source,
        tmp_path / "out.jsonl",
        chunk_size=2,
        stream_config=on_workers(workers),
    )

    letters = lines_of(tmp_path / "out.dead.jsonl")
    assert [letter["machine"] for letter in letters] == ["Cleaner", "Divider"]
    assert letters[0]["config_hash"] != letters[1]["config_hash"]
    assert [json.loads(letter["original"]) for letter in letters] == [source[1], source[3]]
    assert [letter["position"]["record"] for letter in letters] == [1, 3]
    assert result.by_state == {"output": 2, "Cleaner:dropped": 1}
    check_sums(result, written=2, letters=2)


@pytest.mark.parametrize("kind", [SimpleFSM, AsyncSimpleFSM])
def test_three_machines_in_a_row(kind: Any, tmp_path: Path) -> None:
    write_lines(tmp_path / "in.jsonl", [{"value": value} for value in (34, 36, 20)])
    plain = cleaner()
    plain["states"][0]["transform"] = "lambda s: {'value': s.data['value'] - 10}"

    result = piped(kind, [plain, plain, divider()], tmp_path / "in.jsonl", tmp_path / "out.jsonl")

    expected = [{"value": 14, "share": 12 / 14}, {"value": 16, "share": 0.75}]
    assert lines_of(tmp_path / "out.jsonl") == expected
    assert result.failed == 1


async def test_async_functions_in_one_of_the_machines() -> None:
    async def shift(state: Any) -> Any:
        await asyncio.sleep(0)
        return {"value": state["value"] + 1}

    shifting = cleaner()
    shifting["states"][0]["transform"] = shift
    seen: list[Any] = []
    pipeline = AsyncSimpleFSM(shifting) | AsyncSimpleFSM(divider())
    result = await pipeline.process_stream([{"value": n} for n in range(6)], seen.append)

    assert [record["value"] for record in seen] == [2, 4, 6]
    assert result.by_state == {"output": 3, "Cleaner:dropped": 3}


def test_a_blocking_and_an_async_machine_are_no_pipeline() -> None:
    with pytest.raises(TypeError):
        SimpleFSM(divider()) | AsyncSimpleFSM(divider())  # type: ignore[operator]
    with pytest.raises(TypeError):
        AsyncSimpleFSM(divider()) | SimpleFSM(divider())  # type: ignore[operator]


def test_a_closed_machine_cannot_stand_in_a_pipeline() -> None:
    first, second = SimpleFSM(cleaner()), SimpleFSM(divider())
    second.close()

    with pytest.raises(UsageError, match="'Divider' is closed"):
        (first | second).process_stream([])


def test_a_state_s_own_sink_before_another_machine_is_not_yet_possible(tmp_path: Path) -> None:
    config = cleaner()
    config["states"][1]["sink"] = str(tmp_path / "clean.jsonl")

    with pytest.raises(UsageError, match="'clean' has a sink of its own: not yet possible"):
        (SimpleFSM(config) | SimpleFSM(divider())).process_stream([])


def test_a_pipeline_takes_its_options_from_its_first_machine() -> None:
    first = SimpleFSM(cleaner(), stream_config=StreamConfig(chunk_size=2))
    result = (first | SimpleFSM(divider())).process_stream([{"value": n} for n in range(10, 20)])

    assert result.chunks == 5
