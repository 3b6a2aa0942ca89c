"""Tests of the source of a step's functions."""

from __future__ import annotations

import linecache
from pathlib import Path
from typing import Any

import pytest

from tests.debugger.sessions import said, session_on


def flow(**start: Any) -> dict[str, Any]:
    return {
        "name": "Small",
        "states": [{"name": "a", "is_start": True, **start}, {"name": "end", "is_end": True}],
        "arcs": [{"from": "a", "to": "end"}],
    }


def twice(state: Any) -> dict[str, Any]:
    return {**state.data, "n": state["n"] * 2}


def test_a_python_function_is_shown_where_it_is_defined(tmp_path: Path) -> None:
    first = twice.__code__.co_firstlineno
    with session_on(flow(transform=twice), tmp_path, {"n": 1}) as session:
        assert said(session, "source") == [
            "next, at a",
            f"  transform  test_source.py:{first}",
            f"    {first} │ def twice(state: Any) -> dict[str, Any]:",
            f'    {first + 1} │     return {{**state.data, "n": state["n"] * 2}}',
        ]


def test_a_function_without_a_source_is_named(tmp_path: Path) -> None:
    made: dict[str, Any] = {}
    exec("def made(state): return state.data", made)
    linecache.clearcache()
    with session_on(flow(transform=made["made"]), tmp_path, {}) as session:
        assert said(session, "source")[2] == "     │ function 'made'"


def test_a_builtin_is_named_with_its_place(tmp_path: Path) -> None:
    config = (
        "name: Small\n"
        "states:\n"
        "  - name: a\n"
        "    is_start: true\n"
        "    validators: [{type: builtin, name: required, params: {fields: [n]}}]\n"
        "  - {name: end, is_end: true}\n"
        "arcs: [{from: a, to: end}]\n"
    )
    with session_on(config, tmp_path, {}) as session:
        lines = said(session, "source")

    assert lines[1].endswith("flow.yaml:5:40")
    assert "builtin" in lines[2] and "required" in lines[2]


def test_inline_code_of_a_dict_has_no_line_numbers(tmp_path: Path) -> None:
    with session_on(flow(transform="{**data, 'm': 1}"), tmp_path, {}) as session:
        assert said(session, "source")[2] == "     │ {**data, 'm': 1}"


def test_what_ran_stands_before_what_is_to_come_and_tells_what_failed(tmp_path: Path) -> None:
    with session_on(flow(transform="{**data, 'm': data['x']}"), tmp_path, {}) as session:
        lines = said(session, "step", "source")
        before = said(session, "back", "source")

    assert lines[0] == "ran in step 1, at a"
    assert lines[1].endswith("✗ KeyError")
    assert before[0] == "next, at a"


@pytest.mark.parametrize(("moves", "heads"), [(1, 2), (2, 1)])
def test_a_state_without_functions_says_so(tmp_path: Path, moves: int, heads: int) -> None:
    config = flow()
    config["states"].insert(1, {"name": "b"})
    config["arcs"] = [{"from": "a", "to": "b"}, {"from": "b", "to": "end"}]
    with session_on(config, tmp_path, {}) as session:
        lines = said(session, f"step {moves}", "source")

    assert lines.count("  no functions") == heads
