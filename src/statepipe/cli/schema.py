"""`statepipe schema`."""

from __future__ import annotations

import json

import click

from statepipe.cli.terminal import say
from statepipe.config.schema import json_schema


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of a flow, for editors and other tools."""
    say(json.dumps(json_schema(), indent=2))
