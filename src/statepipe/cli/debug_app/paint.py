"""Painting: lines of the debugger as Textual's content, in the colours of its theme."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from textual.content import Content
from textual.highlight import highlight

from statepipe.cli.words import printable
from statepipe.debugger import Line, Tone

STYLES: Mapping[Tone, str] = {
    "plain": "",
    "bold": "bold",
    "dim": "$foreground-muted",
    "added": "$text-success",
    "removed": "$text-error",
    "changed": "$text-warning",
    "error": "bold $text-error",
    "here": "bold $text-accent",
}


def painted(line: Line) -> Content:
    """Return a line, safe to show: what comes from records must not steer the terminal."""
    return Content.assemble(*[piece(printable(text), tone) for text, tone in line.pieces])


def piece(text: str, tone: Tone) -> Content:
    if tone == "code":
        return highlight(text, language="python")
    return Content.assemble((text, STYLES[tone]))


def page(lines: Iterable[Line]) -> Content:
    """Return lines below each other."""
    return Content("\n").join([painted(each) for each in lines])
