"""Closing: tells how a run ended, to whom it should be told."""

from __future__ import annotations

import os

from statepipe.cli.ending import Ending
from statepipe.cli.exits import ExitCode
from statepipe.cli.interrupts import SIGNALS
from statepipe.cli.messages import show_error, show_traceback
from statepipe.cli.report import json_report
from statepipe.cli.request import Request
from statepipe.cli.summary import summary
from statepipe.cli.terminal import dim, red, say
from statepipe.cli.words import counted, printable
from statepipe.connectors.checkpoint_status import status_of


def tell(request: Request, ending: Ending, exit_code: int) -> None:
    """Print the result. Standard output is left to the records, if they go there."""
    aside = request.records_on_stdout
    if request.options.as_json:
        say(json_report(request, ending, exit_code), to_stderr=aside)
        return
    if ending.reader_left and not request.files:
        if ending.error is not None:
            show_traceback(ending.error)
        return
    if not ending.finished:
        tell_cause(request, ending)
    if not ending.finished and not ending.counts.total:
        return
    if not request.options.quiet:
        say("\n".join(summary(request, ending)), to_stderr=aside)
    elif exit_code == ExitCode.FAILED:
        say(f"{red('error:')} {failed_in_short(ending)}", to_stderr=True)


def tell_cause(request: Request, ending: Ending) -> None:
    """Print what cut the run short, and what it leaves behind."""
    left = left_behind(request, ending)
    if request.options.checkpoint is not None:
        left = f"{left}; {kept(request.options.checkpoint)}"
    if ending.error is not None:
        show_error(ending.error)
        if ending.counts.total:
            say(left, to_stderr=True)
    elif ending.signal is not None:
        when = "" if ending.counts.total else " before a chunk of records was done"
        say(f"{red('interrupted')} by {SIGNALS[ending.signal]}{when}; {left}", to_stderr=True)
    if request.options.checkpoint is not None:
        say(f"{dim('go on with:')} {request.options.again}", to_stderr=True)


def kept(directory: str) -> str:
    """Return how much of the run is safe in its checkpoint."""
    status = status_of(directory)
    done = status.saved.counts.total if status.saved is not None else 0
    return f"{counted(done, 'record')} safe in {printable(directory)}"


def left_behind(request: Request, ending: Ending) -> str:
    """Return what stands where outputs should: the old, the new, or nothing."""
    parts = [f"already in place: {printable(path)}" for path in ending.placed]
    if not parts:
        parts.append("nothing was put in place")
    parts += [
        f"{printable(path)} is as it was"
        for path in request.files
        if path not in ending.placed and os.path.exists(path)
    ]
    if request.records_on_stdout:
        parts.append("what went to standard output stays there")
    return ", ".join(parts)


def failed_in_short(ending: Ending) -> str:
    counts = ending.counts
    where = f"; see {ending.dead_letters}" if ending.dead_letters else ""
    return f"{counts.failed:,} of {counted(counts.total, 'record')} failed{where}"
