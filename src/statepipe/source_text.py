"""SourceText: a text from a config that knows where each of its characters stands."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace

from statepipe.errors import Place, Span


@dataclass(frozen=True, slots=True)
class Mark:
    """From `offset` of the text on, characters stand at `line`, `column` (both from 1) and on."""

    offset: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class SourceText:
    """A scalar of a config, decoded, with the way back to the characters it was written with.

    `marks` are sorted by offset, the first at 0, and hold at least one for every line of `text`.
    `lines` are the lines that `marks` count: those of the file, or for a dict config those of
    `text` itself; `place.file` tells which.
    """

    text: str
    place: Place
    marks: tuple[Mark, ...]
    lines: tuple[str, ...]

    @classmethod
    def of_keys(cls, text: str, keys: str, built: str | None = None) -> SourceText:
        """Return the source text of a string in a dict config, which has no file."""
        marks, offset = [], 0
        for number, line in enumerate(text.split("\n"), start=1):
            marks.append(Mark(offset, number, 1))
            offset += len(line) + 1
        return cls(text, Place(keys=keys, built=built), tuple(marks), tuple(text.split("\n")))

    def locate(self, offset: int) -> tuple[int, int]:
        """Return the line and column, both from 1, of the character at `offset` of `text`."""
        mark = self.marks[bisect_right(self.marks, offset, key=lambda mark: mark.offset) - 1]
        return mark.line, mark.column + offset - mark.offset

    def place_at(self, offset: int) -> Place:
        line, column = self.locate(offset)
        return replace(self.place, line=line, column=column)

    def span(self, start: int, end: int) -> Span:
        """Return the span of `text[start:end]`, cut at the end of its first line."""
        line, column = self.locate(start)
        end_line, end_column = self.locate(max(start, end - 1))
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        after = self.locate(end)
        if after[0] == end_line:
            end_column = max(end_column, after[1] - 1)  # the last character may be an escape
        stop = end_column if end_line == line else max(column, len(text))
        return Span(self.place_at(start), text, column - 1, max(column, stop))
