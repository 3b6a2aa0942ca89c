"""`statepipe version`."""

from __future__ import annotations

import platform

import click

import statepipe
from statepipe.cli.terminal import say


@click.command("version")
def command() -> None:
    """Print the versions of statepipe and Python."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    say(f"statepipe {statepipe.__version__} ({python})")
