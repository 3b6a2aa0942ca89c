"""Tests of `retry`, `catch` and `on_error` as an author may write them."""

from __future__ import annotations

from typing import Any

import pytest

from statepipe.config import load_config
from statepipe.config.model import CatchConfig, StateConfig


def config(**keys: object) -> dict[str, Any]:
    return {"states": [{"name": "a", "is_start": True, **keys}, {"name": "b"}, {"name": "c"}]}


def read(**keys: object) -> StateConfig:
    loaded = load_config(config(**keys), env={"WAIT": "0.25"})
    assert loaded.problems == ()
    return loaded.model.networks[0].states[0]


def told(**keys: object) -> list[tuple[str, str, str | None]]:
    problems = load_config(config(**keys)).problems
    return [(problem.place.keys, problem.message, problem.advice) for problem in problems]


def test_a_retry_has_defaults() -> None:
    retry = read(retry={}).retry

    assert retry is not None
    assert (retry.max_attempts, retry.backoff_s, retry.jitter) == (3, 0.0, "none")
    assert (retry.backoff_rate, retry.max_backoff_s, retry.errors) == (2.0, 60.0, ("*",))


def test_numbers_may_come_from_the_environment() -> None:
    retry = read(retry={"backoff_s": "${WAIT}"}).retry

    assert retry is not None
    assert retry.backoff_s == 0.25


def test_one_error_and_one_clause_need_no_list() -> None:
    clause = {"errors": "KeyError", "to": "b"}
    listed = [{"errors": ["KeyError"], "to": "b"}]

    assert read(catch=clause).catch == read(catch=listed).catch
    assert read(retry={"errors": "KeyError"}) == read(retry={"errors": ["KeyError"]})


def test_on_error_is_a_clause_for_all_errors_behind_those_of_catch() -> None:
    assert read(on_error="b").catch == (CatchConfig(to="b"),)
    assert read(on_error="c", catch={"errors": "KeyError", "to": "b"}).catch == (
        CatchConfig(errors=("KeyError",), to="b"),
        CatchConfig(to="c"),
    )


@pytest.mark.parametrize(
    ("keys", "place", "message", "advice"),
    [
        (
            {"retry": {"attempts": 2}},
            "states[0].retry.attempts",
            "unknown key 'attempts' in retry",
            "write 'max_attempts'; it counts the first one too",
        ),
        (
            {"retry": {"backof_s": 2}},
            "states[0].retry.backof_s",
            "unknown key 'backof_s' in retry",
            "did you mean 'backoff_s'?",
        ),
        (
            {"retry": {"jitter": "full"}},
            "states[0].retry.jitter",
            "'jitter' without 'backoff_s': there is no wait",
            "add  backoff_s: 1,  or remove it",
        ),
        (
            {"catch": {"errors": "*", "target": "b", "to": "b"}},
            "states[0].catch.target",
            "unknown key 'target' in a catch",
            "write 'to'",
        ),
        (
            {"catch": "b"},
            "states[0].catch",
            "'catch' must be a list",
            "as in  catch: [{errors: [KeyError], to: STATE}],  or  on_error: STATE",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_advice(
    keys: dict[str, object], place: str, message: str, advice: str
) -> None:
    assert told(**keys) == [(place, message, advice)]
