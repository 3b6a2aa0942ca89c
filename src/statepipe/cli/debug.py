"""`statepipe debug`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import click

from statepipe.api.assemble import Core
from statepipe.api.session import Session as Steps
from statepipe.api.single import moments_of
from statepipe.cli import option
from statepipe.cli.debug_lines import converse, obey_script, script_lines
from statepipe.cli.flow import admit_modules, check_path
from statepipe.cli.given_record import STANDARD, record_of
from statepipe.cli.terminal import dim, say
from statepipe.debugger import Session
from statepipe.errors import UsageError
from statepipe.plan.drive import Steps as Requests
from statepipe.plan.interpret import own
from statepipe.plan.stepping import Stepper
from statepipe.record import DataHandlingMode, Record

INSTALL = "for the full-screen debugger: pip install 'statepipe[debug]'"
Given = TypeVar("Given")

ONE_OF_MANY = (
    "one record is stepped at a time; "
    'for one line of a file:  statepipe debug FLOW --data "$(sed -n 3p FILE)"'
)
ONE_RECORD = 0
"""The key under which the steps of the one record hold what functions need."""


@click.command("debug", short_help="Step one record through a flow.")
@click.argument("flow")
@option.record
@option.state
@click.option(
    "--script",
    metavar="PATH",
    help="Obey the commands in a file, one a line, `#` before comments; - for standard input.",
)
@click.option("--plain", is_flag=True, help="Lines of text instead of a full screen.")
@option.trust
@click.pass_context
def command(
    context: click.Context,
    flow: str,
    data: str,
    state: str | None,
    script: str | None,
    plain: bool,
    trust: bool,
) -> None:
    """Step one record through FLOW: on, back, to breakpoints, and on again with another record.

    `help` lists the commands. On a terminal, the debugger fills the screen if the package
    `textual` is there; else it reads commands as lines. Nothing is written.

    A script ends with the last command or `quit`, with exit code 0, also where the record has
    failed; a command that cannot be obeyed ends it with 2.

    \b
    statepipe debug flow.yaml --data '{"id": 1}'
    statepipe debug flow.yaml --data @record.json --script look.txt
    """
    check_path(flow)
    check_input(data, script)
    record = record_of(data, ONE_OF_MANY)
    commands = None if script is None else script_lines(script)
    admit_modules(flow, trust)
    with debugging(flow, record, state, trust) as session:
        if commands is not None:
            obey_script(session, commands)
        elif not plain and fills_screen():
            from statepipe.cli.debug_app import run_app  # noqa: PLC0415  # an optional package

            context.exit(run_app(session))
        else:
            converse(session)


def check_input(data: str, script: str | None) -> None:
    """Raise UsageError where the record takes the standard input that commands would come from."""
    if data == STANDARD and script in (None, STANDARD):
        raise UsageError(
            "--data - takes standard input, which the commands come from; "
            "give --script PATH, or --data @PATH"
        )


STILL_RUNNING = "a function is still running: what it uses was not torn down or closed"


@contextmanager
def debugging(flow: str, record: Record, state: str | None, trust: bool) -> Iterator[Session]:
    """Give a session whose record stands before its first state; nothing has run."""
    core = Core(flow, DataHandlingMode.COPY, None, None, None, trust)
    steps = Steps(core)

    def make(requests: Requests[Given]) -> Given:
        return steps.make(ONE_RECORD, requests, lambda given: given)

    try:
        plan = core.plan_from(state)
        moment = moments_of(core).promise(0)
        stepper = Stepper(plan, own(plan, record), clock=core.clock.monotonic_s, moment=moment)
        yield Session(core.machine, stepper, make, trusted=trust)
    finally:
        if steps.is_making:  # it could not be interrupted, and has been given its time
            say(STILL_RUNNING, to_stderr=True)
        else:
            steps.close()
            core.close()


def fills_screen() -> bool:
    """Tell whether there is a terminal, and what draws on it; say what is missing if that is."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if not terminal or os.environ.get("TERM", "dumb") == "dumb":
        return False
    try:
        import textual  # noqa: F401, PLC0415  # an optional package
    except ModuleNotFoundError:
        say(dim(INSTALL), to_stderr=True)
        return False
    return True
