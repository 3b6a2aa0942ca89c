"""Tests of `statepipe check`."""

from __future__ import annotations

from pathlib import Path

import pytest

from statepipe.cli.main import main
from tests.cli.shop import FLOW, write_shop


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


def test_a_valid_flow_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["check", "flow.yaml"])

    assert code == 0
    assert capsys.readouterr().out == (
        "✓ flow.yaml is a valid flow: Shop\n"
        "  states     4, and 3 arcs between them\n"
        "  start      input\n"
        "  end        cheap, dear\n"
        "  functions  2 fused\n"
    )


def test_functions_that_are_called_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "async def known(state):\n          return bool(state.data)"
    validator = f"name: cheap\n    validator: |\n      {code}\n"
    (tmp_path / "flow.yaml").write_text(FLOW.replace("name: cheap\n", validator))

    main(["check", "flow.yaml"])

    assert capsys.readouterr().out.splitlines()[-2:] == [
        "  functions  2 fused, 1 called",
        "             async, called: validator of cheap: "
        "async def known(state): return bool(state.data)",
    ]


def test_every_problem_is_shown_with_its_place_and_help(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flow = FLOW.replace("is_end", "is_ned", 1).replace("to: dear", "to: daer")
    (tmp_path / "flow.yaml").write_text(flow)

    code = main(["check", "flow.yaml"])
    printed = capsys.readouterr()

    assert (code, printed.out) == (2, "")
    assert printed.err == (
        "flow.yaml:12:5: unknown key 'is_ned' in a state\n"
        "    12 |     is_ned: true\n"
        "       |     ^^^^^^\n"
        "    help: did you mean 'is_end'?\n"
        "\n"
        "flow.yaml:18:23: unknown state 'daer'\n"
        "    18 |   - {from: price, to: daer}\n"
        "       |                       ^^^^\n"
        "    help: did you mean 'dear'?\n"
        "\n"
        "error: 2 problems in the config\n"
    )


def test_quiet_says_nothing_of_a_valid_flow(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["check", "--quiet", "flow.yaml"])

    assert (code, capsys.readouterr().out) == (0, "")


def test_untrusted_code_is_refused_unless_trusted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flow = FLOW.replace("< 10", "< len(open('/dev/null').read())")
    (tmp_path / "flow.yaml").write_text(flow)

    codes = main(["check", "flow.yaml"]), main(["check", "flow.yaml", "--trust"])

    assert codes == (2, 0)
    assert "--trust" in capsys.readouterr().err


def test_a_flow_that_is_no_config_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "flow.toml").write_text("")

    code = main(["check", "flow.toml"])

    assert code == 2
    assert "unknown suffix '.toml': a config file ends in .yaml, .yml or .json" in (
        capsys.readouterr().err
    )
