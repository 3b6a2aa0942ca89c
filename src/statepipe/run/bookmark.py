"""Bookmark: where in its source a stream stands, after all results that have been counted."""

from __future__ import annotations

from dataclasses import dataclass

from statepipe.run.chunk import ChunkResult, Failure
from statepipe.saved import Point


@dataclass(slots=True)
class Bookmark:
    """`point` is where the next item begins; None in a source without bytes.

    `relative`: each chunk counts its lines from 1, as workers do that read ranges for themselves.
    Then `lines` of the source lie before the chunk in hand.
    """

    relative: bool = False
    point: Point | None = None
    lines: int = 0
    _lines_in_chunk: int = 0

    def begin_at(self, point: Point | None) -> None:
        """Stand where an earlier run has come to."""
        if point is not None:
            self.point, self.lines = point, point.line - 1

    def line_of(self, failure: Failure) -> int | None:
        """Return the line, from 1, in the whole source."""
        if failure.line is None or not self.relative:
            return failure.line
        return self.lines + failure.line

    def on_result(self, result: ChunkResult) -> None:
        """Move behind a result."""
        self._lines_in_chunk += result.lines
        end = result.end
        if end is not None:
            self.point = Point(end.offset, end.line + self.lines) if self.relative else end

    def on_chunk_end(self) -> None:
        """Know that no other result of the same chunk follows."""
        self.lines += self._lines_in_chunk
        self._lines_in_chunk = 0
