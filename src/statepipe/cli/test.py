"""`statepipe test`."""

from __future__ import annotations

import json
from typing import Any

import click

from statepipe.cases import CaseResult, CheckResult, Coverage, check_config
from statepipe.cases.judge import Finding
from statepipe.cli import option
from statepipe.cli.exits import ExitCode
from statepipe.cli.flow import admit_modules, check_path
from statepipe.cli.terminal import bold, dim, green, red, say, yellow
from statepipe.cli.values import number
from statepipe.cli.words import counted, printable
from statepipe.errors import UsageError, portable, shown_path


@click.command("test", short_help="Run the tests of a flow.")
@click.argument("flow")
@click.argument("tests", nargs=-1)
@click.option("-k", "name", metavar="NAME", help="Only tests that have NAME in their name.")
@option.json_instead
@click.option(
    "--coverage/--no-coverage",
    "with_coverage",
    default=True,
    help="Whether to tell what the tests did not reach. [told]",
)
@click.option(
    "--min-coverage",
    "least",
    callback=number(0),
    metavar="N",
    help="Percent of states and arcs that the tests must reach.",
)
@option.trust
@click.pass_context
def command(
    context: click.Context,
    flow: str,
    tests: tuple[str, ...],
    name: str | None,
    as_json: bool,
    with_coverage: bool,
    least: float | None,
    trust: bool,
) -> None:
    """Run the tests of FLOW: those under `tests:`, in files beside it, and in the files TESTS.

    Each record is run by the interpreter and by the generated function.
    """
    check_least(least)
    check_path(flow)
    admit_modules(flow, trust)
    result = check_config(flow, *tests, name=name, trusted=trust)
    enough = least is None or result.coverage.percent >= least
    if as_json:
        say(json.dumps(json_result(flow, result, enough), ensure_ascii=False))
    else:
        tell(result, least if not enough else None, with_coverage)
    context.exit(ExitCode.OK if result and enough else ExitCode.FAILED)


def check_least(least: float | None) -> None:
    if least is not None and least > 100:
        raise UsageError(f"--min-coverage is a percentage, at most 100, not {least:g}")


def tell(result: CheckResult, missed: float | None, with_coverage: bool) -> None:
    """Print the tests, what they reached, and the percentage that was `missed`, if one was."""
    for each in result:
        say("\n".join(case_lines(each)))
    passed = green(f"{result.passed} passed")
    failed = f", {red(f'{result.failed} failed')}" if result.failed else ""
    say(f"\n{passed}{failed}")
    if with_coverage:
        say("\n".join(coverage_lines(result.coverage)))
    if missed is not None:
        message = f"the coverage is {percent(result.coverage)}, and should be {missed:g}%"
        say(f"{red('error:')} {message}", to_stderr=True)


def case_lines(result: CaseResult) -> list[str]:
    """Return a test's line; below it what was not as expected, and the path."""
    name, notes = printable(result.name), [f"note: {note}" for note in result.notes]
    path = printable(shown_path(result.path))
    if result.passed:
        return [f"{green('✓')} {name}  {dim(path)}", *below(notes)]
    place = printable(str(result.place))
    lines = [line for finding in result.findings for line in finding.lines()]
    told = [paint(line) for line in lines]
    return [
        f"{red('✗')} {bold(name)}  {dim(place)}",
        *below(told),
        *below([f"{dim('path:')} {path}", *notes]),
    ]


def below(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def paint(line: str) -> str:
    """Return a line of a finding, safe to print, coloured as a difference if it is one."""
    safe = "\t".join(map(printable, line.split("\t")))
    paints = {"  - ": red, "  + ": green, "  ~ ": yellow}
    known = paints.get(line[:4])
    return known(safe) if known is not None else safe


def coverage_lines(coverage: Coverage) -> list[str]:
    """Return what the tests reached, and by name what they did not."""
    states, arcs = len(coverage.states), len(coverage.arcs)
    entered, taken = states - len(coverage.missed_states), arcs - len(coverage.missed_arcs)
    head = f"{entered} of {counted(states, 'state')}, {taken} of {counted(arcs, 'arc')}"
    missed = {
        "never entered": coverage.missed_states,
        "never taken": coverage.missed_arcs,
        "always true": coverage.always_true,
        "always false": coverage.always_false,
    }
    told = [
        f"  {dim(what)}  {', '.join(map(printable, names))}"
        for what, names in missed.items()
        if names
    ]
    return [f"coverage {percent(coverage)}: {head}", *told]


def percent(coverage: Coverage) -> str:
    """Return the coverage without decimals, rounded down: 100% means all."""
    return f"{int(coverage.percent)}%"


def json_result(flow: str, result: CheckResult, enough: bool) -> dict[str, Any]:
    """Return all that is known, for other programs."""
    coverage = result.coverage
    return {
        "flow": flow,
        "ok": bool(result) and enough,
        "passed": result.passed,
        "failed": result.failed,
        "tests": [json_case(each) for each in result],
        "coverage": {
            "percent": coverage.percent,
            "states": dict(coverage.states),
            "arcs": dict(coverage.arcs),
            "conditions": {
                name: {"true": yes, "false": no} for name, (yes, no) in coverage.conditions.items()
            },
        },
    }


def json_case(result: CaseResult) -> dict[str, Any]:
    place = result.place
    return {
        "name": result.name,
        "passed": result.passed,
        "place": {"file": place.file, "line": place.line, "column": place.column},
        "path": list(result.path),
        "findings": [json_finding(each) for each in result.findings],
        "notes": list(result.notes),
    }


def json_finding(finding: Finding) -> dict[str, Any]:
    error = finding.error
    return {
        "what": finding.what,
        "message": finding.message,
        "differences": [
            {
                "path": each.path,
                "kind": each.kind,
                "expected": portable(each.expected),
                "found": portable(each.found),
            }
            for each in finding.differences
        ],
        "error": None if error is None else str(error),
    }
