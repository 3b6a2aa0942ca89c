"""What is wrong with the outcome of a test's record."""

from __future__ import annotations

from typing import Any

from statepipe.cases.judge import findings
from statepipe.config.model import CaseConfig
from statepipe.errors import RecordError
from statepipe.record import Outcome

ENDED = Outcome({"n": 1}, ("a", "z"), "z")
FAILED = Outcome(
    {"n": 1},
    ("a", "b"),
    "b",
    RecordError("KeyError: 'x'", role="transform", error_type="KeyError", state="b"),
)


def said(outcome: Outcome, **keys: Any) -> list[tuple[str, str]]:
    case = CaseConfig(**{"in": {}, **keys})
    return [(each.what, each.message) for each in findings(case, outcome)]


def test_what_is_as_expected_has_no_findings() -> None:
    assert said(ENDED) == []
    assert said(ENDED, expect={"n": 1}, state="z", path=("a", "z")) == []
    assert said(ENDED, contains={}) == []
    assert said(FAILED, error={}, expect={"n": 1}, path=("a", "b")) == []
    assert said(FAILED, error={"type": "KeyError", "state": "b", "message": "'x'"}) == []


def test_a_record_that_fails_unexpectedly_is_one_finding() -> None:
    [finding] = findings(CaseConfig(**{"in": {}, "expect": {}, "path": ("a",)}), FAILED)

    assert (finding.what, finding.message) == ("failure", "failed at 'b'")
    assert finding.lines() == [
        "failed at 'b'",
        "  KeyError: 'x'",
        "      where: transform, state 'b'",
    ]


def test_a_record_that_should_fail_and_does_not_is_told() -> None:
    assert said(ENDED, error={"type": "KeyError"}) == [
        ("error", "should fail with KeyError, and ended at 'z'")
    ]
    assert said(ENDED, error={}) == [("error", "should fail with an error, and ended at 'z'")]


def test_another_error_than_expected_is_told() -> None:
    error = {"type": "TypeError", "state": "a", "message": "no"}

    assert said(FAILED, error=error) == [
        (
            "error",
            "the error should be TypeError, and is KeyError; should fail at 'a', and failed at "
            "'b'; the error should say 'no'",
        )
    ]


def test_end_path_and_data_are_told_each() -> None:
    case = CaseConfig(**{"in": {}, "expect": {"n": 2, "m": 1}, "state": "y", "path": ("a", "y")})

    found = findings(case, ENDED)

    assert [each.message for each in found] == [
        "should end at 'y', and ended at 'z'",
        "the path should be a -> y, and is a -> z",
        "the record is not as expected in 2 fields",
    ]
    assert found[2].lines()[1:] == [
        "  ~ n: expected 2, found 1",
        "  - m: expected 1, and is not there",
    ]
    assert said(ENDED, contains={"n": 2}) == [("data", "the record is not as expected in 1 field")]
