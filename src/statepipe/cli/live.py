"""LiveView: a run as it is seen on a terminal, redrawn in place."""

from __future__ import annotations

import os
import threading
import time
from types import TracebackType

import psutil
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from statepipe.cli.counts import Counts, cause_of, counts_of, largest
from statepipe.cli.request import Request
from statepipe.cli.words import counted, duration, printable, rate
from statepipe.run.alarm import Alarm
from statepipe.run.memory import resident_mb
from statepipe.run.progress import FailureGroup, Progress

REDRAW_S = 0.125
FIRST_REDRAW_S = 0.5
"""Workers are forked before: a fork must not meet a thread that holds a lock on the terminal."""

MEMORY_S = 1.0
"""Between two looks at the memory: finding the workers goes through all processes there are."""

MEGABYTE = 1024 * 1024
MAX_STATES = 12
MAX_GROUPS = 4


class LiveView:
    """Redraws in its own thread, so that it stays alive while a chunk takes long."""

    def __init__(self, request: Request, name: str, console: Console | None = None) -> None:
        self._request = request
        self._name = name
        self._last: Progress | None = None
        self._began_s = time.monotonic()
        self._memory_mb = 0.0
        self._memory_due_s = 0.0
        self._over = Alarm()
        self._thread = threading.Thread(target=self._redraw, name="statepipe-view", daemon=True)
        self._live = Live(
            console=console or Console(stderr=True, highlight=False),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def update(self, progress: Progress) -> None:
        self._last = progress

    def __enter__(self) -> LiveView:
        self._live.start()
        self._draw()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.ring()
        try:
            self._thread.join()
        finally:
            self._live.stop()  # gives the cursor back

    def _redraw(self) -> None:
        wait_s = FIRST_REDRAW_S
        while not self._over.wait(wait_s):
            self._draw()
            wait_s = REDRAW_S

    def _draw(self) -> None:
        elapsed_s = time.monotonic() - self._began_s
        if elapsed_s >= self._memory_due_s:
            self._memory_mb, self._memory_due_s = memory_mb(), elapsed_s + MEMORY_S
        picture = drawn(self._request, self._name, self._last, elapsed_s, self._memory_mb)
        self._live.update(picture, refresh=True)


def memory_mb() -> float:
    """Return the resident memory of this process and its workers, in MB."""
    pids = [child.pid for child in psutil.Process().children(recursive=True)]
    return sum(map(resident_mb, [os.getpid(), *pids]))


def drawn(
    request: Request, name: str, progress: Progress | None, elapsed_s: float, used_mb: float
) -> RenderableType:
    """Return the picture of a run `elapsed_s` seconds after its begin."""
    counts = counts_of(progress)
    parts: list[RenderableType] = [heading(request, name)]
    if request.source_bytes is not None:
        parts.append(bar(progress))
    parts += [
        facts(counts, progress, elapsed_s, used_mb),
        *strains(request, progress),
        Text(),
        states(request.ends, counts),
        *[group_line(group) for group in largest(counts)[:MAX_GROUPS]],
    ]
    return Group(*parts)


def heading(request: Request, name: str) -> Text:
    """Return what runs, from where and to where."""
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(printable(name), "bold").append("  ")
    text.append(printable(request.source_name), "cyan")
    if request.outputs:
        text.append(" → ", "dim").append(printable(", ".join(request.outputs)), "cyan")
    return text


def bar(progress: Progress | None) -> Table:
    """Return how much of the source's bytes is done, and how long the rest may take."""
    share, left = 0.0, ""
    if progress is not None and progress.total_bytes:
        share = min(1.0, progress.bytes_processed / progress.total_bytes)
        left = f"{duration(progress.eta_s)} left" if progress.eta_s is not None else ""
    row = Table.grid(padding=(0, 1), expand=True)
    row.add_column(ratio=1)
    row.add_column(justify="right", no_wrap=True, width=4)
    row.add_column(justify="right", no_wrap=True, min_width=14)
    done = ProgressBar(
        total=1.0,
        completed=share,
        complete_style="cyan",
        finished_style="green",
        style="bright_black",
    )
    row.add_row(done, f"{share:.0%}", Text(left, "dim"))
    return row


def facts(
    counts: Counts, progress: Progress | None, elapsed_s: float, used_mb: float
) -> RenderableType:
    """Return records, rate, time and memory on one line."""
    parts = [
        counted(counts.total, "record"),
        rate(counts.per_second),
        duration(elapsed_s),
        f"{used_mb:,.0f} MB",
    ]
    if progress is not None and progress.in_flight:
        parts.append(f"{progress.in_flight:,} under way")
    if progress is not None and progress.in_flight_bytes >= MEGABYTE:
        parts.append(f"{progress.in_flight_bytes / MEGABYTE:,.0f} MB in queues")
    return Text(" · ".join(parts), no_wrap=True, overflow="ellipsis")


def strains(request: Request, progress: Progress | None) -> list[Text]:
    """Return a line on what holds the run up, if anything does: slow sinks, little memory."""
    parts = []
    if progress is not None and progress.paused_s >= 1:
        parts.append(f"reading paused for {duration(progress.paused_s)}")
    if progress is not None and 0 < progress.chunk_size < request.options.chunk_size:
        parts.append(f"little memory: chunks of {progress.chunk_size:,}")
    return [Text(" · ".join(parts), "yellow", no_wrap=True, overflow="ellipsis")] if parts else []


def states(ends: tuple[str, ...], counts: Counts) -> Table:
    """Return how many records have ended where, or failed."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=30)
    table.add_column(justify="right", no_wrap=True)
    for end in ends[:MAX_STATES]:
        number = counts.by_state.get(end, 0)
        table.add_row(Text(printable(end)), Text(f"{number:,}", "green" if number else "dim"))
    if len(ends) > MAX_STATES:
        rest = sum(counts.by_state.get(end, 0) for end in ends[MAX_STATES:])
        table.add_row(Text(f"{len(ends) - MAX_STATES} more", "dim"), Text(f"{rest:,}", "green"))
    table.add_row(Text("failed"), Text(f"{counts.failed:,}", "red" if counts.failed else "dim"))
    return table


def group_line(group: FailureGroup) -> Text:
    """Return a group of failures on one line."""
    text = Text("  ", no_wrap=True, overflow="ellipsis")
    text.append(f"{group.count:,} × ", "red")
    return text.append(cause_of(group.first), "dim")
