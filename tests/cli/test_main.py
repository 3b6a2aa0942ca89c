"""Tests of the command as a whole: help, unknown commands, exit codes, errors of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from statepipe.cli.main import COMMANDS, main
from tests.cli.shop import COMMAND, environment, run_command, write_shop


@pytest.mark.parametrize("arguments", [["--help"], ["-h"]])
def test_help_names_commands_and_exit_codes(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(arguments)
    text = capsys.readouterr().out

    assert code == 0
    assert all(f"\n  {name} " in text for name in COMMANDS)
    assert "\n    1    more records failed than --max-errors allows, or a test failed\n" in text
    assert "statepipe init my-flow" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([name, "--help"])
    printed = capsys.readouterr()

    assert (code, printed.err) == (0, "")
    assert printed.out.startswith(f"Usage: statepipe {name} ")
    assert max(map(len, printed.out.splitlines())) <= 80


@pytest.mark.parametrize("name", ["run", "dead", "replay", "why", "debug"])
def test_the_help_of_what_takes_records_has_examples(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main([name, "--help"])
    lines = capsys.readouterr().out.splitlines()

    examples = [line for line in lines if f" statepipe {name} " in line and "Usage" not in line]
    assert len(examples) >= 2


def test_no_command_at_all_prints_the_help_as_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    code = main([])
    printed = capsys.readouterr()

    assert (code, printed.out) == (2, "")
    assert printed.err.startswith("Usage: statepipe [OPTIONS] [COMMAND] [ARGS]...\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rnu", "flow.yaml"], "there is no command 'rnu'; did you mean 'run'?"),
        (
            ["vacuum"],
            "there is no command 'vacuum'; "
            "the commands are run, dead, replay, check, test, why, debug, show, status, functions, "
            "schema, init, version",
        ),
        (["--hlep"], "there is no option --hlep; did you mean --help?"),
        (["version", "now"], "got unexpected extra argument (now)"),
        (["schema", "--yaml"], "there is no option --yaml"),
        (["init"], "missing argument 'DIR'; usage: statepipe init [OPTIONS] DIR"),
    ],
)
def test_a_mistyped_command_is_answered_in_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(arguments)

    assert code == 2
    assert capsys.readouterr().err == f"error: {message}\n"


def test_debugging_shows_the_traceback_of_an_expected_error(tmp_path: Path) -> None:
    write_shop(tmp_path)

    calm = run_command(tmp_path, "check", "zzz.yaml")
    debug = run_command(tmp_path, "check", "zzz.yaml", STATEPIPE_DEBUG="1")

    assert calm.stderr == "error: there is no flow zzz.yaml\n"
    assert debug.returncode == calm.returncode == 2
    assert debug.stderr.startswith(calm.stderr + "Traceback (most recent call last):\n")


def test_an_error_of_ours_apologises_and_tells_how_to_report_it(tmp_path: Path) -> None:
    write_shop(tmp_path)
    (tmp_path / "sitecustomize.py").write_text(
        "import statepipe.plan.lower\n"
        "def broken(machine, **given):\n    raise ZeroDivisionError('a defect')\n"
        "statepipe.plan.lower.lower = broken\n"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])

    calm = run_command(tmp_path, "check", "flow.yaml", PYTHONPATH=path)
    debug = run_command(tmp_path, "check", "flow.yaml", PYTHONPATH=path, STATEPIPE_DEBUG="1")

    assert calm.returncode == debug.returncode == 70
    assert calm.stderr == (
        "error: statepipe failed, and it is not your fault: ZeroDivisionError: a defect\n"
        "help: sorry; run it again with STATEPIPE_DEBUG=1 for the traceback to report\n"
    )
    assert "Traceback" in debug.stderr and ", in broken" in debug.stderr
    assert "sorry" not in debug.stderr


@pytest.mark.parametrize("name", ["schema", "version"])
def test_the_reader_of_any_command_may_leave(name: str) -> None:
    command = " ".join([*COMMAND, name])

    done = subprocess.run(
        ["bash", "-c", f"{command} | true; echo ${{PIPESTATUS[0]}}"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("141\n", "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("name", ["schema", "version"])
def test_a_full_disk_under_standard_output_is_told(name: str) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [*COMMAND, name], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert done.returncode == 3
    assert done.stderr == "error: cannot write standard output: No space left on device\n"


def test_what_the_terminal_cannot_show_is_written_out(tmp_path: Path) -> None:
    write_shop(tmp_path)

    done = run_command(tmp_path, "check", "flow.yaml", PYTHONIOENCODING="latin-1")

    assert done.returncode == 0
    assert done.stdout.startswith("\\u2713 flow.yaml is a valid flow: Shop\n")


def test_a_closed_standard_output_is_no_accident(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", " ".join([*COMMAND, "version", ">&-"])],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_version_comes_without_the_packages_that_only_runs_need() -> None:
    script = (
        "import sys; from statepipe.cli.main import main; main(['version']);"
        "print([name for name in ('rich', 'statepipe.cli.run') if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["", "input.jsonl", "-o", "none"], "FLOW: the path is empty"),
        (["flow.yaml", "", "-o", "none"], "SOURCE: the path is empty"),
        (["flow.yaml", "input.jsonl", "-o", ""], "--output: the path is empty"),
        (
            ["flow.yaml", "input.jsonl", "-o", "none", "--dead-letters", ""],
            "--dead-letters: the path is empty",
        ),
        (
            ["flow.yaml", "input.jsonl", "-o", "none", "--checkpoint", ""],
            "--checkpoint: the path is empty",
        ),
        (
            ["flow.yaml", "input.jsonl", "-o", "a.jsonl", "-o", "b.jsonl"],
            "--output: given 2 times; --sink STATE=PATH gives each end state its own",
        ),
        (
            ["flow.yaml", "input.jsonl", "-o", "a.jsonl", "--take-over"],
            "--take-over is for a stream with a checkpoint",
        ),
    ],
)
def test_what_a_variable_left_empty_or_a_line_says_twice_is_refused(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    code = main(["run", *arguments])

    assert (code, capsys.readouterr().err) == (2, f"error: {said}\n")
