"""Terminal: text to standard output and standard error, coloured where somebody looks at it."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

import click

from statepipe.errors import SinkError

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
    """Print a line. Colours are dropped where no terminal shows them, or NO_COLOR is set.

    Raises SinkError where it cannot be printed, BrokenPipeError where nobody reads it.
    """
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    with told_as_sink_error():
        click.echo(text, err=to_stderr, color=False if plain else None)


def is_live() -> bool:
    """Tell whether standard error is a terminal that can redraw its lines."""
    return is_terminal(sys.stderr) and os.environ.get("TERM", "dumb") != "dumb"


def is_terminal(stream: TextIO | None) -> bool:
    """Tell whether a standard stream is a terminal; it is None where the caller closed it."""
    return isinstance(stream, io.TextIOWrapper) and stream.isatty()


def is_file(stream: TextIO | None) -> bool:
    """Tell whether a standard stream goes to a file, which nobody looks at meanwhile."""
    return isinstance(stream, io.TextIOWrapper) and stat.S_ISREG(os.fstat(stream.fileno()).st_mode)


def survive_any_text() -> None:
    """Let both streams write out what their encoding cannot hold, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None if the caller closed it
            stream.reconfigure(errors="backslashreplace")


def flush() -> None:
    """Write out what was printed, so that an error in doing so can be told."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        with told_as_sink_error():
            sys.stdout.flush()


@contextmanager
def told_as_sink_error() -> Iterator[None]:
    """Turn an OSError of printing into a SinkError, and print no more to standard output."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as exc:
        forget_stdout()
        raise SinkError(f"cannot write standard output: {exc.strerror}") from exc


def forget_stdout() -> None:
    """Send what is still to come for standard output nowhere.

    Python flushes standard output once more on its way out, and would complain again.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
