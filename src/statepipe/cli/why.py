"""`statepipe why`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable

import click

from statepipe.api.explained_text import Line, Style
from statepipe.api.simple import SimpleFSM
from statepipe.api.single import EXPLAINED_STEPS
from statepipe.cli.flow import admit_modules, check_path
from statepipe.cli.terminal import bold, dim, green, red, say, yellow
from statepipe.cli.words import printable
from statepipe.connectors.json_codec import JsonDecoder
from statepipe.errors import UsageError
from statepipe.ports import Malformed
from statepipe.record import Record

STANDARD = "-"
FROM_FILE = "@"
ONE_OF_MANY = "for one line of a file:  sed -n 3p FILE | statepipe why FLOW --data -"
PAINTS: dict[Style, Callable[[str], str]] = {
    "bold": bold,
    "dim": dim,
    "good": green,
    "bad": red,
    "change": yellow,
}


@click.command("why", short_help="Explain the way of one record.")
@click.argument("flow")
@click.option(
    "--data",
    required=True,
    metavar="RECORD",
    help="The record as JSON; @PATH for a file that holds it, - for standard input.",
)
@click.option("--state", metavar="NAME", help="Enter at this state instead of the start.")
@click.option(
    "--all", "every", is_flag=True, help=f"Show every step of more than {EXPLAINED_STEPS}."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
@click.option("--trust", is_flag=True, help="Let the flow's code do anything Python can.")
def command(
    flow: str, data: str, state: str | None, every: bool, as_json: bool, trust: bool
) -> None:
    """Run one record through FLOW, and explain its way.

    For each state: the arcs in the order they were tried, the value of every part of their
    conditions, and the part that decided. Nothing is written. The exit code is 0 also for a
    record that fails.
    """
    check_path(flow)
    record = record_of(data)
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


def record_of(data: str) -> Record:
    """Return the record that `--data` gives; raises UsageError."""
    text, where = text_of(data)
    [found] = JsonDecoder().decode_each([text])
    if found is None:
        raise UsageError(f"{where} is empty: give one JSON object, as '{{\"id\": 1}}'")
    if not isinstance(found, Malformed):
        return found
    raise UsageError(f"{where} is no record: {found.reason}{advice(data, text)}")


def text_of(data: str) -> tuple[bytes, str]:
    """Return the JSON text that `--data` stands for, and how to call it."""
    if data == STANDARD:
        return sys.stdin.buffer.read(), "standard input"
    if not data.startswith(FROM_FILE):
        return data.encode(errors="surrogateescape"), "--data"
    path = data.removeprefix(FROM_FILE)
    try:
        with open(path, "rb") as file:
            return file.read(), path
    except OSError as error:
        raise UsageError(f"--data {data}: {error.strerror}") from error


def advice(data: str, text: bytes) -> str:
    """Return what may have been meant."""
    if data not in (STANDARD, "") and os.path.isfile(data):
        return f"; to read it from the file: --data {FROM_FILE}{data}"
    if len([line for line in text.splitlines() if line.strip().startswith(b"{")]) > 1:
        return f"; one record is explained at a time; {ONE_OF_MANY}"
    return ""
