"""Cases: the tests of a config, run on every engine."""

from statepipe.cases.check import TEST_RUN, check_config
from statepipe.cases.coverage import Coverage
from statepipe.cases.difference import Difference
from statepipe.cases.judge import Finding
from statepipe.cases.results import CaseResult, CheckResult

__all__ = [
    "TEST_RUN",
    "CaseResult",
    "CheckResult",
    "Coverage",
    "Difference",
    "Finding",
    "check_config",
]
