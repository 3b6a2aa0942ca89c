"""Every field of StreamConfig has a test of its effect: one without fails here."""

from __future__ import annotations

import ast
from dataclasses import fields
from pathlib import Path

import pytest

from statepipe import StreamConfig

TESTS = Path(__file__).parents[1] / "streaming"

PROOFS = {
    "chunk_size": "test_options.py::test_chunk_size_cuts_the_stream",
    "buffer_size": "test_options.py::test_a_fast_source_is_held_back",
    "parallelism": "test_options.py::test_parallelism_works_in_other_processes",
    "memory_limit_mb": "test_memory.py::test_a_line_of_256_mib_through_a_pipe_is_a_dead_letter",
    "backpressure_threshold": (
        "test_backpressure.py::test_iterators_pause_at_the_threshold_and_go_on_at_half"
    ),
    "timeout_seconds": "test_options.py::test_a_timeout_ends_the_stream",
    "retry_on_error": "test_options.py::test_failing_records_are_run_again_from_the_start",
    "max_retries": "test_options.py::test_failing_records_are_run_again_from_the_start",
    "ordered": "test_workers.py::test_unordered_output_does_not_wait_for_a_slow_chunk",
    "concurrency": (
        "test_options.py::test_async_functions_work_on_as_many_records_as_concurrency_says"
    ),
    "max_wait_ms": "test_options.py::test_max_wait_ms_lets_a_chunk_fill",
    "max_record_bytes": "test_options.py::test_max_record_bytes_bounds_a_record",
    "max_deliveries": (
        "test_poison.py::test_poison_anywhere_in_a_chunk_leaves_the_others_as_they_are"
    ),
    "buffer_bytes": "test_backpressure.py::test_bytes_under_way_stay_under_the_budget",
    "max_compression_ratio": "test_memory.py::test_max_compression_ratio_lets_pass_what_it_allows",
}
"""The test of each option's effect, in `tests/streaming`."""


HELPERS = {"parallelism": "on_workers(", "backpressure_threshold": "config("}
"""How tests set an option that they set through a helper."""


@pytest.mark.parametrize("option", [item.name for item in fields(StreamConfig)])
def test_every_option_has_a_test_of_its_effect(option: str) -> None:
    assert option in PROOFS, f"name a test that fails if {option} does nothing"
    file, _, name = PROOFS[option].partition("::")
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    texts = {node.name: ast.unparse(node) for node in found}

    assert name in texts, f"{file} has no test {name}"
    assert HELPERS.get(option, f"{option}") in texts[name], f"{name} does not set {option}"
