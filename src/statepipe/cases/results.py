"""Results: what became of each test of a config, and how much of it they reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

from statepipe.cases.coverage import Coverage
from statepipe.cases.judge import Finding
from statepipe.errors import Place, shown_path


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of one test; true if it passed.

    `path` are the states that its record went through, `findings` all that was not as expected.
    `notes` tell what is odd and wrong in no expectation.
    """

    name: str
    place: Place
    path: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all was as expected."""
        return not self.findings

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        return self.name

    def report(self) -> str:
        """Return the test's place, what was not as expected, and the path."""
        lines = [line for finding in self.findings for line in finding.lines()]
        path = f"path: {shown_path(self.path)}"
        below = [*lines, path, *(f"note: {note}" for note in self.notes)]
        return "\n".join([f"{self.place}: {self.name}", *(f"    {line}" for line in below)])

    def check(self) -> None:
        """Raise AssertionError with the report unless the test passed."""
        if not self.passed:
            raise AssertionError(self.report())


@dataclass(frozen=True, slots=True)
class CheckResult(Sequence[CaseResult]):
    """The results of all tests that were run, in order; true if all passed."""

    results: tuple[CaseResult, ...]
    coverage: Coverage

    @property
    def passed(self) -> int:
        """How many tests passed."""
        return sum(result.passed for result in self.results)

    @property
    def failed(self) -> int:
        """How many tests did not."""
        return len(self.results) - self.passed

    def __bool__(self) -> bool:
        return not self.failed

    def __len__(self) -> int:
        return len(self.results)

    @overload
    def __getitem__(self, index: int) -> CaseResult: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[CaseResult]: ...

    def __getitem__(self, index: int | slice) -> CaseResult | Sequence[CaseResult]:
        return self.results[index]
