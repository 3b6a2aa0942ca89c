"""Tests of `statepipe functions`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from statepipe.cli.main import main
from statepipe.functions.library.registry import library

FLOW = """
name: flow
states:
  - name: a
    is_start: true
    validators:
      - {type: builtin, name: range, params: {fields: n, min: 0}}
      - {type: builtin, name: unique, params: {fields: n}}
    arcs: [{target: z}]
  - {name: z, is_end: true}
"""


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


def test_the_list_has_every_builtin_once(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "functions").splitlines()
    named = [line.split()[0] for line in lines if line.startswith("  ")]

    assert sorted(named) == library().names()
    assert named.index("split") < lines.index("validators and conditions")


@pytest.mark.parametrize("name", library().names())
def test_one_is_told_with_parameters_and_example(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(capsys, "functions", name)

    assert text.startswith(name)
    assert f"name: {name}" in text
    assert "  ->  " in text
    assert all(f"  {param}  " in text for param in library().get(name).params.model_fields
               if param != "schema_")  # fmt: skip


def test_an_example_shows_what_really_comes_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "functions", "unique")

    assert '{"id": 2}  ->  accepted\n' in text
    assert "{\"id\": 1}  ->  fails: field 'id': seen before in this run" in text


def test_json_holds_the_schemas(capsys: pytest.CaptureFixture[str]) -> None:
    [one] = json.loads(printed(capsys, "functions", "range", "--json"))
    all_ = json.loads(printed(capsys, "functions", "--json"))

    assert one["params"]["required"] == ["fields"]
    assert [each["name"] for each in all_] == library().names()


def test_an_unknown_name_is_told_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["functions", "rang"])

    assert code == 2
    assert "did you mean 'range'?" in capsys.readouterr().err


def test_check_tells_what_is_fused_called_and_remembered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "flow.yaml"
    path.write_text(FLOW)
    text = printed(capsys, "check", str(path))

    assert "1 fused, 1 called" in text
    assert "called: validator of a: builtin 'unique'" in text
    assert "remembers earlier records: builtin 'unique'" in text
