"""Tests of `statepipe test`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from statepipe.cli.main import main
from tests.cli.shop import FLOW, run_command, write_shop

TESTS = """\
tests:
  - name: cheap
    in: {price: 2, quantity: 3}
    expect: {price: 2, quantity: 3, total: 6}
  - in: {price: 5}
    error: KeyError
"""
WRONG = """\
- name: dear
  in: {price: 9, quantity: 1}
  expect: {price: 9, quantity: 2, note: "a\\x1bb"}
  state: dear
- name: broken
  in: {price: 9}
"""


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    Path("flow.yaml").write_text(FLOW + TESTS)
    Path("wrong.yaml").write_text(WRONG)


def output_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["test", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_tests_that_pass_are_listed_with_what_they_reached(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert output_of(capsys, "flow.yaml") == (
        0,
        "✓ cheap  input -> price -> cheap\n"
        "✓ test 2  input -> price\n"
        "\n"
        "2 passed\n"
        "coverage 71%: 3 of 4 states, 2 of 3 arcs\n"
        "  never entered  dear\n"
        "  never taken  price->dear\n"
        "  always true  price->cheap\n",
        "",
    )


def test_a_test_that_fails_shows_place_difference_path_and_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = output_of(capsys, "flow.yaml", "wrong.yaml", "--no-coverage")

    assert code == 1
    assert out.split("test 2  input -> price\n")[1] == (
        "✗ dear  wrong.yaml:1:3\n"
        "    should end at 'dear', and ended at 'cheap'\n"
        "    the record is not as expected in 3 fields\n"
        "      ~ quantity: expected 2, found 1\n"
        "      - note: expected 'a\\x1bb', and is not there\n"
        "      + total: 9 is there, and not expected\n"
        "    path: input -> price -> cheap\n"
        "✗ broken  wrong.yaml:5:3\n"
        "    failed at 'price'\n"
        "      flow.yaml:9:40: KeyError: 'quantity'\n"
        "          9 |         'total': state.data['price'] * state.data['quantity'],\n"
        "            |                                        ^^^^^^^^^^^^^^^^^^^^^^\n"
        "          where:  transform, state 'price'\n"
        "          path:   input -> price\n"
        "          record: {'price': 9}\n"
        "          help:   the record has no field 'quantity'; its fields: 'price'\n"
        "    path: input -> price\n"
        "\n"
        "2 passed, 2 failed\n"
    )


def test_names_choose_tests(capsys: pytest.CaptureFixture[str]) -> None:
    assert output_of(capsys, "flow.yaml", "-k", "CHE", "--no-coverage")[:2] == (
        0,
        "✓ cheap  input -> price -> cheap\n\n1 passed\n",
    )
    code, _, err = output_of(capsys, "flow.yaml", "-k", "chaep")
    assert (code, err) == (2, "error: no test has 'chaep' in its name; did you mean 'cheap'?\n")


def test_too_little_coverage_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert output_of(capsys, "flow.yaml", "--min-coverage", "71")[0] == 0
    code, _, err = output_of(capsys, "flow.yaml", "--min-coverage", "80")
    assert (code, err) == (1, "error: the coverage is 71%, and should be 80%\n")
    code, _, err = output_of(capsys, "flow.yaml", "--min-coverage", "101")
    assert (code, err) == (2, "error: --min-coverage is a percentage, at most 100, not 101\n")


def test_json_tells_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = output_of(capsys, "flow.yaml", "wrong.yaml", "--json")

    told: dict[str, Any] = json.loads(out)
    assert code == 1
    assert {key: told[key] for key in ("flow", "ok", "passed", "failed")} == {
        "flow": "flow.yaml",
        "ok": False,
        "passed": 2,
        "failed": 2,
    }
    cheap, _, dear, broken = told["tests"]
    assert cheap == {
        "name": "cheap",
        "passed": True,
        "place": {"file": "flow.yaml", "line": FLOW.count("\n") + 2, "column": 5},
        "path": ["input", "price", "cheap"],
        "findings": [],
        "notes": [],
    }
    assert dear["findings"][1]["differences"][0] == {
        "path": "quantity",
        "kind": "changed",
        "expected": 2,
        "found": 1,
    }
    assert broken["findings"][0]["error"].startswith("flow.yaml:")
    assert told["coverage"]["states"] == {"input": 4, "price": 4, "cheap": 2, "dear": 0}
    assert told["coverage"]["conditions"] == {"price->cheap": {"true": 2, "false": 0}}


def test_json_says_when_the_coverage_is_too_low(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = output_of(capsys, "flow.yaml", "--json", "--min-coverage", "99")

    assert code == 1
    assert (json.loads(out)["ok"], json.loads(out)["failed"]) == (False, 0)


def test_problems_of_flow_and_tests_come_together(capsys: pytest.CaptureFixture[str]) -> None:
    Path("flow.yaml").write_text(FLOW.replace("is_end", "is_ned", 1) + TESTS)
    Path("flow.tests.yaml").write_text("- {in: {}, stat: dear}\n")

    code, _, err = output_of(capsys, "flow.yaml", "missing.yaml")
    assert code == 2
    assert "missing.yaml: no such config file" in err
    code, _, err = output_of(capsys, "flow.yaml")
    assert code == 2
    assert "unknown key 'is_ned'" in err
    assert "flow.tests.yaml:1:12: unknown key 'stat' in a test" in err


def test_a_flow_without_tests_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    Path("flow.yaml").write_text(FLOW)

    code, _, err = output_of(capsys, "flow.yaml")

    assert (code, err.split(":")[:2]) == (2, ["error", " the config has no tests"])


def test_a_trusted_flow_finds_the_modules_beside_it(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("def double(state):\n    return {'n': state['n'] * 2}\n")
    (tmp_path / "own.yaml").write_text(
        "states: {a: {is_start: true, is_end: true, transform: "
        "{type: custom, module: own, name: double}}}\n"
        "tests: [{in: {n: 2}, expect: {n: 4}}]\n"
    )

    assert run_command(tmp_path, "test", "own.yaml").returncode == 2
    done = run_command(tmp_path, "test", "own.yaml", "--trust")
    assert (done.returncode, done.stdout.split("\n")[0]) == (0, "✓ test 1  a")


def test_what_is_odd_is_noted(capsys: pytest.CaptureFixture[str]) -> None:
    Path("odd.yaml").write_text(
        "states: {a: {is_start: true, is_end: true, "
        "transform: \"{'at': time.perf_counter_ns()}\"}}\n"
        "tests: [{in: {}, state: a}]\n"
    )

    code, out, _ = output_of(capsys, "odd.yaml")

    assert code == 0
    assert "    note: two runs of the record differ in at: code that takes time, ids" in out
