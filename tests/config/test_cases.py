"""The tests that stand in a config, and in files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from statepipe import ConfigError
from statepipe.config import json_schema, load_config
from statepipe.graph.build import build_machine

STATES: dict[str, Any] = {
    "states": [{"name": "a", "is_start": True}, {"name": "z", "is_end": True}],
    "arcs": [{"from": "a", "to": "z"}],
}


def problems_of(*cases: Any) -> list[str]:
    loaded = load_config({**STATES, "tests": list(cases)})
    return [
        f"{each.place.keys}: {each.message}" + (f"; {each.advice}" if each.advice else "")
        for each in loaded.problems
    ]


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def flow_in(folder: Path, tests: str = "") -> str:
    text = "states: {a: {is_start: true}, z: {is_end: true}}\narcs: [{from: a, to: z}]\n"
    return write(folder / "flow.yaml", text + tests)


def test_a_test_has_a_record_and_what_becomes_of_it() -> None:
    case = {"name": "n", "in": {"x": None}, "expect": {}, "path": ["a", "z"], "state": "z"}

    [found] = load_config({**STATES, "tests": [case]}).model.tests

    assert found.in_ == {"x": None}
    assert (found.name, found.expect, found.path, found.state) == ("n", {}, ("a", "z"), "z")
    assert (found.contains, found.error, found.initial_state) == (None, None, None)


def test_an_error_may_be_given_by_its_type() -> None:
    cases = [{"in": {}, "error": "KeyError"}, {"in": {}, "error": {"state": "a"}}]

    [one, two] = load_config({**STATES, "tests": cases}).model.tests

    assert one.error is not None and two.error is not None
    assert (one.error.type, one.error.state) == ("KeyError", None)
    assert (two.error.type, two.error.state) == (None, "a")


@pytest.mark.parametrize(
    ("case", "problem"),
    [
        ({}, "tests[0]: 'in' is missing; add  in: ..."),
        ({"in": {}, "expct": {}}, "tests[0].expct: unknown key 'expct' in a test; did you mean"),
        ({"in": {}, "final_state": "z"}, "tests[0].final_state: unknown key 'final_state' in a"),
        ({"in": 3}, "tests[0].in: 'in' must be a mapping, not the number 3"),
        ({"in": {}, "path": []}, "tests[0].path: 'path' is empty; give at least one"),
        ({"in": {}, "path": ["a", "y"]}, "tests[0].path[1]: unknown state 'y'; known here: a, z"),
        ({"in": {}, "state": "a"}, "tests[0].state: unknown end state 'a'; known here: z"),
        ({"in": {}, "initial_state": "b"}, "tests[0].initial_state: unknown state 'b'"),
        ({"in": {}, "error": {"state": "b"}}, "tests[0].error.state: unknown state 'b'"),
        ({"in": {}, "error": {"tpye": "b"}}, "tests[0].error.tpye: unknown key 'tpye' in the er"),
        ({"in": {}, "error": 3}, "tests[0].error: 'error' must be text, not the number 3"),
        ({"in": {}, "error": "E", "state": "z"}, "tests[0].state: 'state' stands beside 'error'"),
        ({"in": {}, "expect": {}, "contains": {}}, "tests[0].contains: 'contains' stands beside"),
        ("x", "tests[0]: an item of 'tests' must be a mapping, not the text 'x'"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_test_is_told(case: Any, problem: str) -> None:
    [found] = problems_of(case)

    assert found.startswith(problem)


def test_two_tests_of_one_name_are_told() -> None:
    [problem] = problems_of({"name": "n", "in": {}}, {"in": {}}, {"name": "n", "in": {}})

    assert problem.startswith("tests[2].name: two tests are called 'n'; the other one: tests[0]")


def test_tests_are_no_part_of_what_a_machine_is() -> None:
    case = {"in": {}, "expect": {"x": 1}}

    plain, tested = (
        build_machine(load_config(config), registered={}, trusted=None)
        for config in (STATES, {**STATES, "tests": [case]})
    )

    assert plain.config_hash == tested.config_hash
    assert plain.fingerprint == tested.fingerprint


def test_files_of_tests_are_put_behind_the_config_s_own(tmp_path: Path) -> None:
    flow = flow_in(tmp_path, "tests: [{name: own, in: {}}]\n")
    mapping = write(tmp_path / "more.yaml", "tests:\n  - name: more\n    in: {}\n")
    listed = write(tmp_path / "most.json", '[{"name": "most", "in": {}}]')

    loaded = load_config(flow, tests=[mapping, listed])

    assert [case.name for case in loaded.model.tests] == ["own", "more", "most"]
    places = [loaded.node("tests", index).at.place for index in range(3)]
    assert [(Path(str(each.file)).name, each.line) for each in places] == [
        ("flow.yaml", 3),
        ("more.yaml", 2),
        ("most.json", 1),
    ]


def test_tests_may_be_included(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    write(tmp_path / "tests" / "some.yaml", "- {name: some, in: {}}\n")
    flow = flow_in(tmp_path, "tests:\n  - $include: tests/some.yaml\n  - {name: own, in: {}}\n")
    more = write(tmp_path / "more.yaml", "tests: {$include: tests/other.yaml}\n")
    write(tmp_path / "tests" / "other.yaml", "- {name: other, in: {}}\n")

    found = [case.name for case in load_config(flow, tests=[more]).model.tests]

    assert found == ["some", "own", "other"]


def test_problems_of_all_files_come_at_once_with_their_places(tmp_path: Path) -> None:
    flow = flow_in(tmp_path, "tests: [{in: {}, stat: z}]\n")
    wrong = write(tmp_path / "wrong.yaml", "test: []\n")
    other = write(tmp_path / "other.yaml", "- {in: {}, state: y}\n")
    none = write(tmp_path / "none.yaml", "tests: 3\n")

    problems = load_config(flow, tests=[wrong, other, none]).problems

    places = [f"{Path(str(each.place.file)).name}:{each.place.line}" for each in problems]
    messages = [each.message for each in problems]
    assert sorted(zip(places, messages, strict=True)) == [
        ("flow.yaml:3", "unknown key 'stat' in a test"),
        ("none.yaml:1", "a file of tests is a list of them"),
        ("other.yaml:1", "unknown end state 'y'"),
        ("wrong.yaml:1", "unknown key 'test' in a file of tests"),
    ]


def test_a_file_of_tests_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"more\.yaml: no such config file"):
        load_config(flow_in(tmp_path), tests=[tmp_path / "more.yaml"])


def test_a_config_whose_tests_are_no_list_keeps_its_own_problem(tmp_path: Path) -> None:
    more = write(tmp_path / "more.yaml", "- {in: {}}\n")

    [problem] = load_config(flow_in(tmp_path, "tests: 3\n"), tests=[more]).problems

    assert problem.message == "'tests' must be a list, not the number 3"


def test_the_schema_knows_tests() -> None:
    jsonschema_rs = pytest.importorskip("jsonschema_rs")
    validator = jsonschema_rs.validator_for(json_schema())

    good = {"in": {}, "expect": {}, "path": ["a"], "error": "KeyError"}
    assert validator.is_valid({**STATES, "tests": [good, {"in": {}, "error": {"type": "E"}}]})
    assert validator.is_valid({**STATES, "tests": [{"$include": "x.yaml"}]})
    for bad in ({}, {"in": 3}, {"in": {}, "expct": {}}, {"in": {}, "error": {"tpye": "E"}}):
        assert not validator.is_valid({**STATES, "tests": [bad]})
