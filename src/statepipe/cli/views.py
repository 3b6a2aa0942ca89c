"""Views: what is shown while a run is under way, and which of them a run gets."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Protocol

from statepipe.cli.counts import counts_of
from statepipe.cli.live import LiveView
from statepipe.cli.request import Request
from statepipe.cli.terminal import is_file, is_live, is_terminal, say
from statepipe.cli.words import counted, duration, rate
from statepipe.connectors.standard_streams import StandardInput
from statepipe.run.progress import Progress

LINE_S = 5.0
"""Between two lines where there is no terminal."""


class View(Protocol):
    """Entered while a run is under way; told after every chunk."""

    def update(self, progress: Progress) -> None: ...

    def __enter__(self) -> object: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class SilentView:
    """Shows nothing."""

    def update(self, progress: Progress) -> None:
        """Nothing to show."""

    def __enter__(self) -> SilentView:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return


class LineView(SilentView):
    """Prints a line every few seconds, for logs and pipes."""

    def __init__(self) -> None:
        self._next_s = LINE_S

    def update(self, progress: Progress) -> None:
        if progress.elapsed_time >= self._next_s:
            self._next_s = progress.elapsed_time + LINE_S
            say(progress_line(progress), to_stderr=True)


def progress_line(progress: Progress) -> str:
    """Return where a run stands, in one line."""
    counts = counts_of(progress)
    parts = [counted(counts.total, "record"), rate(counts.per_second)]
    if progress.total_bytes:
        parts.append(f"{min(100, 100 * progress.bytes_processed // progress.total_bytes)} %")
    if progress.eta_s is not None:
        parts.append(f"{duration(progress.eta_s)} left")
    if counts.failed:
        parts.append(f"{counts.failed:,} failed")
    return ", ".join(parts)


def view_for(request: Request, name: str) -> View:
    """Return the view for a run: live on a terminal, lines elsewhere, none where none may be.

    JSON on standard error must stand there alone. What is redrawn on a terminal would wipe out
    records that are printed or typed there, be it by the program at the other end of a pipe.
    """
    options = request.options
    if options.quiet or (options.as_json and request.records_on_stdout):
        return SilentView()
    printed = request.records_on_stdout and not is_file(sys.stdout)
    typed = isinstance(request.source, StandardInput) and is_terminal(sys.stdin)
    return LiveView(request, name) if is_live() and not (printed or typed) else LineView()
