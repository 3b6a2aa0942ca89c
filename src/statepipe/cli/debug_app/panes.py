"""Panes: the network, the record, the step, what is watched, and the answers to commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.containers import ScrollableContainer
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from statepipe.cli.debug_app.paint import page, painted
from statepipe.cli.messages import window
from statepipe.debugger import Line, Session
from statepipe.debugger.picture import Row, picture
from statepipe.debugger.rows import record_lines
from statepipe.debugger.source import source_lines
from statepipe.debugger.telling import (
    breakpoint_lines,
    error_lines,
    head_line,
    tried_lines,
    watch_lines,
)
from statepipe.debugger.text import bold, dim, error, line
from statepipe.errors import RecordError, underline

ANSWERS_KEPT = 500
GUTTER = 8
"""What stands before a source line beside its number, and one column to spare."""


class NetworkPane(OptionList):
    """The network as a tree. The highlighted state is the one that `t` sets a breakpoint at."""

    BORDER_TITLE = "network"

    def __init__(self) -> None:
        super().__init__(id="network")
        self._rows: list[Row] = []
        self._place = ""

    @property
    def chosen(self) -> str | None:
        """The state of the highlighted line."""
        at = self.highlighted
        return self._rows[at].state if at is not None and at < len(self._rows) else None

    def show(self, session: Session) -> None:
        """Draw anew. The highlight stays, or goes with the record where that has moved."""
        self._rows = picture(session.machine, session.timeline, session.breakpoints)
        kept = self.highlighted
        here = next((at for at, row in enumerate(self._rows) if row.is_here), 0)
        place = f"{session.current} {session.timeline.at}"
        self.set_options([Option(painted(row.line)) for row in self._rows])
        self.highlighted = here if place != self._place or kept is None else kept
        self._place = place


class TextPane(ScrollableContainer):
    """Lines that may be scrolled through."""

    def __init__(self, title: str, name: str) -> None:
        super().__init__(id=name)
        self.border_title = title
        self._text = Static(id=f"{name}-text")

    def compose(self) -> Iterable[Static]:
        yield self._text

    def show(self, lines: Iterable[Line]) -> None:
        self._text.update(page(lines))

    @property
    def content(self) -> Content:
        shown = self._text.content
        assert isinstance(shown, Content)
        return shown


class AnswersPane(TextPane):
    """What the commands had to say, the last at the bottom."""

    def __init__(self) -> None:
        super().__init__("answers", "answers")
        self._lines: list[Line] = []

    def add(self, lines: Sequence[Line]) -> None:
        self._lines = [*self._lines, *lines][-ANSWERS_KEPT:]
        self.show(self._lines)
        self.scroll_end(animate=False)


def record_page(session: Session) -> list[Line]:
    """Return the record, marked with what the last step did to it."""
    timeline = session.timeline
    before = timeline.last.before.record if timeline.last is not None else None
    return record_lines(timeline.record, before)


def step_page(session: Session, width: int) -> list[Line]:
    """Return the last step, how it failed if it did, and the functions before and after.

    What failed is to be seen in `width` columns.
    """
    timeline = session.timeline
    lines: list[Line] = []
    if timeline.error is not None:
        lines += [*failure_page(timeline.error, width), line()]
    if timeline.last is not None:
        lines.append(head_line(timeline.last, timeline.at, recorded=timeline.is_past))
        lines += [each.indented(2) for each in tried_lines(timeline.last)]
        lines.append(line())
    return [*lines, *source_lines(timeline)]


def failure_page(failed: RecordError, width: int) -> list[Line]:
    """Return a failure, its source line cut to what is around the piece that failed."""
    lines = error_lines(failed)
    if failed.span is not None:
        room = width - len(str(failed.span.place.line or "")) - GUTTER
        source, carets = underline(window(failed.span, max(20, room)))
        lines[1:3] = [line(source), line(error(carets))]
    return lines


def aside_page(session: Session) -> list[Line]:
    """Return what is watched and the breakpoints; nothing if there are neither."""
    lines = watch_lines(session.watches, session.timeline.record)
    return lines + (breakpoint_lines(session.breakpoints) if session.breakpoints else [])


def running_line(text: str) -> Line:
    return line(bold("… "), text, dim("  running; Esc interrupts it"))
