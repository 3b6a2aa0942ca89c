"""Option: what several commands can be told, each in one place."""

from __future__ import annotations

import click

trust = click.option("--trust", is_flag=True, help="Let the flow's code do anything Python can.")
record = click.option(
    "--data",
    required=True,
    metavar="RECORD",
    help="The record as JSON; @PATH for a file that holds it, - for standard input.",
)
state = click.option("--state", metavar="NAME", help="Enter at this state instead of the start.")
json_instead = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object instead."
)
