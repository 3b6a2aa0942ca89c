"""Ending: how a run came to its end, and what it leaves behind."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from signal import Signals
from typing import TypeAlias

from statepipe.cli.counts import Counts, counts_of
from statepipe.cli.exits import ExitCode, exit_code_of
from statepipe.connectors.standard_streams import STDOUT_NAME
from statepipe.errors import StreamError
from statepipe.run.progress import Progress, StreamResult

Traces: TypeAlias = Mapping[str, tuple[int, int] | None]
"""Output files with what tells one version from the next; None where there is no file."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known at the end: the last that was `seen`, and what cut the run short, if anything.

    `placed` are the output files that the run has put in place.
    """

    seen: Progress | StreamResult | None
    error: StreamError | None = None
    signal: Signals | None = None
    placed: tuple[str, ...] = ()

    @property
    def counts(self) -> Counts:
        return counts_of(self.seen)

    @property
    def finished(self) -> bool:
        return self.error is None and self.signal is None

    @property
    def reader_left(self) -> bool:
        """Whether whoever read standard output has had enough."""
        if self.error is None or STDOUT_NAME not in str(self.error):
            return False
        return isinstance(self.error.__cause__, BrokenPipeError)

    @property
    def dead_letters(self) -> str | None:
        """The file that holds the failed records, if there is one."""
        if self.finished and isinstance(self.seen, StreamResult):
            return self.seen.dead_letters
        return None

    def exit_code(self, max_errors: int) -> int:
        if self.signal is not None:
            return 128 + self.signal
        if self.error is not None:
            return ExitCode.BROKEN_PIPE if self.reader_left else exit_code_of(self.error)
        return ExitCode.FAILED if self.counts.failed > max_errors else ExitCode.OK


def traces(paths: list[str]) -> Traces:
    """Return what stands at `paths` now."""
    return {path: trace(path) for path in paths}


def trace(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def changed(before: Traces) -> tuple[str, ...]:
    """Return the files that are not what they were `before`."""
    return tuple(path for path, known in before.items() if trace(path) != known)
