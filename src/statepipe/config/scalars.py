"""Where the characters of a YAML scalar stand in its file, for each style of writing one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from statepipe.source_text import Mark

# What YAML 1.1 (and so PyYAML's marks) counts as the end of a line.
LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_DECODED_BREAK = re.compile("[\n\u2028\u2029]")
_PROPERTY = re.compile(r"[&!]\S*[ \t]*|[ \t]+")
_DOUBLE = re.compile(
    r"(?P<escape>\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.))"
    r"|(?P<joined>\\$)|(?P<trail>[ \t]+$)|."
)
_SINGLE = re.compile(r"(?P<escape>'')|(?P<joined>\Z\A)|(?P<trail>[ \t]+$)|.")


@dataclass(frozen=True, slots=True)
class Extent:
    """The characters of a scalar in its file, quotes included; lines and columns from 0."""

    lines: tuple[str, ...]
    line: int
    column: int
    end_line: int
    end_column: int

    def segments(self, quote: int) -> Iterator[tuple[int, int, str]]:
        """Yield line, column and text of each line of the extent, `quote` characters inside it.

        The white space before a line's text is left out, except on the first.
        """
        for line in range(self.line, self.end_line + 1):
            stop = self.end_column - quote if line == self.end_line else None
            text = self.lines[line][:stop]
            start = self.column + quote
            if line > self.line:
                start = len(text) - len(text.lstrip(" \t"))
            yield line, start, text[start:]


def content_start(lines: tuple[str, ...], line: int, column: int) -> tuple[int, int]:
    """Return where a scalar's own text begins, behind an anchor or a tag; all count from 0."""
    while found := _PROPERTY.match(lines[line], column):
        column = found.end()
        if column == len(lines[line]) and line + 1 < len(lines):
            line, column = line + 1, 0
    return line, column


def scalar_marks(style: str | None, text: str, extent: Extent) -> tuple[Mark, ...]:
    """Return the marks of a decoded scalar. `style` is PyYAML's: one of `| > " '` or None.

    Exact for literal blocks, quoted texts and texts on one line; by line for folded ones.
    """
    if style == "|":
        return _literal_marks(text, extent)
    if style in ('"', "'"):
        marks, length = _quoted_marks(_DOUBLE if style == '"' else _SINGLE, extent)
        if length == len(text):
            return marks
    if style is None and extent.line == extent.end_line:
        return (Mark(0, extent.line + 1, extent.column + 1),)
    return _folded_marks(text, extent, header=style == ">")


def _literal_marks(text: str, extent: Extent) -> tuple[Mark, ...]:
    marks, offset = [], 0
    for number, piece in enumerate(_DECODED_BREAK.split(text), start=extent.line + 1):
        line = min(number, len(extent.lines) - 1)
        written = extent.lines[line]
        # The text after the last line break is empty and stands nowhere: at the next line's start.
        column = len(written) - len(piece) if piece else min(len(written), extent.column)
        marks.append(Mark(offset, line + 1, column + 1))
        offset += len(piece) + 1
    return tuple(marks)


def _quoted_marks(token: re.Pattern[str], extent: Extent) -> tuple[tuple[Mark, ...], int]:
    """Return the marks, and the length of the decoded text that they are right for."""
    marks: list[Mark] = []
    offset = breaks = 0
    joined = False
    for line, start, text in extent.segments(quote=1):
        if line > extent.line:
            breaks += 1
            if not text and line < extent.end_line:
                continue
            offset += _folded_length(breaks, joined)
            breaks, joined = 0, False
        marks.append(Mark(offset, line + 1, start + 1))
        for found in token.finditer(text):
            joined = found.lastgroup == "joined"
            if joined or (found.lastgroup == "trail" and line < extent.end_line):
                continue
            offset += len(found[0]) if found.lastgroup == "trail" else 1
            if found.lastgroup == "escape":
                marks.append(Mark(offset, line + 1, start + found.end() + 1))
    return tuple(marks), offset


def _folded_length(breaks: int, joined: bool) -> int:
    if joined:
        return breaks - 1
    return max(1, breaks - 1)


def _folded_marks(text: str, extent: Extent, *, header: bool) -> tuple[Mark, ...]:
    marks, offset = [Mark(0, extent.line + 1, extent.column + 1)], 0
    for line, start, written in extent.segments(quote=0):
        piece = written.rstrip(" \t") if not header else written
        found = text.find(piece, offset) if piece else -1
        if found < 0 or (header and line == extent.line):
            continue
        for index in range(offset, found):
            if text[index] == "\n":
                marks.append(Mark(index + 1, line + 1, start + 1))
        marks.append(Mark(found, line + 1, start + 1))
        offset = found + len(piece)
    return tuple({mark.offset: mark for mark in marks}.values())
