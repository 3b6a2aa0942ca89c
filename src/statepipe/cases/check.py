"""Checking: the tests of a config, each on the interpreter and on the generated function."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from statepipe.api.assemble import Core, Functions
from statepipe.cases.at_once import AtOnce
from statepipe.cases.coverage import Tally
from statepipe.cases.difference import differences
from statepipe.cases.judge import Finding, findings
from statepipe.cases.results import CaseResult, CheckResult
from statepipe.config.load import Config, LoadedConfig, load_config
from statepipe.config.model import CaseConfig
from statepipe.config.problems import suggestion
from statepipe.errors import Place, UsageError
from statepipe.functions.moment import Moments
from statepipe.plan.interpret import conclude, conclude_async, finish, finish_async
from statepipe.plan.values import deep_copy
from statepipe.plan.walk import Walk
from statepipe.record import DataHandlingMode, Outcome, Run
from statepipe.run.own_loop import run_in_own_loop

TEST_RUN = Run("test", 0.0)
"""A run that began with the epoch."""

SUFFIXES = (".yaml", ".yml", ".json")
IMPURE = (
    "code that takes time, ids or chance for itself differs from run to run: "
    "use now(), uuid() and rng"
)


def check_config(
    config: Config,
    *tests: str | os.PathLike[str],
    name: str | None = None,
    data_mode: DataHandlingMode = DataHandlingMode.COPY,
    resources: Mapping[str, Any] | None = None,
    custom_functions: Functions | None = None,
    trusted: bool | None = None,
) -> CheckResult:
    """Run the tests of a config: its own, those of `tests`, and those of files beside it.

    Beside `flow.yaml` that is `flow.tests.yaml`, `.yml` or `.json`. With `name`, only tests
    whose name contains it are run. `now()`, `uuid()` and `rng` are those of TEST_RUN, and nothing
    waits between the attempts of a `retry`. Each record is run twice, by the interpreter and by
    the generated function.

    Raises ConfigError for a config with problems, in its tests as well, and UsageError where
    there is no test to run.
    """
    loaded = load_config(config, tests=[*beside(config), *tests])
    core = Core(loaded, data_mode, resources, custom_functions, None, trusted)
    core.timing = AtOnce()
    checks = _Checks(core, Tally())
    try:
        results = [
            checks.result(case, label, loaded.node("tests", index).at.place)
            for index, (label, case) in selected(loaded, name)
        ]
    finally:
        core.close()
    return CheckResult(tuple(results), checks.tally.coverage(core.plan))


def beside(config: object) -> list[Path]:
    """Return the files of tests that stand beside the file of a config."""
    if not isinstance(config, str | os.PathLike):
        return []
    stem = Path(os.fsdecode(config)).with_suffix("")
    paths = [stem.with_name(f"{stem.name}.tests{suffix}") for suffix in SUFFIXES]
    return [path for path in paths if path.is_file()]


def selected(loaded: LoadedConfig, name: str | None) -> list[tuple[int, tuple[str, CaseConfig]]]:
    """Return the tests whose name contains `name`, numbered; UsageError if there are none."""
    cases = [
        (case.name or f"test {number}", case)
        for number, case in enumerate(loaded.model.tests, start=1)
    ]
    if not cases:
        advice = "write some under `tests:`, or in a file beside it, as flow.tests.yaml"
        raise UsageError(f"the config has no tests: {advice}")
    wanted = (name or "").lower()
    found = [(index, each) for index, each in enumerate(cases) if wanted in each[0].lower()]
    if not found:
        hint = suggestion(str(name), [label for label, _ in cases])
        raise UsageError(f"no test has {name!r} in its name; {hint}")
    return found


@dataclass(frozen=True, slots=True)
class _Checks:
    core: Core
    tally: Tally

    def result(self, case: CaseConfig, name: str, place: Place) -> CaseResult:
        walked, ran = self.walked(case), self.ran(case)
        found = findings(case, walked)
        told = disagreement(walked, ran)
        if told is not None:
            found.append(told)
        elif not found:
            found = [
                Finding("engine", f"in the generated function only: {each.message}; {IMPURE}")
                for each in findings(case, ran)
            ]
        notes = () if found else differing_data(walked, ran)
        return CaseResult(name, place, walked.path, tuple(found), notes)

    def moments(self) -> Moments:
        return Moments(TEST_RUN, lambda: [0])

    def walked(self, case: CaseConfig) -> Outcome:
        """Return what the interpreter makes of a test's record, and count what it reached."""
        plan, timing = self.core.plan_from(case.initial_state), self.core.timing
        moments = self.moments()
        walk = Walk(plan, deep_copy(case.in_), moment=moments.promise(0))
        if not plan.is_async:
            outcome = finish(walk, timing)
            conclude(plan, outcome, moments.promise(0), timing)
        else:
            outcome = run_in_own_loop(lambda: finish_async(walk, timing))
            after = partial(conclude_async, plan, outcome, moments.promise(0), timing)
            run_in_own_loop(after)
        self.tally.add(walk, outcome)
        return outcome

    def ran(self, case: CaseConfig) -> Outcome:
        """Return what the generated function makes of a test's record."""
        engine = self.core.engine_from(case.initial_state)
        records = [deep_copy(case.in_)]
        if not engine.plan.is_async:
            return engine.run(records, self.moments()).outcome(0)
        chunk = run_in_own_loop(lambda: engine.run_async(records, 1, self.moments()))
        return chunk.outcome(0)


def disagreement(walked: Outcome, ran: Outcome) -> Finding | None:
    """Return what the engines do not agree on, but for what the record holds."""
    for what, told in FACTS.items():
        one, other = told(walked), told(ran)
        if one != other:
            message = f"the interpreter gives the {what} {one}, the generated function {other}"
            return Finding("engine", f"{message}; {IMPURE}")
    return None


def differing_data(walked: Outcome, ran: Outcome) -> tuple[str, ...]:
    fields = [each.path for each in differences(walked.data, ran.data, whole=True)]
    if not fields:
        return ()
    return (f"two runs of the record differ in {', '.join(fields[:5])}: {IMPURE}",)


def error_of(outcome: Outcome) -> str:
    error = outcome.error
    if error is None:
        return "none"
    return f"{error.error_type} ({error.role} at {error.state!r})"


FACTS: Mapping[str, Callable[[Outcome], object]] = {
    "path": lambda outcome: " -> ".join(outcome.path),
    "end": lambda outcome: outcome.final_state,
    "error": error_of,
}
