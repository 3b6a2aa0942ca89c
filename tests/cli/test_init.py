"""Tests of `statepipe init`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from statepipe.cli.init import next_command
from statepipe.cli.main import main
from tests.cli.shop import environment, records_in, run_command

FILES = ["README.md", "flow.yaml", "input.jsonl", "test_flow.py"]


def commands_on_path() -> dict[str, str]:
    """Return an environment in which `statepipe` and `python` are those of the tests."""
    scripts = str(Path(sys.executable).parent)
    return environment(PATH=f"{scripts}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize("name", ["my-flow", "a b/c", "."])
def test_the_printed_command_works_as_printed(tmp_path: Path, name: str) -> None:
    done = run_command(tmp_path, "init", name)
    command = done.stdout.split("Next:\n  ")[1].strip()

    ran = subprocess.run(
        ["sh", "-c", command],
        cwd=tmp_path,
        env=commands_on_path(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert command.endswith("python -m statepipe run flow.yaml input.jsonl -o output.jsonl")
    assert ran.returncode == 0, ran.stderr
    assert "  large   3  → output.jsonl\n  small   2  → output.jsonl\n" in ran.stdout
    assert len(records_in(tmp_path / name / "output.jsonl")) == 5


def test_the_project_s_own_test_passes(tmp_path: Path) -> None:
    main(["init", str(tmp_path / "flow")])

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path / "flow",
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert sorted(os.listdir(tmp_path / "flow"))[:4] == FILES
    assert "4 passed" in done.stdout, done.stdout


def test_every_command_of_the_project_s_readme_works(tmp_path: Path) -> None:
    main(["init", str(tmp_path)])
    readme = (tmp_path / "README.md").read_text()

    commands = readme.split("```sh\n")[1].split("```")[0].splitlines()
    codes = [
        subprocess.run(["sh", "-c", line], cwd=tmp_path, env=commands_on_path(), check=False)
        for line in commands
    ]

    assert len(commands) == 5
    assert [done.returncode for done in codes] == [0] * 5


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "README.md").write_text("mine")

    code = main(["init", str(tmp_path)])

    assert code == 2
    assert capsys.readouterr().err == (
        f"error: nothing is overwritten, and there is already {tmp_path}/README.md\n"
    )
    assert os.listdir(tmp_path) == ["README.md"]


def test_a_file_is_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "there").write_text("mine")

    code = main(["init", str(tmp_path / "there")])

    assert code == 2
    assert capsys.readouterr().err == (
        f"error: {tmp_path}/there is a file; give the name of a folder\n"
    )


def test_a_folder_that_cannot_be_made_is_an_error_of_the_operator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "there").write_text("mine")

    code = main(["init", str(tmp_path / "there" / "below")])

    assert code == 3
    assert capsys.readouterr().err == (
        f"error: cannot write {tmp_path}/there/below: Not a directory\n"
    )


def test_a_folder_s_name_is_quoted_for_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/statepipe"])

    assert next_command("it's") == (
        """cd 'it'"'"'s' && statepipe run flow.yaml input.jsonl -o output.jsonl"""
    )
    assert next_command("-x").startswith("cd ./-x && ")
