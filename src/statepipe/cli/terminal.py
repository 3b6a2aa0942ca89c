"""Terminal: text to standard output and standard error, coloured where somebody looks at it."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable

import click

Paint = Callable[[str], str]


def bold(text: str) -> str:
    return click.style(text, bold=True)


def dim(text: str) -> str:
    return click.style(text, dim=True)


def red(text: str) -> str:
    return click.style(text, fg="red", bold=True)


def green(text: str) -> str:
    return click.style(text, fg="green")


def yellow(text: str) -> str:
    return click.style(text, fg="yellow")


def say(text: str, *, to_stderr: bool = False) -> None:
    """Print a line. Colours are dropped where no terminal shows them, or NO_COLOR is set."""
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    click.echo(text, err=to_stderr, color=False if plain else None)


def is_live() -> bool:
    """Tell whether standard error is a terminal that can redraw its lines."""
    watched = isinstance(sys.stderr, io.TextIOWrapper) and sys.stderr.isatty()
    return watched and os.environ.get("TERM", "dumb") != "dumb"


def survive_any_text() -> None:
    """Let both streams write out what their encoding cannot hold, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None if the caller closed it
            stream.reconfigure(errors="backslashreplace")


def flush() -> None:
    """Write out what was printed, so that an error in doing so can be told."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.flush()


def forget_stdout() -> None:
    """Send what is still to come for standard output nowhere: its reader went away."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
