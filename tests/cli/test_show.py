"""Tests of `statepipe show`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from statepipe.cli.main import main
from tests.cli.shop import write_shop


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what `statepipe show` prints."""
    assert main(["show", *arguments]) == 0
    printed: str = capsys.readouterr().out
    return printed


def test_a_flow_is_shown_as_a_tree(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "flow.yaml")

    assert text == (
        "input  [start]\n"
        "└─ price  [transform]\n"
        "   ├─ cheap  if state.data['total'] < 10  [end]\n"
        "   └─ dear  [end]\n"
    )
    assert text == shown(capsys, "flow.yaml", "--format", "tree")


@pytest.mark.parametrize(("name", "begin"), [("mermaid", "flowchart LR"), ("dot", "digraph FSM {")])
def test_a_flow_is_shown_in_languages_for_drawings(
    capsys: pytest.CaptureFixture[str], name: str, begin: str
) -> None:
    assert shown(capsys, "--format", name, "flow.yaml").startswith(begin)


def test_the_code_is_python_and_always_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    code = shown(capsys, "--code", "flow.yaml")

    compile(code, "code", "exec")
    assert "'total': data['price'] * data['quantity'],\n" in code
    assert code == shown(capsys, "flow.yaml", "--format", "code")


@pytest.mark.parametrize("name", ["tree", "mermaid", "dot", "code"])
def test_what_is_shown_cannot_steer_the_terminal(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    states = [
        {"name": "\x1b[2J", "is_start": True, "transform": "{**data, 'x': '\x1b]0;evil\x07'}"},
        {"name": "out", "is_end": True},
    ]
    arcs = [{"from": "\x1b[2J", "to": "out", "condition": "'\x1b[31m'"}]
    Path("evil.json").write_text(json.dumps({"name": "Evil", "states": states, "arcs": arcs}))

    text = shown(capsys, "evil.json", "--format", name)

    assert all(char.isprintable() or char == "\n" for char in text)
    assert "2J" in text


def test_a_wrong_format_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["show", "flow.yaml", "--format", "dott"])

    assert code == 2
    assert capsys.readouterr().err == "error: --format: there is no 'dott'; did you mean 'dot'?\n"
