"""Tests of messages: what they underline, and what they let through to a terminal."""

from __future__ import annotations

import click
import pytest

from statepipe.cli.messages import problem_lines, show_problems, window
from statepipe.errors import ConfigError, Place, Problem, Span


def plain(lines: list[str]) -> list[str]:
    return [click.unstyle(line) for line in lines]


def test_a_problem_in_a_dict_has_no_line() -> None:
    problem = Problem(Place("states[0].nmae"), "unknown key 'nmae'", "did you mean 'name'?")

    assert plain(problem_lines(problem)) == [
        "states[0].nmae: unknown key 'nmae'",
        "    help: did you mean 'name'?",
    ]


@pytest.mark.parametrize(
    ("start", "end", "text", "underlined"),
    [
        (0, 3, "abcdefghijklmnopqr…", "abc"),
        (30, 33, "…zABCDEFGHIJKLMNOP…", "EFG"),
        (49, 52, "…HIJKLMNOPQRSTUVWXYZ", "XYZ"),
        (30, 52, "…zABCDEFGHIJKLMNOP…", "EFGHIJKLMNOP…"),
    ],
)
def test_a_long_line_is_cut_around_what_is_underlined(
    start: int, end: int, text: str, underlined: str
) -> None:
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

    cut = window(Span(Place(), alphabet, start, end), len(text))

    assert cut.text == text
    assert cut.text[cut.start : cut.end] == underlined


def test_a_line_that_fits_is_kept_without_what_would_steer_the_terminal() -> None:
    span = Span(Place(), "\ta\x1b[2Jb", 1, 2)

    assert window(span, 40).text == "\ta\ufffd[2Jb"


def test_one_problem_is_not_called_problems(capsys: pytest.CaptureFixture[str]) -> None:
    show_problems(ConfigError([Problem(Place("name"), "is missing")]))

    assert capsys.readouterr().err == "name: is missing\n\nerror: 1 problem in the config\n"
