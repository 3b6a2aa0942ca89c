"""`statepipe why`."""

from __future__ import annotations

import json
from collections.abc import Callable

import click

from statepipe.api.explained_text import Line, Style
from statepipe.api.simple import SimpleFSM
from statepipe.api.single import EXPLAINED_STEPS
from statepipe.cli import option
from statepipe.cli.flow import admit_modules, check_path
from statepipe.cli.given_record import record_of
from statepipe.cli.terminal import bold, dim, green, red, say, yellow
from statepipe.cli.words import printable

ONE_OF_MANY = (
    "one record is explained at a time; "
    "for one line of a file:  sed -n 3p FILE | statepipe why FLOW --data -"
)
PAINTS: dict[Style, Callable[[str], str]] = {
    "bold": bold,
    "dim": dim,
    "good": green,
    "bad": red,
    "change": yellow,
}


@click.command("why", short_help="Explain the way of one record.")
@click.argument("flow")
@option.record
@option.state
@click.option(
    "--all", "every", is_flag=True, help=f"Show every step of more than {EXPLAINED_STEPS}."
)
@option.json_instead
@option.trust
def command(
    flow: str, data: str, state: str | None, every: bool, as_json: bool, trust: bool
) -> None:
    """Run one record through FLOW, and explain its way.

    For each state: the arcs in the order they were tried, the value of every part of their
    conditions, and the part that decided. Nothing is written. The exit code is 0 also for a
    record that fails.

    \b
    statepipe why flow.yaml --data '{"id": 1}'
    sed -n 3p in.jsonl | statepipe why flow.yaml --data -
    """
    check_path(flow)
    record = record_of(data, ONE_OF_MANY)
    admit_modules(flow, trust)
    with SimpleFSM(flow, trusted=trust) as fsm:
        explanation = fsm.why(record, state, limit=None if every else EXPLAINED_STEPS)
    if as_json:
        say(json.dumps(explanation.as_json(), ensure_ascii=False))
        return
    for line in explanation.lines():
        say(painted(line))


def painted(line: Line) -> str:
    """Return a line, safe to print, with its colours."""
    return "".join(PAINTS.get(style, str)(printable(text)) for style, text in line).rstrip()
