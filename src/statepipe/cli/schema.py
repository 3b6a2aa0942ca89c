"""`statepipe schema`."""

from __future__ import annotations

import json

import click

from statepipe.cli.terminal import say
from statepipe.config.schema import json_schema
from statepipe.functions.library.catalog import params_schemas
from statepipe.letters.envelope import SCHEMA


@click.command("schema")
@click.option("--dead-letter", is_flag=True, help="That of a dead letter in place of a flow's.")
def command(dead_letter: bool) -> None:
    """Print the JSON Schema of a flow, for editors and other tools."""
    say(json.dumps(SCHEMA if dead_letter else json_schema(params_schemas()), indent=2))
