"""Tests of `statepipe replay`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from statepipe.cli.main import main
from tests.cli.shop import BAD, FLOW, GOOD, records_in, run_command, write_shop

MENDED = FLOW.replace("state.data['quantity']", "state.data.get('quantity', 1)")


@pytest.fixture(autouse=True)
def failed_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run the shop with two failures, and write its mended flow."""
    monkeypatch.chdir(tmp_path)
    write_shop(tmp_path, [*GOOD, *BAD, "garbage"])
    Path("mended.yaml").write_text(MENDED, encoding="utf-8")
    assert main(["run", "flow.yaml", "in.jsonl", "-o", "out.jsonl"]) == 1
    capsys.readouterr()


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_a_replay_tells_what_became_of_each_letter(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["replay", "out.dead.jsonl", "--config", "mended.yaml", "-o", "fixed.jsonl"])
    lines = told(capsys)

    assert code == 1
    assert lines[0].startswith("2 dead letters of out.dead.jsonl in ")
    assert lines[1:] == [
        "",
        "  fixed           1  → fixed.jsonl",
        "  same error      1",
        "  new error       0",
        "  not replayable  0",
        "  total           2",
        "  not fixed  → fixed.dead.jsonl",
        "",
        "1 × malformed: invalid JSON at column 1: expecting value",
        "    first:  record 4, line 4, byte 111",
        "    see:    statepipe dead fixed.dead.jsonl --show 1",
    ]
    assert [record["id"] for record in records_in(Path("fixed.jsonl"))] == [3]
    assert [letter["attempts"] for letter in records_in(Path("fixed.dead.jsonl"))] == [2]


def test_failures_that_one_accepts_make_exit_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["replay", "out.dead.jsonl", "--config", "mended.yaml", "-o", "none"]

    assert main([*command, "--max-errors", "1"]) == 0
    assert main([*command, "--max-errors", "0", "--quiet"]) == 1
    assert capsys.readouterr().err == "error: 1 of 2 dead letters not fixed\n"


def test_a_trial_writes_nothing_and_an_unchanged_flow_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = sorted(Path.cwd().iterdir())

    main(["replay", "out.dead.jsonl", "--config", "flow.yaml", "-o", "none"])
    lines = told(capsys)

    assert lines[2:4] == ["  fixed           0", "  same error      2"]
    assert lines[-1] == "warning: the config is the one that they failed with before"
    assert sorted(Path.cwd().iterdir()) == before


def test_letters_that_cannot_be_replayed_are_told_by_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("mended.yaml").write_text(MENDED.replace("Shop", "Mill"), encoding="utf-8")

    main(["replay", "out.dead.jsonl", "--config", "mended.yaml", "-o", "none"])
    lines = told(capsys)

    assert lines[5:] == [
        "  not replayable  2",
        "  total           2",
        "",
        "not replayable:",
        "    2 × of another machine or pipeline",
    ]


def test_the_old_output_is_not_replaced_unless_told(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["replay", "out.dead.jsonl", "--config", "mended.yaml", "-o", "out.jsonl"]
    letters = ["--dead-letters", "left.jsonl"]

    assert main(command) == 2
    assert "out.jsonl is there already" in capsys.readouterr().err
    assert len(records_in(Path("out.jsonl"))) == 2
    assert main([*command, *letters, "--overwrite"]) == 1
    assert len(records_in(Path("out.jsonl"))) == 1
    assert len(records_in(Path("left.jsonl"))) == 1


def test_in_place_the_letters_are_replaced_by_what_is_left() -> None:
    command = ["replay", "out.dead.jsonl", "--config", "mended.yaml", "-o", "fixed.jsonl"]

    assert main([*command, "--in-place"]) == 1
    assert [letter["original"] for letter in records_in(Path("out.dead.jsonl"))] == ["garbage"]
    assert not Path("fixed.dead.jsonl").exists()


def test_each_end_state_may_have_its_own_sink(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["replay", "out.dead.jsonl", "--config", "mended.yaml", "--dead-letters", "none"]

    main([*command, "--sink", "cheap=cheap.csv", "--csv-delimiter", ";", "--parallelism", "2"])

    assert told(capsys)[2] == "  fixed           1  → cheap.csv"
    assert Path("cheap.csv").read_text() == "id;price;qunatity;total\n3;5;1;5\n"


def test_json_is_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    main(["replay", "out.dead.jsonl", "--config", "mended.yaml", "-o", "fixed.jsonl", "--json"])
    report = json.loads(capsys.readouterr().out)

    counts = ("letters", "fixed", "same", "new", "not_replayable", "exit_code")
    assert [report[key] for key in counts] == [2, 1, 1, 0, 0, 1]
    assert report["dead_letters"] == "fixed.dead.jsonl"
    assert report["failure_groups"][0]["first"]["position"]["line"] == 4


def test_fixed_records_may_go_to_standard_output(tmp_path: Path) -> None:
    done = run_command(tmp_path, "replay", "out.dead.jsonl", "--config", "mended.yaml", "-o", "-")

    assert json.loads(done.stdout)["id"] == 3
    assert "  fixed           1  → standard output" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["out.dead.jsonl", "-o", "x.jsonl"], 2, "missing option '--config'"),
        (["out.dead.jsonl", "--config", "mended.yaml"], 2, "there is nowhere to write"),
        (["out.dead.jsonl", "--config", "mendet.yaml", "-o", "-"], 2, "did you mean 'mended.yaml'"),
        (["nix.jsonl", "--config", "mended.yaml", "-o", "none"], 3, "there is no file nix.jsonl"),
        (
            ["out.dead.jsonl", "--config", "mended.yaml", "-o", "x.jsonl", "--dead-letters", "-"],
            2,
            "--dead-letters needs a path, or none",
        ),
    ],
)
def test_what_is_wrong_with_the_command_line_is_told(
    arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", *arguments]) == code
    assert message in capsys.readouterr().err
