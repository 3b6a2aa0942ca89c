"""The names, parameters and shapes that the documented API promises."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest

import statepipe
from statepipe import AsyncSimpleFSM, CoreStreamConfig, DataHandlingMode, Progress, SimpleFSM

BOTH = pytest.mark.parametrize("make", [SimpleFSM, AsyncSimpleFSM])


def one_state(**keys: Any) -> dict[str, Any]:
    return {"states": [{"name": "a", "is_start": True, "is_end": True, **keys}]}


def parameters(function: Any) -> dict[str, Any]:
    found = inspect.signature(function).parameters.values()
    return {one.name: one.default for one in found if one.name != "self"}


def names(text: str) -> set[str]:
    return set(text.split())


@BOTH
def test_a_machine_is_made_with_the_documented_parameters(make: Any) -> None:
    given = parameters(make)

    assert list(given) == [
        *("config", "data_mode", "resources", "custom_functions", "stream_config", "trusted")
    ]
    assert given["data_mode"] is DataHandlingMode.COPY
    assert {given[name] for name in list(given)[2:]} == {None}


@BOTH
def test_process_has_the_documented_parameters(make: Any) -> None:
    assert parameters(make.process) == {
        "data": inspect.Parameter.empty,
        "initial_state": None,
        "timeout": None,
    }


@BOTH
def test_process_batch_has_the_documented_parameters(make: Any) -> None:
    assert parameters(make.process_batch) == {
        "data": inspect.Parameter.empty,
        "batch_size": 10,
        "max_workers": 4,
        "on_progress": None,
    }


@BOTH
def test_process_stream_has_the_documented_parameters_in_order(make: Any) -> None:
    given = parameters(make.process_stream)
    documented = {
        "source": inspect.Parameter.empty,
        "sink": None,
        "chunk_size": None,  # so that a stream_config's own is not overruled
        "on_progress": None,
        "use_streaming": True,
        "input_format": "auto",
        "output_format": "auto",
        "text_field_name": "text",
        "csv_delimiter": ",",
        "csv_has_header": True,
        "skip_empty_lines": True,
        "stream_config": None,
        "timeout": None,
    }

    assert list(given)[: len(documented)] == list(documented)
    assert {name: given[name] for name in documented} == documented


def test_a_chunk_holds_100_records_unless_told_otherwise() -> None:
    assert SimpleFSM(one_state()).process_stream([{}] * 250).chunks == 3
    assert CoreStreamConfig().chunk_size == 100


def test_a_stream_config_has_the_documented_fields() -> None:
    documented = names(
        """chunk_size buffer_size parallelism memory_limit_mb backpressure_threshold
        timeout_seconds retry_on_error max_retries ordered"""
    )

    assert documented <= set(parameters(CoreStreamConfig))
    assert statepipe.StreamConfig is CoreStreamConfig


def test_a_result_of_one_record_is_a_mapping_with_attributes() -> None:
    result = SimpleFSM(one_state()).process({"n": 1})
    documented = names("final_state data path success error error_type error_state metadata")

    assert documented <= set(result)
    assert all(result[name] == getattr(result, name) for name in documented)


def test_a_result_of_a_stream_is_a_mapping_with_attributes() -> None:
    result = SimpleFSM(one_state()).process_stream([{"n": 1}])
    documented = names(
        """total_records total_processed successful failed malformed emitted excluded_by_state
        by_state duration throughput errors peak_memory_mb paused_s"""
    )

    assert documented <= set(result)
    assert all(result[name] == getattr(result, name) for name in documented)
    assert result.get("no such key", 0) == 0


def test_progress_has_the_documented_fields_once_per_chunk() -> None:
    told: list[Progress] = []
    SimpleFSM(one_state()).process_stream([{}] * 5, None, 2, told.append)
    documented = names(
        """chunks_processed records_processed records_per_second chunks_per_second errors
        bytes_processed elapsed_time successful failed by_state in_flight paused_s total_bytes
        eta_s"""
    )

    assert documented <= set(dir(told[0]))
    assert [p.chunks_processed for p in told] == [1, 2, 3]
    assert [p.records_processed for p in told] == [2, 4, 5]


def test_a_validation_is_a_bool_with_reasons() -> None:
    fsm = SimpleFSM(one_state(validators=["(data['n'] > 0, 'n must be positive')"]))
    good, bad = fsm.validate({"n": 1}), fsm.validate({"n": 0})

    assert (bool(good), good["valid"], good.errors, good["errors"]) == (True, True, [], [])
    assert (bool(bad), bad["valid"]) == (False, False)
    assert bad.errors == bad["errors"] == ["n must be positive"]


@BOTH
def test_every_documented_method_is_there(make: Any) -> None:
    methods = """process process_batch process_stream validate get_states get_resources config
    close aclose __enter__ __exit__ __aenter__ __aexit__"""

    assert names(methods) <= set(dir(make))


@pytest.mark.parametrize(
    ("module", "documented"),
    [
        ("statepipe", "SimpleFSM AsyncSimpleFSM create_fsm create_async_fsm process_file"),
        ("statepipe", "batch_process validate_data DataHandlingMode CoreStreamConfig StreamConfig"),
        ("statepipe.api.simple", "SimpleFSM create_fsm process_file batch_process validate_data"),
        ("statepipe.api.async_simple", "AsyncSimpleFSM create_async_fsm"),
        ("statepipe.core.data_modes", "DataHandlingMode"),
    ],
)
def test_every_documented_name_can_be_imported_from_its_place(module: str, documented: str) -> None:
    assert names(documented) <= set(importlib.import_module(module).__all__)


def test_the_data_modes_are_three() -> None:
    assert [mode.name for mode in DataHandlingMode] == ["COPY", "REFERENCE", "DIRECT"]
