"""Tests of `statepipe why`."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from statepipe.cli.main import main
from tests.cli.shop import FLOW, write_shop
from tests.cli.test_live import on_terminal

RECORD = '{"price": 2, "quantity": 3}'


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)


def output_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["why", "flow.yaml", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def on_stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_a_record_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert output_of(capsys, "--data", RECORD) == (
        0,
        "✓ ended at 'cheap'  input -> price -> cheap\n"
        "  record  {'price': 2, 'quantity': 3}\n"
        "  became  {'price': 2, 'quantity': 3, 'total': 6}\n"
        "\n"
        "input\n"
        "  ✓ to price  no condition\n"
        "\n"
        "price\n"
        "  ~ transform  {**state.data, 'total': state.data['price'] * state.data['q…  "
        "flow.yaml:6:16\n"
        "      + total: 6\n"
        "  ✓ to cheap  if state.data['total'] < 10  flow.yaml:17:41\n"
        "      state.data['total']  6\n"
        "  · to dear  not tried: 'cheap' had accepted\n"
        "\n"
        "cheap  end\n",
        "",
    )


def test_a_record_that_fails_is_explained_with_exit_code_0(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = output_of(capsys, "--data", '{"price": 2}')

    assert (code, err) == (0, "")
    assert "        state.data['quantity']                      raised  ◀ here\n" in out
    assert "failed: flow.yaml:9:40: KeyError: 'quantity'\n" in out


def test_the_record_may_be_in_a_file_or_on_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("one.json").write_text('{\n  "price": 2,\n  "quantity": 3\n}\n')
    on_stdin(monkeypatch, RECORD + "\n")
    given = output_of(capsys, "--data", RECORD)

    assert output_of(capsys, "--data", "@one.json") == given
    assert output_of(capsys, "--data", "-") == given


def test_it_may_enter_at_another_state(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = output_of(capsys, "--data", RECORD, "--state", "price")

    assert out.startswith("✓ ended at 'cheap'  price -> cheap\n")
    assert output_of(capsys, "--data", RECORD, "--state", "prise") == (
        2,
        "",
        "error: there is no state 'prise'; the states are input, price, cheap, dear\n",
    )


def test_programs_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = output_of(capsys, "--data", '{"price": 2}', "--json")
    told = json.loads(out)

    assert code == 0
    assert (told["success"], told["error"]) == (False, "KeyError: 'quantity'")
    assert told["steps"][1]["functions"][0]["verdict"] == "failed"


def test_all_steps_are_shown_if_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    arcs = '  - {from: input, to: input, condition: "len(data) < 100", transform: grow}\n'
    grow = "{type: inline, code: \"{**data, f'x{len(data)}': 1}\"}"
    Path("flow.yaml").write_text(FLOW.replace("arcs:\n", "arcs:\n" + arcs.replace("grow", grow)))
    _, some, _ = output_of(capsys, "--data", "{}")
    _, every, _ = output_of(capsys, "--data", "{}", "--all")

    assert "... 62 more steps, left out\n" in some
    assert every.count("\ninput\n") == 101


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            "{'a': 1}",
            "--data is no record: invalid JSON at column 2: expecting property name "
            "enclosed in double quotes",
        ),
        ("[1]", "--data is no record: not an object (got array)"),
        ("NaN", "--data is no record: NaN at column 1 is not allowed"),
        (" ", "--data is empty: give one JSON object, as '{\"id\": 1}'"),
        ("@none.json", "--data @none.json: No such file or directory"),
        (
            "in.jsonl",
            "--data is no record: invalid JSON at column 1: expecting value; "
            "to read it from the file: --data @in.jsonl",
        ),
        (
            "@in.jsonl",
            "in.jsonl is no record: invalid JSON at line 2, column 1: extra data; one "
            "record is explained at a time; for one line of a file:  "
            "sed -n 3p FILE | statepipe why FLOW --data -",
        ),
    ],
)
def test_what_is_no_record_is_refused_with_a_remedy(
    capsys: pytest.CaptureFixture[str], data: str, message: str
) -> None:
    assert output_of(capsys, "--data", data) == (2, "", f"error: {message}\n")


def test_the_flow_and_the_record_have_to_be_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert output_of(capsys)[0::2] == (
        2,
        "error: missing option '--data'; usage: statepipe why [OPTIONS] FLOW\n",
    )
    assert main(["why", "flaw.yaml", "--data", "{}"]) == 2
    assert capsys.readouterr().err == (
        "error: there is no flow flaw.yaml; did you mean 'flow.yaml'?\n"
    )


def test_a_flow_is_trusted_only_if_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    Path("flow.yaml").write_text(FLOW.replace("state.data['total'] < 10", "open('x') and True"))
    refused, _, err = output_of(capsys, "--data", RECORD)
    Path("x").touch()
    trusted, _, _ = output_of(capsys, "--data", RECORD, "--trust")

    assert (refused, trusted) == (2, 0)
    assert "'open'" in err


def test_nothing_of_a_record_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Path("flow.yaml").write_text(
        FLOW.replace("state.data['total'] < 10", "(data['total'] < 10, data['note'])")
    )
    _, out, _ = output_of(capsys, "--data", RECORD[:-1] + ', "note": "a\\u001b[2Jb"}')

    assert "\x1b" not in out
    assert "reason  a\\x1b[2Jb\n" in out


def test_a_terminal_shows_colours(tmp_path: Path) -> None:
    arguments = ("why", "flow.yaml", "--data", RECORD)
    code, seen = on_terminal(tmp_path, *arguments)
    _, plain = on_terminal(tmp_path, *arguments, NO_COLOR="1")

    assert code == 0
    assert "\x1b[32m✓\x1b[0m\x1b[1m ended at 'cheap'\x1b[0m" in seen
    assert "\x1b" not in plain
    assert plain.startswith("✓ ended at 'cheap'  input -> price -> cheap\n")
