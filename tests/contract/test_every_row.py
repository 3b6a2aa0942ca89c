"""Every row of the documented API has a test by its name: one without fails here.

The rows are typed out, and do not come from our code: a name that we drop is missed. The keys of
push arcs are in `test_every_config_key.py`, the options of a stream in
`test_every_stream_option.py`, the parameters of builtins in `test_every_builtin_parameter.py`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
Rows = dict[str, str]


def each(test: str, *rows: str) -> Rows:
    """Rows that are cases of one test, by their ids."""
    return {row: f"{test}[{row}]" for row in rows}


def all_by(test: str, rows: str) -> Rows:
    return dict.fromkeys(rows.split(), test)


CONFIG, METHODS = "contract/test_api_config.py", "contract/test_api_methods.py"
ADVANCED, SHAPES = "contract/test_advanced.py", "contract/test_shapes.py"
STEPPING, RUNNING, DEBUGGER = "api/test_stepping.py", "api/test_running.py", "api/test_debugger.py"
INSPECTING, HISTORY, HOOKS = "api/test_inspecting.py", "api/test_history.py", "api/test_hooks.py"
STEP, FAILED = f"{STEPPING}::test_a_step_goes_to_the_next_state", f"{STEPPING}::test_what_fails"
LOADED = f"{HISTORY}::test_what_is_loaded_is_what_was_saved"

ROWS: dict[str, Rows] = {
    "config": {
        "a dict": f"{CONFIG}::test_top",
        ".yaml": f"{CONFIG}::test_a_path_is_a_config[yaml]",
        ".yml": f"{CONFIG}::test_a_path_is_a_config[yml]",
        ".json": f"{CONFIG}::test_a_path_is_a_config[json]",
    },
    "top": {
        "name": f"{CONFIG}::test_top_name_and_network_are_told_with_every_result",
        "networks": f"{CONFIG}::test_top_networks_and_main_network",
        "main_network": f"{CONFIG}::test_top_main_network_is_needed_where_there_are_several",
        **each(f"{CONFIG}::test_top_key_for_people", "version", "description", "metadata"),
        **each(f"{CONFIG}::test_top", "data_mode: a mode", "data_mode: default"),
        **each(f"{CONFIG}::test_top", "data_mode: state_overrides", "resources"),
        **each(f"{CONFIG}::test_top", "max_transitions", "timeout_seconds"),
        **each(f"{CONFIG}::test_top", "network_form", "simple_form"),
    },
    "states": {
        "name": f"{CONFIG}::test_state_name",
        "emit_output": f"{CONFIG}::test_state_emit_output_is_true_unless_told",
        "run_on_failure": f"{CONFIG}::test_state_run_on_failure_is_false_unless_told",
        "metadata": f"{CONFIG}::test_state_metadata",
        "sink": f"{CONFIG}::test_state_sink",
        **each(f"{CONFIG}::test_state", "a list", "a mapping, with initial_state"),
        **each(f"{CONFIG}::test_state", "is_start", "initial", "start", "is_end", "final", "end"),
        **each(f"{CONFIG}::test_state", "schema", "data_schema", "pre_validators", "validators"),
        **each(f"{CONFIG}::test_state", "validator", "functions.validate", "transforms"),
        **each(f"{CONFIG}::test_state", "transform", "functions.transform", "arcs", "resources"),
        **each(f"{CONFIG}::test_state", "data_mode", "retry", "catch", "on_error", "timeout_s"),
    },
    "arcs": {
        **each(f"{CONFIG}::test_arc", "from, to", "condition", "pre_test", "transform: one"),
        **each(f"{CONFIG}::test_arc", "transform: a list", "priority: high first"),
        **each(f"{CONFIG}::test_arc", "priority: 0 unless told", "network", "state"),
        "resources": f"{CONFIG}::test_arc_resources",
        "resources, inside a state": f"{CONFIG}::test_arc_resources[state]",
        "name": f"{CONFIG}::test_arc_name",
        "name, inside a state": f"{CONFIG}::test_arc_name[state]",
        "metadata": f"{CONFIG}::test_arc_metadata",
        "metadata, inside a state": f"{CONFIG}::test_arc_metadata[state]",
    },
    "functions": {
        **each(f"{CONFIG}::test_function", "inline", "registered", "builtin", "custom"),
        **each(f"{CONFIG}::test_function", "custom, with params", "a callable"),
        **each(f"{CONFIG}::test_function", "a bare string that is registered"),
        **each(f"{CONFIG}::test_function", "a bare string that is not"),
        "conditions": f"{CONFIG}::test_condition_in_any_of_the_function_forms",
    },
    "inline code": {
        **each(f"{CONFIG}::test_inline_code", "a lambda over lines", "an expression"),
        **each(f"{CONFIG}::test_inline_code", "a body with return", "a def", "state[...]"),
        **each(f"{CONFIG}::test_inline_code", "state.get(...)", "state.name", "state.resources"),
        **each(f"{CONFIG}::test_inline_code", "(data, context)", "the name data"),
        **each(f"{CONFIG}::test_inline_code", "the name state", "the name context"),
        **each(f"{CONFIG}::test_inline_code", "async def", "await"),
    },
    "a condition's value": {
        **each(f"{CONFIG}::test_condition_s_value", "True", "0", "(True, 'why')"),
        **each(f"{CONFIG}::test_condition_s_value", "(False, 'why')"),
        "the reason in a trace": f"{STEPPING}::test_a_step_tells_the_arcs_that_were_tried_and_the_"
        "functions_that_ran",
    },
    "values": {
        **each(f"{CONFIG}::test_value", "${VAR}", "${VAR:default}", "${VAR:-default}"),
        **each(f"{CONFIG}::test_value", "${VAR:?message}", "several in a string"),
        "unset": f"{CONFIG}::test_a_required_value_that_is_unset_is_a_config_error",
    },
    "files": {
        "$include": f"{CONFIG}::test_include",
        "$import": f"{CONFIG}::test_import",
        "bounded": f"{CONFIG}::test_an_include_stays_in_the_config_s_own_folder",
        "cycles": f"{CONFIG}::test_an_include_in_a_cycle_is_refused_by_name",
    },
    "a machine's options": {
        "config": f"{METHODS}::test_config_as_a_dict_or_a_path",
        "data_mode": f"{METHODS}::test_data_mode",
        "resources": f"{METHODS}::test_resources",
        "custom_functions": f"{METHODS}::test_custom_functions",
        "stream_config": f"{METHODS}::test_stream_config_of_a_machine",
        "trusted": f"{METHODS}::test_trusted",
        "names and order": f"{SHAPES}::test_a_machine_is_made_with_the_documented_parameters",
    },
    "process": {
        "data": f"{METHODS}::test_process_data",
        "initial_state": f"{METHODS}::test_process_initial_state",
        "timeout": f"{METHODS}::test_process_timeout_really_ends_the_work",
        **each(f"{METHODS}::test_result_of_a_record", "final_state", "data", "path", "success"),
        **each(f"{METHODS}::test_result_of_a_record", "error", "error_type", "error_state"),
        **each(f"{METHODS}::test_result_of_a_record", "metadata"),
    },
    "process_batch": {
        "input order": f"{METHODS}::test_process_batch_gives_results_in_input_order_path_included",
        **all_by(
            f"{METHODS}::test_process_batch_batch_size_and_on_progress", "batch_size on_progress"
        ),
        "max_workers": f"{METHODS}::test_process_batch_max_workers",
    },
    "process_stream": {
        **each(f"{METHODS}::test_source", "a path", "an async iterator", "an iterable"),
        **each(f"{METHODS}::test_source", "a source object"),
        **each(f"{METHODS}::test_sink", "path", "callable", "async callable", "object", "mapping"),
        "sink: None": f"{METHODS}::test_sink_none",
        "chunk_size": f"{METHODS}::test_chunk_size",
        "on_progress: sync": f"{METHODS}::test_on_progress_is_called_once_per_chunk[sync]",
        "on_progress: async": f"{METHODS}::test_on_progress_is_called_once_per_chunk[async]",
        "use_streaming": f"{METHODS}::test_use_streaming",
        **each(f"{METHODS}::test_format", "input_format", "input_format: auto", "text_field_name"),
        **each(f"{METHODS}::test_format", "csv_delimiter", "csv_has_header"),
        **each(f"{METHODS}::test_format", "skip_empty_lines: true", "skip_empty_lines: false"),
        "output_format": f"{METHODS}::test_output_format",
        "stream_config": f"{METHODS}::test_stream_config_of_a_call_comes_before_the_machine_s",
        "timeout": f"{METHODS}::test_timeout_of_a_stream",
    },
    "a stream's result": {
        **each(f"{METHODS}::test_result_of_a_stream", "total_records", "total_processed"),
        **each(f"{METHODS}::test_result_of_a_stream", "successful", "failed", "malformed"),
        **each(f"{METHODS}::test_result_of_a_stream", "emitted", "excluded_by_state", "by_state"),
        **each(f"{METHODS}::test_result_of_a_stream", "paused_s"),
        **all_by(
            f"{METHODS}::test_result_of_a_stream_duration_and_throughput", "duration throughput"
        ),
        "errors": f"{METHODS}::test_result_of_a_stream_errors_are_a_bounded_list",
        "peak_memory_mb": f"{METHODS}::test_result_of_a_stream_peak_memory_mb",
    },
    "progress": {
        **each(f"{METHODS}::test_progress", "chunks_processed", "records_processed"),
        **each(f"{METHODS}::test_progress", "bytes_processed", "total_bytes", "successful"),
        **each(f"{METHODS}::test_progress", "failed", "by_state", "paused_s"),
        "errors": f"{METHODS}::test_progress_errors",
        "in_flight": f"{METHODS}::test_progress_in_flight",
        **all_by(
            f"{METHODS}::test_progress_times_and_rates",
            "records_per_second chunks_per_second elapsed_time eta_s",
        ),
    },
    "the rest of SimpleFSM": {
        "validate": f"{METHODS}::test_validate",
        **all_by(
            f"{METHODS}::test_get_states_get_resources_and_config",
            "get_states get_resources config",
        ),
        **each(f"{METHODS}::test_closing", "close", "aclose"),
        "with": f"{METHODS}::test_with",
        "async with": f"{METHODS}::test_async_with",
        **each(f"{METHODS}::test_module_function", "create_fsm", "create_async_fsm"),
        **each(f"{METHODS}::test_module_function", "process_file", "batch_process"),
        **each(f"{METHODS}::test_module_function", "validate_data"),
    },
    "import paths": {
        **all_by(
            f"{SHAPES}::test_every_documented_name_can_be_imported_from_its_place",
            "statepipe.api.simple statepipe.api.async_simple statepipe.core.data_modes",
        ),
        **each(
            f"{ADVANCED}::test_everything_is_importable_from_both_paths",
            "statepipe",
            "statepipe.api.advanced",
        ),
    },
    "AdvancedFSM's options": {
        "a config": f"{ADVANCED}::test_the_machine_is_made_with_the_documented_parameters",
        "an FSM": f"{STEPPING}::test_an_fsm_lends_its_machine_and_resources_and_keeps_them",
        "custom_functions": f"{ADVANCED}::test_custom_functions_are_the_registered_ones",
        "STEP_BY_STEP": f"{RUNNING}::test_step_by_step_keeps_no_trace_and_no_profile",
        "BREAKPOINT": f"{RUNNING}::test_in_breakpoint_mode_a_step_goes_on_to_the_next_breakpoint",
        "TRACE": f"{RUNNING}::test_trace_mode_lets_a_contexts_trace_grow",
        "PROFILE": f"{RUNNING}::test_profile_mode_tells_of_a_context_so_far",
        "DEBUG": f"{RUNNING}::test_debug_mode_keeps_both_and_stands_behind_a_failure",
    },
    "AdvancedFSM's semantics": {
        "priorities": "behaviour/test_features.py::test_priorities_come_before_what_is_written"
        "[steps]",
        "push arcs": "behaviour/test_features.py::test_push_arcs[steps]",
        "validators": "behaviour/test_features.py::test_pre_validators_come_before_transforms_and_"
        "validators_behind[steps]",
        "resources": "behaviour/test_features.py::test_resources[steps]",
        "data modes": "behaviour/test_data_modes.py::test_the_caller_sees_what_functions_changed_"
        "but_for_copy[steps]",
    },
    "stepping": {
        **all_by(
            f"{STEPPING}::test_a_context_may_have_another_data_mode_and_another_start",
            "create_context data_mode initial_state",
        ),
        "execution_context": f"{ADVANCED}::test_an_execution_context_is_entered_with_async_with",
        "execute_step_sync": f"{STEP}[blocking]",
        "step": f"{STEP}[in a loop]",
        "execute_step_async": f"{ADVANCED}::test_stepping_has_the_documented_members",
        "arc_name": f"{STEPPING}::test_an_arc_may_be_forced",
        **all_by(STEP, "from_state to_state transition data_before data_after duration"),
        **all_by(f"{FAILED}_is_a_result_and_no_exception", "success error"),
        "at_breakpoint": f"{RUNNING}::test_a_record_runs_to_a_breakpoint_and_on_from_there",
        "is_complete": f"{STEPPING}::test_the_last_step_comes_to_the_end_and_runs_it",
        "failed_states": f"{STEPPING}::test_a_failure_that_is_caught_is_told_and_the_record_goes_"
        "on",
    },
    "context": all_by(
        f"{ADVANCED}::test_a_context_has_the_documented_members",
        "data current_state is_complete() get_current_state() get_current_state_instance() "
        "get_data_snapshot() failed_states variables",
    ),
    "running": {
        "run_until_breakpoint": f"{RUNNING}::test_a_record_runs_to_a_breakpoint_and_on_from_there"
        "[in a loop]",
        "run_until_breakpoint_sync": f"{RUNNING}::test_a_record_runs_to_a_breakpoint_and_on_from_"
        "there[blocking]",
        "max_steps": f"{RUNNING}::test_max_steps_bounds_a_run_that_would_not_end",
    },
    "tracing": {
        **all_by(
            f"{RUNNING}::test_a_trace_is_the_steps_in_their_order",
            "trace_execution from_state to_state transition data timestamp",
        ),
        "initial_state": f"{RUNNING}::test_a_trace_may_begin_elsewhere_and_shows_where_a_record_"
        "failed",
        "max_steps": f"{RUNNING}::test_max_steps_bounds_a_run_that_would_not_end",
    },
    "profiling": all_by(
        f"{RUNNING}::test_a_profile_tells_where_the_time_went",
        "profile_execution total_time transitions states_visited avg_transition_time state_times "
        "count total avg min max final_state final_data",
    ),
    "inspecting": {
        **all_by(
            f"{INSPECTING}::test_the_arcs_of_a_state_stand_as_they_are_tried",
            "get_available_transitions name target has_pre_test has_transform",
        ),
        **all_by(
            f"{INSPECTING}::test_a_state_is_told_with_what_it_does",
            "inspect_state is_start is_end has_validator resources metadata arcs",
        ),
        "visualize_fsm": f"{INSPECTING}::test_the_picture_is_dot_with_the_start_green_and_ends_red",
        "validate_network": f"{INSPECTING}::test_a_network_that_is_of_a_piece_is_valid",
        **all_by(
            f"{INSPECTING}::test_what_is_wrong_is_told_with_its_place",
            "valid issues total_states reachable_states unreachable_states start_states end_states",
        ),
    },
    "control": {
        **all_by(
            "api/test_breakpoints.py::test_breakpoints_are_added_and_removed",
            "add_breakpoint remove_breakpoint clear_breakpoints breakpoints",
        ),
        **all_by(
            f"{HOOKS}::test_hooks_hear_of_each_state_in_order_with_the_record_then",
            "set_hooks on_state_enter on_state_exit",
        ),
        "on_error": f"{HOOKS}::test_on_error_hears_of_each_attempt_that_failed",
        "hooks": f"{ADVANCED}::test_control_has_the_documented_members",
        "register_resource": f"{STEPPING}::test_a_resource_may_be_registered",
        "fsm": f"{STEPPING}::test_an_fsm_lends_its_machine_and_resources_and_keeps_them",
        "execution_mode": f"{RUNNING}::test_a_mode_that_is_none_is_refused_whenever_it_is_given",
    },
    "history": {
        **all_by(f"{HISTORY}::test_each_step_of_each_context_is_kept", "enable_history"),
        "get_history": f"{HISTORY}::test_each_step_of_each_context_is_kept",
        "max_depth": f"{HISTORY}::test_only_the_last_steps_are_kept",
        "disable_history": f"{HISTORY}::test_disabling_lets_go_of_it_and_enabling_begins_anew",
        "storage": f"{HISTORY}::test_a_saved_history_outlives_the_machine",
        **all_by(LOADED, "save_history load_history"),
        **all_by(
            f"{ADVANCED}::test_history_has_the_documented_members",
            "execution_history history_enabled max_history_depth",
        ),
    },
    "signal": {
        "taken": "api/test_signal.py::test_the_signal_takes_the_arc_that_leads_there_and_is_gone",
        "once": "api/test_signal.py::test_it_holds_once_and_may_come_from_a_function",
    },
    "FSMDebugger": {
        **all_by(
            f"{DEBUGGER}::test_it_steps_a_record_and_counts", "start step current_state step_count"
        ),
        "continue_to_breakpoint": f"{DEBUGGER}::test_it_continues_to_the_breakpoints_of_its_"
        "machine",
        "inspect": f"{DEBUGGER}::test_a_value_is_found_by_its_path",
        **all_by(
            f"{DEBUGGER}::test_watches_follow_the_record", "watch unwatch print_watches watches"
        ),
        "print_state": f"{DEBUGGER}::test_the_state_is_printed_whole",
        "inspect_current_state": f"{DEBUGGER}::test_the_current_state_is_inspected",
        "get_history": f"{DEBUGGER}::test_the_history_is_the_steps_and_may_be_limited",
        "reset": f"{DEBUGGER}::test_reset_begins_again_with_the_record_that_was_given",
    },
    "data modes": {
        mode: "behaviour/test_data_modes.py::test_a_sibling_condition_sees_what_another_changed_"
        f"but_for_copy[{mode.lower()}]"
        for mode in ("COPY", "REFERENCE", "DIRECT")
    },
}
ALL = [(group, row) for group, rows in ROWS.items() for row in rows]


@pytest.fixture(scope="module")
def tests() -> list[str]:
    """The ids of all tests in the files that are named, as pytest collects them."""
    files = {test.partition("::")[0] for rows in ROWS.values() for test in rows.values()}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    paths = [str(TESTS / file) for file in sorted(files)]
    done = subprocess.run(
        [*command, *paths], cwd=TESTS.parent, capture_output=True, text=True, check=True
    )
    return [line.removeprefix("tests/") for line in done.stdout.splitlines() if "::" in line]


def is_case(test: str, wanted: str) -> bool:
    """Tell whether `test` is what is wanted, or a case of it that its id names."""
    name, _, case = wanted.removesuffix("]").partition("[")
    its_name, _, its_case = test.removesuffix("]").partition("[")
    return name == its_name and (not case or f"-{case}-" in f"-{its_case}-")


@pytest.mark.parametrize(("group", "row"), ALL, ids=[": ".join(pair) for pair in ALL])
def test_a_row_has_a_test(group: str, row: str, tests: list[str]) -> None:
    wanted = ROWS[group][row]

    assert any(is_case(test, wanted) for test in tests), f"there is no test {wanted}"


def test_a_test_that_is_not_there_is_missed() -> None:
    tests = ["a.py::test_b", "a.py::test_c[x y-z]"]

    found = [w for w in ("a.py::test_b", "a.py::test_c[x y]") if any(is_case(t, w) for t in tests)]
    assert len(found) == 2
    for wrong in ("a.py::test", "a.py::test_b[x]", "a.py::test_c[x]", "a.py::test_c[y-]"):
        assert not any(is_case(test, wrong) for test in tests)
