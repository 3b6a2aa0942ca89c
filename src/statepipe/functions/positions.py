"""Positions: from nodes of inline code to characters of the config, and back."""

from __future__ import annotations

import ast
import copy
from typing import TypeAlias, TypeVar

from statepipe.errors import Problem, Span
from statepipe.source_text import SourceText

Tree = TypeVar("Tree", bound=ast.AST)

Located: TypeAlias = (
    ast.expr | ast.stmt | ast.arg | ast.keyword | ast.alias | ast.excepthandler | ast.pattern
)
"""The nodes that have a position."""


class Positions:
    """Offsets, spans and config positions of nodes whose positions count lines of `source.text`.

    Positions outside the text are moved to its nearest end: Python 3.11 gives such ones in
    f-strings over several lines.
    """

    __slots__ = ("lines", "source", "starts")

    def __init__(self, source: SourceText) -> None:
        self.source = source
        self.lines = source.text.split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line) + 1)

    def offset(self, line: int, utf8_column: int) -> int:
        """Return the character offset in the text of a position as `ast` gives it."""
        if line < 1:
            return 0
        if line > len(self.lines):
            return len(self.source.text)
        head = self.lines[line - 1].encode()[: max(0, utf8_column)]
        return self.starts[line - 1] + len(head.decode(errors="ignore"))

    def extent(self, node: Located) -> tuple[int, int]:
        """Return the offsets of the first character of `node` and of the one after its last."""
        start = self.offset(node.lineno, node.col_offset)
        if node.end_lineno is None or node.end_col_offset is None:
            return start, start + 1
        return start, max(start, self.offset(node.end_lineno, node.end_col_offset))

    def span(self, node: Located) -> Span:
        return self.source.span(*self.extent(node))

    def name_span(self, node: ast.Attribute) -> Span:
        """Return the span of the name after the dot."""
        start, end = self.extent(node.value)[1], self.extent(node)[1]
        after_dot = self.source.text[start:end].rpartition(".")[2].lstrip(" \t\r\n\f\\")
        return self.source.span(end - len(after_dot), end)

    def problem(self, node: Located, message: str, advice: str | None = None) -> Problem:
        """Return a problem that underlines `node`, of an attribute its name."""
        span = self.name_span(node) if isinstance(node, ast.Attribute) else self.span(node)
        return Problem(span.place, message, advice, span)

    def in_config(self, tree: Tree) -> Tree:
        """Return a copy of `tree` whose positions count lines and columns of the config."""
        moved = copy.deepcopy(tree)
        for node in ast.walk(moved):
            if isinstance(node, Located):
                self._move(node)
        return moved

    def _move(self, node: Located) -> None:
        start, end = self.extent(node)
        line, column = self.source.locate(start)
        end_line, end_column = self._locate_end(start, end)
        node.lineno, node.col_offset = line, self._utf8_column(line, column)
        node.end_lineno, node.end_col_offset = end_line, self._utf8_column(end_line, end_column)
        if (end_line, node.end_col_offset) < (line, node.col_offset):
            node.end_lineno, node.end_col_offset = line, node.col_offset

    def _locate_end(self, start: int, end: int) -> tuple[int, int]:
        """Return the config line and column after the last character of `text[start:end]`.

        The last character may be written as an escape of several.
        """
        line, column = self.source.locate(max(start, end - 1))
        next_line, next_column = self.source.locate(end)
        if next_line == line and next_column > column:
            return line, next_column
        return line, column + 1

    def _utf8_column(self, line: int, column: int) -> int:
        text = self.source.lines[line - 1] if 0 < line <= len(self.source.lines) else ""
        return len(text[: column - 1].encode(errors="replace"))
