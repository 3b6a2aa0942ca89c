"""Every row of the documented methods, by its name, on both kinds of FSM: what it does and gives.

The keys of a config are in `test_api_config.py`, the fields of `CoreStreamConfig` in
`test_every_stream_option.py`.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import statepipe
from statepipe import AsyncSimpleFSM, CoreStreamConfig, DataHandlingMode, SimpleFSM, UsageError
from statepipe.testing import CollectingSink, MemorySource
from tests.api.conftest import Alike
from tests.behaviour.own import dawdle

ADD = "{**data, 'n': data['n'] + 1}"
Make = Callable[..., Any]


@pytest.fixture(params=[SimpleFSM, AsyncSimpleFSM])
def make(request: pytest.FixtureRequest) -> Make:
    return lambda *given, **options: Alike(request.param, *given, **options)


def flow(transform: Any = ADD, **state: Any) -> dict[str, Any]:
    return {
        "name": "Contract",
        "states": [
            {"name": "a", "is_start": True, "transform": transform, **state},
            {"name": "z", "is_end": True},
            {"name": "quiet", "is_end": True, "emit_output": False},
        ],
        "arcs": [
            {"from": "a", "to": "quiet", "condition": "data['n'] > 100"},
            {"from": "a", "to": "z"},
        ],
    }


# -- what a machine is made with -----------------------------------------------------------


def test_config_as_a_dict_or_a_path(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "flow.json"
    path.write_text(json.dumps(flow()))

    assert [make(given).process({"n": 1}).data for given in (flow(), path, str(path))] == [
        {"n": 2}
    ] * 3


@pytest.mark.parametrize("mode", DataHandlingMode)
def test_data_mode(make: Make, mode: DataHandlingMode) -> None:
    given = {"n": 1}
    make(flow(), data_mode=mode).process(given)

    assert given["n"] == (2 if mode is DataHandlingMode.DIRECT else 1)


def test_resources(make: Make) -> None:
    fsm = make(flow("{'n': state.resources['r']}"), resources={"r": 7})

    assert fsm.process({}).data == {"n": 7}


def test_custom_functions(make: Make) -> None:
    fsm = make(flow("mine"), custom_functions={"mine": lambda state: {"n": 8}})

    assert fsm.process({}).data == {"n": 8}


def test_stream_config_of_a_machine(make: Make) -> None:
    fsm = make(flow(), stream_config=CoreStreamConfig(chunk_size=2))

    assert fsm.process_stream([{"n": 1}] * 5).chunks == 3


def test_trusted(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "flow.json"
    path.write_text(json.dumps(flow("{'n': 1 if open else 0}")))

    with pytest.raises(statepipe.ConfigError, match="trust"):
        make(path)
    assert make(path, trusted=True).process({"n": 5}).data == {"n": 1}


# -- process -------------------------------------------------------------------------------


def test_process_data(make: Make) -> None:
    result = make(flow()).process({"n": 1})

    assert (result.final_state, result.data, result.path) == ("z", {"n": 2}, ["a", "z"])


def test_process_initial_state(make: Make) -> None:
    result = make(flow()).process({"n": 1}, initial_state="quiet")

    assert (result.path, result.data) == (["quiet"], {"n": 1})


def test_process_timeout_really_ends_the_work(make: Make) -> None:
    result = make(flow(dawdle)).process({"n": 1}, timeout=0.02)

    assert (result.success, result.error_type) == (False, "RecordTimeoutError")


RESULT = {
    "final_state": ("z", "a"),
    "data": ({"n": 2}, {"m": 1}),
    "path": (["a", "z"], ["a"]),
    "success": (True, False),
    "error": (None, "KeyError: 'n'"),
    "error_type": (None, "KeyError"),
    "error_state": (None, "a"),
    "metadata": (
        {"machine": "Contract", "network": "main", "transitions": 1},
        {"machine": "Contract", "network": "main", "transitions": 0},
    ),
}


@pytest.mark.parametrize("key", RESULT)
def test_result_of_a_record(make: Make, key: str) -> None:
    for record, expected in zip(({"n": 1}, {"m": 1}), RESULT[key], strict=True):
        result = make(flow()).process(record)

        assert result[key] == getattr(result, key) == expected


# -- process_batch -------------------------------------------------------------------------


def test_process_batch_gives_results_in_input_order_path_included(make: Make) -> None:
    results = make(flow()).process_batch([{"n": n} for n in (1, 200, 3)])

    assert [result.data["n"] for result in results] == [2, 201, 4]
    assert [result.path[-1] for result in results] == ["z", "quiet", "z"]


def test_process_batch_batch_size_and_on_progress(make: Make) -> None:
    told: list[Any] = []
    make(flow()).process_batch([{"n": 1}] * 5, batch_size=2, on_progress=told.append)

    assert [p.records_processed for p in told] == [2, 4, 5]


def test_process_batch_max_workers(make: Make) -> None:
    async def together(state: Any) -> Any:
        together.now += 1  # type: ignore[attr-defined]  # a function may have attributes
        most.append(together.now)  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        together.now -= 1  # type: ignore[attr-defined]
        return state.data

    most: list[int] = []
    together.now = 0  # type: ignore[attr-defined]
    make(flow(together)).process_batch([{"n": 1}] * 9, max_workers=3)

    assert max(most) == 3


# -- process_stream ------------------------------------------------------------------------


async def three_async() -> Any:
    for n in range(3):
        yield {"n": n}


def file_of(
    folder: Path, name: str = "in.jsonl", text: str = '{"n":0}\n{"n":1}\n{"n":2}\n'
) -> Path:
    path = folder / name
    path.write_text(text)
    return path


SOURCES: dict[str, Callable[[Path], Any]] = {
    "a path": file_of,
    "a path as text": lambda folder: str(file_of(folder)),
    "an async iterator": lambda _: three_async(),
    "an iterable": lambda _: ({"n": n} for n in range(3)),
    "a source object": lambda _: MemorySource([{"n": n} for n in range(3)]),
}


@pytest.mark.parametrize("row", SOURCES)
def test_source(make: Make, row: str, tmp_path: Path) -> None:
    kept: list[Any] = []
    result = make(flow()).process_stream(SOURCES[row](tmp_path), kept.append)

    assert (result.total_records, kept) == (3, [{"n": 1}, {"n": 2}, {"n": 3}])


@pytest.mark.parametrize("row", ["path", "callable", "async callable", "object", "mapping"])
def test_sink(make: Make, row: str, tmp_path: Path) -> None:
    kept: list[Any] = []
    path, sink = tmp_path / "out.jsonl", CollectingSink()

    async def keep(record: Any) -> None:
        kept.append(record)

    sinks: dict[str, Any] = {
        "path": path,
        "callable": kept.append,
        "async callable": keep,
        "object": sink,
        "mapping": {"z": kept.append, "quiet": path},
    }
    make(flow()).process_stream([{"n": 1}, {"n": 200}], sinks[row])

    written = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    assert (
        kept + list(sink.records) + written
        == [{"n": 2}, {"n": 201}][: 2 if row == "mapping" else 1]
    )


def test_sink_none(make: Make) -> None:
    assert make(flow()).process_stream([{"n": 1}], None).successful == 1


def test_chunk_size(make: Make) -> None:
    assert make(flow()).process_stream([{"n": 1}] * 5, chunk_size=2).chunks == 3


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_on_progress_is_called_once_per_chunk(make: Make, kind: str) -> None:
    told: list[Any] = []

    async def tell(progress: Any) -> None:
        told.append(progress)

    callback: Any = told.append if kind == "sync" else tell
    make(flow()).process_stream([{"n": 1}] * 5, chunk_size=2, on_progress=callback)

    assert [p.chunks_processed for p in told] == [1, 2, 3]


@pytest.mark.parametrize(("streams", "read"), [(True, 2), (False, 6)])
def test_use_streaming(make: Make, streams: bool, read: int) -> None:
    given, at_first = [0], []

    def source() -> Any:
        for n in range(6):
            given[0] += 1
            yield {"n": n}

    def keep(_record: Any) -> None:
        at_first.append(given[0])

    make(flow()).process_stream(source(), keep, chunk_size=2, use_streaming=streams)

    assert at_first[0] == read


FORMATS: dict[str, tuple[str, str, dict[str, Any], list[Any]]] = {
    "input_format": ("in.data", '{"n":1}\n', {"input_format": "jsonl"}, [{"n": 1}]),
    "input_format: auto": ("in.csv", "n\n1\n", {}, [{"n": "1"}]),
    "text_field_name": ("in.txt", "x\n", {"text_field_name": "line"}, [{"line": "x"}]),
    "text_field_name: text": ("in.txt", "x\n", {}, [{"text": "x"}]),
    "csv_delimiter": ("in.csv", "n;m\n1;2\n", {"csv_delimiter": ";"}, [{"n": "1", "m": "2"}]),
    "csv_has_header": (
        "in.csv",
        "1,2\n",
        {"csv_has_header": False},
        [{"column_1": "1", "column_2": "2"}],
    ),
    "skip_empty_lines: true": ("in.txt", "x\n\ny\n", {}, [{"text": "x"}, {"text": "y"}]),
    "skip_empty_lines: false": (
        "in.txt",
        "x\n\ny\n",
        {"skip_empty_lines": False},
        [{"text": "x"}, {"text": ""}, {"text": "y"}],
    ),
}


@pytest.mark.parametrize("row", FORMATS)
def test_format(make: Make, row: str, tmp_path: Path) -> None:
    name, text, options, records = FORMATS[row]
    kept: list[Any] = []
    config = {"states": {"only": {"start": True, "end": True}}}
    make(config).process_stream(file_of(tmp_path, name, text), kept.append, **options)

    assert kept == records


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("out.data", {"output_format": "csv"}, "n\n2\n"),
        ("out.csv", {}, "n\n2\n"),
        ("out.json", {}, '[{"n":2}]'),
    ],
)
def test_output_format(make: Make, name: str, options: Any, text: str, tmp_path: Path) -> None:
    make(flow()).process_stream([{"n": 1}], tmp_path / name, **options)

    written = (tmp_path / name).read_text()
    assert "".join(written.split()) == "".join(text.split())


def test_stream_config_of_a_call_comes_before_the_machine_s(make: Make) -> None:
    fsm = make(flow(), stream_config=CoreStreamConfig(chunk_size=2))
    options = CoreStreamConfig(chunk_size=5)

    assert fsm.process_stream([{"n": 1}] * 5, stream_config=options).chunks == 1


def test_timeout_of_a_stream(make: Make) -> None:
    with pytest.raises(statepipe.StreamTimeoutError):
        make(flow()).process_stream(({"n": n} for n in iter(int, 1)), timeout=0.05)


# -- what a stream gives -------------------------------------------------------------------


def mixed(make: Make, folder: Path, told: list[Any] | None = None) -> Any:
    """Six lines: two to `z`, one to `quiet`, two that fail, one that is malformed."""
    text = '{"n":1}\n{"n":2}\n{"n":200}\n{"m":1}\n{"m":2}\n{\n'
    source, options = file_of(folder, text=text), {"chunk_size": 4}
    tell = None if told is None else told.append
    return make(flow()).process_stream(source, folder / "out.jsonl", on_progress=tell, **options)


STREAM: dict[str, Any] = {
    "total_records": 6,
    "total_processed": 6,
    "successful": 3,
    "failed": 3,
    "malformed": 1,
    "emitted": 2,
    "excluded_by_state": {"quiet": 1},
    "by_state": {"z": 2, "quiet": 1},
    "paused_s": 0.0,
}


@pytest.mark.parametrize("key", STREAM)
def test_result_of_a_stream(make: Make, key: str, tmp_path: Path) -> None:
    result = mixed(make, tmp_path)

    assert result[key] == getattr(result, key) == STREAM[key]


def test_result_of_a_stream_duration_and_throughput(make: Make, tmp_path: Path) -> None:
    result = mixed(make, tmp_path)

    assert 0 < result.duration < 60
    assert result["throughput"] == pytest.approx(6 / result["duration"])


def test_result_of_a_stream_errors_are_a_bounded_list(make: Make, tmp_path: Path) -> None:
    kinds = [error.error_type for error in mixed(make, tmp_path).errors]

    assert kinds == ["KeyError", "KeyError", "MalformedRecord"]
    assert len(make(flow()).process_stream([{}] * 500).errors) == 100


def test_result_of_a_stream_peak_memory_mb(make: Make, tmp_path: Path) -> None:
    assert 5 < mixed(make, tmp_path).peak_memory_mb < 10_000


PROGRESS: dict[str, list[Any]] = {
    "chunks_processed": [1, 2],
    "records_processed": [4, 6],
    "bytes_processed": [34, 44],
    "total_bytes": [44, 44],
    "successful": [3, 3],
    "failed": [1, 3],
    "by_state": [{"z": 2, "quiet": 1}, {"z": 2, "quiet": 1}],
    "paused_s": [0.0, 0.0],
}


@pytest.mark.parametrize("key", PROGRESS)
def test_progress(make: Make, key: str, tmp_path: Path) -> None:
    told: list[Any] = []
    mixed(make, tmp_path, told)

    assert [getattr(progress, key) for progress in told] == PROGRESS[key]


def test_progress_errors(make: Make, tmp_path: Path) -> None:
    told: list[Any] = []
    mixed(make, tmp_path, told)

    assert [len(progress.errors) for progress in told] == [1, 3]


def test_progress_times_and_rates(make: Make, tmp_path: Path) -> None:
    told: list[Any] = []
    mixed(make, tmp_path, told)
    last = told[-1]

    assert 0 < told[0].elapsed_time <= last.elapsed_time
    assert last.records_per_second == pytest.approx(6 / last.elapsed_time)
    assert last.chunks_per_second == pytest.approx(2 / last.elapsed_time)
    assert (told[0].eta_s > 0, last.eta_s) == (True, 0.0)


def test_progress_in_flight(make: Make) -> None:
    told: list[Any] = []
    source = ({"n": n} for n in range(6))
    make(flow()).process_stream(source, chunk_size=2, on_progress=told.append)

    assert told[-1].in_flight == 0
    assert all(0 <= progress.in_flight <= 6 for progress in told)


# -- the rest ------------------------------------------------------------------------------


def test_validate(make: Make) -> None:
    fsm = make(flow(validators="(data['n'] > 5, 'too small')"))
    good, bad = fsm.validate({"n": 9}), fsm.validate({"n": 1})

    assert (bool(good), good.errors, good["valid"], good["errors"]) == (True, [], True, [])
    assert (bool(bad), bad.errors, bad["valid"], bad["errors"]) == (
        False,
        ["too small"],
        False,
        ["too small"],
    )


def test_get_states_get_resources_and_config(make: Make) -> None:
    fsm = make(flow(), resources={"r": 1})

    assert fsm.get_states() == ["a", "z", "quiet"]
    assert fsm.get_resources() == ["r"]
    assert fsm.config["name"] == "Contract"


@pytest.mark.parametrize("way", ["close", "aclose"])
def test_closing(make: Make, way: str) -> None:
    fsm = make(flow())
    for _ in range(2):
        getattr(fsm, way)()

    with pytest.raises(UsageError, match="'Contract' is closed"):
        fsm.process({"n": 1})


def test_with() -> None:
    with SimpleFSM(flow()) as fsm:
        assert fsm.process({"n": 1}).success
    with pytest.raises(UsageError, match="is closed"):
        fsm.process({"n": 1})


async def test_async_with() -> None:
    async with AsyncSimpleFSM(flow()) as fsm:
        assert (await fsm.process({"n": 1})).success
    with pytest.raises(UsageError, match="is closed"):
        await fsm.process({"n": 1})


FUNCTIONS: dict[str, Callable[[Path], Any]] = {
    "create_fsm": lambda _: statepipe.create_fsm(flow()).process({"n": 1}).data["n"],
    "create_async_fsm": lambda _: statepipe.create_async_fsm(flow()).process({"n": 1}),
    "process_file": lambda folder: statepipe.process_file(flow(), file_of(folder)).successful - 1,
    "batch_process": lambda _: statepipe.batch_process(flow(), [{"n": 1}])[0].data["n"],
    "validate_data": lambda _: 2 if statepipe.validate_data(flow(), {"n": 1}) else 0,
}


@pytest.mark.parametrize("row", FUNCTIONS)
def test_module_function(row: str, tmp_path: Path) -> None:
    given = FUNCTIONS[row](tmp_path)

    assert (asyncio.run(given).data["n"] if inspect.iscoroutine(given) else given) == 2
