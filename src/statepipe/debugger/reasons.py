"""Reasons: why a record took the arc that it took."""

from __future__ import annotations

from collections.abc import Iterator

from statepipe.debugger.telling import tried_lines
from statepipe.debugger.text import Line, bold, line
from statepipe.debugger.timeline import Timeline
from statepipe.errors import UsageError


def why_lines(timeline: Timeline) -> Iterator[Line]:
    move = timeline.last
    if move is None:
        raise UsageError("no arc has been chosen yet; `step` makes the first choice")
    yield line(bold(f"at {move.before.state}"))
    yield from tried_lines(move)
