"""Judging: what is wrong with the outcome of a test's record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from statepipe.cases.difference import Difference, differences
from statepipe.config.model import CaseConfig, CaseErrorConfig
from statepipe.errors import RecordError, render_record_error, shown_path
from statepipe.record import Outcome

What: TypeAlias = Literal["failure", "error", "state", "path", "data", "engine"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as a test expects it. `error` is the failure it is about, if one is."""

    what: What
    message: str
    differences: tuple[Difference, ...] = ()
    error: RecordError | None = None

    def lines(self) -> list[str]:
        """Return it as text: the message, each difference, and the failure in full."""
        told = [] if self.error is None else render_record_error(self.error).split("\n")
        below = [*map(str, self.differences), *told]
        return [self.message, *(f"  {line}" for line in below)]


def findings(case: CaseConfig, outcome: Outcome) -> list[Finding]:
    """Return all that is wrong with an outcome; nothing of the record if it failed unexpectedly."""
    if case.error is not None:
        found = list(_of_error(case.error, outcome))
    elif outcome.error is not None:
        return [Finding("failure", f"failed at '{outcome.final_state}'", error=outcome.error)]
    else:
        found = list(_of_state(case, outcome))
    if case.path is not None and case.path != outcome.path:
        should, was = shown_path(case.path), shown_path(outcome.path)
        found.append(Finding("path", f"the path should be {should}, and is {was}"))
    return [*found, *_of_data(case, outcome)]


def _of_error(expected: CaseErrorConfig, outcome: Outcome) -> Iterator[Finding]:
    error = outcome.error
    if error is None:
        wanted = expected.type or "an error"
        message = f"should fail with {wanted}, and ended at '{outcome.final_state}'"
        yield Finding("error", message)
        return
    wrong = []
    if expected.type not in (None, error.error_type):
        wrong.append(f"the error should be {expected.type}, and is {error.error_type}")
    if expected.state not in (None, error.state):
        wrong.append(f"should fail at '{expected.state}', and failed at '{error.state}'")
    if expected.message is not None and expected.message not in error.message:
        wrong.append(f"the error should say {expected.message!r}")
    if wrong:
        yield Finding("error", "; ".join(wrong), error=error)


def _of_state(case: CaseConfig, outcome: Outcome) -> Iterator[Finding]:
    if case.state not in (None, outcome.final_state):
        message = f"should end at '{case.state}', and ended at '{outcome.final_state}'"
        yield Finding("state", message)


def _of_data(case: CaseConfig, outcome: Outcome) -> Iterator[Finding]:
    for expected, whole in ((case.expect, True), (case.contains, False)):
        if expected is None:
            continue
        found = tuple(differences(expected, outcome.data, whole=whole))
        if found:
            fields = "1 field" if len(found) == 1 else f"{len(found)} fields"
            message = f"the record is not as expected in {fields}"
            yield Finding("data", message, differences=found)
