"""Tests of what the options of a run mean."""

from __future__ import annotations

import pytest

from statepipe.cli.request import EndState, Options, paths_of, sink_pair
from statepipe.errors import UsageError

ENDS = [
    EndState("good", True, None),
    EndState("own", True, "own.jsonl"),
    EndState("silent", False, None),
]


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        ({"output": "o"}, {"good": "o", "own": "own.jsonl"}),
        ({"output": "none"}, {"own": "own.jsonl"}),
        ({}, {"own": "own.jsonl"}),
        (
            {"output": "o", "sinks": ("own=x", "silent=y")},
            {"good": "o", "own": "x", "silent": "y"},
        ),
    ],
)
def test_the_command_line_comes_before_the_config(
    options: dict[str, object], paths: dict[str, str]
) -> None:
    given = Options("flow.yaml", "in.jsonl", **options)  # type: ignore[arg-type]  # as given

    assert paths_of(given, ENDS) == paths


def test_a_state_has_one_sink() -> None:
    with pytest.raises(UsageError) as caught:
        paths_of(Options("flow.yaml", "in.jsonl", sinks=("good=a", "good=b")), ENDS)

    assert str(caught.value) == "--sink: 'good' is given twice; one state has one sink"


@pytest.mark.parametrize(
    ("text", "pair"),
    [("a=b", ("a", "b")), ("a=b=c", ("a", "b=c")), ("a=c=d=e", ("a=c", "d=e"))],
)
def test_a_state_and_a_path_may_hold_an_equals_sign(text: str, pair: tuple[str, str]) -> None:
    known = ["a=c", "a"] if text.startswith("a=c") else ["a"]

    assert sink_pair(text, known[:1]) == pair
