"""Tests of what must hold for the handling of failures in a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from statepipe.config import load_config
from statepipe.config.handling import NEVER_HANDLED
from statepipe.plan.refusals import NEVER_CAUGHT


def told(**keys: object) -> list[tuple[str, str, str | None]]:
    states: list[Any] = [{"name": "a", "is_start": True, **keys}, {"name": "good"}]
    problems = load_config({"states": states}).problems
    return [(problem.place.keys, problem.message, problem.advice) for problem in problems]


@pytest.mark.parametrize(
    ("keys", "place"),
    [({"on_error": "god"}, "on_error"), ({"catch": [{"to": "god"}]}, "catch[0].to")],
)
def test_a_state_that_is_not_there_is_told(keys: dict[str, object], place: str) -> None:
    assert told(**keys) == [(f"states[0].{place}", "unknown state 'god'", "did you mean 'good'?")]


@pytest.mark.parametrize("first", ["*", ["KeyError", "OSError"]])
def test_a_clause_that_nothing_is_left_for_is_told(first: object) -> None:
    later = {"errors": "KeyError", "to": "good"}
    problems = told(catch=[{"errors": first, "to": "a"}, later])

    assert problems == [
        (
            "states[0].catch[1]",
            "nothing is left for this clause: those before it catch all that it names",
            "put it before them, or remove it",
        )
    ]


def test_on_error_behind_a_clause_for_all_is_told() -> None:
    [(place, message, _)] = told(catch={"to": "good"}, on_error="a")

    assert (place, message[:15]) == ("states[0].on_error", "nothing is left")


def test_clauses_that_share_some_errors_are_none_of_our_business() -> None:
    clauses = [{"errors": ["KeyError"], "to": "a"}, {"errors": ["KeyError", "OSError"], "to": "a"}]

    assert told(catch=clauses, on_error="good") == []


@pytest.mark.parametrize(
    ("errors", "place", "message", "advice"),
    [
        (
            ["KeyError", "urllib.error.URLError"],
            "errors[1]",
            "'urllib.error.URLError' is no name of an error type",
            "give the name of its class alone, as KeyError, or '*'",
        ),
        (
            ["*", "KeyError"],
            "errors[0]",
            "'*' beside other names: it means all errors",
            "keep one or the other",
        ),
        (
            ["TransitionLimitError"],
            "errors[0]",
            "'TransitionLimitError' ends a record for good",
            "a limit cannot be caught; remove it",
        ),
    ],
)
def test_names_that_fit_no_error_are_told(
    errors: list[str], place: str, message: str, advice: str
) -> None:
    assert told(retry={"errors": errors}) == [(f"states[0].retry.{place}", message, advice)]
    assert told(catch=[{"errors": errors, "to": "good"}]) == [
        (f"states[0].catch[0].{place}", message, advice)
    ]


def test_the_limits_are_those_that_the_plan_never_recovers_from() -> None:
    assert tuple(kind.__name__ for kind in NEVER_CAUGHT) == NEVER_HANDLED


def test_a_run_on_failure_without_transforms_is_told() -> None:
    assert told(run_on_failure=True) == [
        (
            "states[0].run_on_failure",
            "'run_on_failure' of 'a', which has no transforms",
            "only its transforms run on failure; add one, or remove it",
        )
    ]
    assert told(run_on_failure=True, transform="data") == []


def test_a_problem_in_a_file_points_at_the_word(tmp_path: Path) -> None:
    flow = tmp_path / "flow.yaml"
    flow.write_text("states:\n  a:\n    start: true\n    on_error: bb\n  b: {}\n")
    [problem] = load_config(str(flow)).problems

    assert (problem.place.line, problem.place.column) == (4, 15)
    assert problem.span is not None
    assert problem.span.text[problem.span.start : problem.span.end] == "bb"
