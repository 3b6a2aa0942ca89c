"""Parsing of inline code: text to Python's tree, whose positions count lines of the text."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from statepipe.errors import ConfigError, Problem
from statepipe.functions.positions import Located, Positions
from statepipe.source_text import SourceText

TOO_DEEP: Final = "this code is nested too deeply for Python"
OUR_BRACKET: Final = re.compile(
    r"closing parenthesis '(.)' does not match opening parenthesis '\['"
)
READING: Final = "<statepipe reading>"
"""The file of text that is only read: Python's warnings of it are left to `compile_inline`."""

warnings.filterwarnings("ignore", module=READING)

UNPARSABLE: Final = (SyntaxError, ValueError, RecursionError, MemoryError)


@dataclass(frozen=True, slots=True)
class Wrapping:
    """What stands around the author's text, so that Python parses it as what it is."""

    prefix: str = ""
    suffix: str = ""

    def parse(self, text: str) -> ast.Module:
        """Parse `text`; positions of nodes and errors are those in `text`."""
        lines, columns = self.prefix.count("\n"), len(self.prefix.rpartition("\n")[2])
        try:
            tree = ast.parse(f"{self.prefix}{text}{self.suffix}", READING)
        except SyntaxError as error:
            shift_error(error, lines, columns)
            raise
        for node in ast.walk(tree):
            if isinstance(node, Located):
                _shift(node, lines, columns)
        return tree


BARE: Final = Wrapping()
BRACKETS: Final = Wrapping("(", "\n)")
LIST: Final = Wrapping("[", "\n]")
BLOCK: Final = Wrapping("if 1:\n")


def _shift(node: Located, lines: int, columns: int) -> None:
    node.lineno -= lines
    if node.lineno == 1:
        node.col_offset -= columns
    if node.end_lineno is not None and node.end_col_offset is not None:
        node.end_lineno -= lines
        if node.end_lineno == 1:
            node.end_col_offset -= columns


def shift_error(error: SyntaxError, lines: int, columns: int) -> None:
    """Move `error` up and, in the first line then, to the left."""
    if error.lineno is not None:
        error.lineno -= lines
        if error.lineno == 1 and error.offset is not None:
            error.offset -= columns
    if error.end_lineno is not None:
        error.end_lineno -= lines
        if error.end_lineno == 1 and error.end_offset is not None:
            error.end_offset -= columns


def parse_expression(text: str) -> ast.expr | None:
    """Parse `text` as one expression, over as many lines as it likes; None if there is none.

    Raises the error of Python's parser.
    """
    # In round brackets alone, "x for x in y" would be a generator and "a) or (b" an expression.
    [listed] = LIST.parse(text).body
    [bracketed] = BRACKETS.parse(text).body
    if not (isinstance(listed, ast.Expr) and isinstance(listed.value, ast.List)):
        raise _unexpected(listed)
    if not isinstance(bracketed, ast.Expr):
        raise _unexpected(bracketed)
    return bracketed.value if listed.value.elts else None


def parse_statements(text: str) -> list[ast.stmt]:
    """Parse `text` as statements, indented as a whole or not.

    The first line may be indented less than the others, as in a triple-quoted string that
    begins with it. Raises the error of Python's parser.
    """
    first, *others = [line for line in text.split("\n") if line.strip()] or [""]
    if _indent(first):
        return _block(BLOCK, text)
    try:
        return BARE.parse(text).body
    except IndentationError:
        indent = _indent(others[0]) if others else ""
        if not indent or text != text.lstrip("\n"):
            raise
        return _block(Wrapping("if 1:\n" + indent), text)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _block(wrapping: Wrapping, text: str) -> list[ast.stmt]:
    block, *more = wrapping.parse(text).body
    if more:
        raise _unexpected(more[0], "this line is indented less than the first")
    if not isinstance(block, ast.If) or block.orelse:
        raise SyntaxError("`else` without `if`")
    return block.body


def _unexpected(node: ast.stmt, message: str = "invalid syntax") -> SyntaxError:
    details = (None, node.lineno, node.col_offset + 1, None, node.end_lineno, 0)
    return SyntaxError(message, details)


def syntax_problem(source: SourceText) -> ConfigError:
    """Return what is wrong with text that is neither an expression nor statements."""
    text = source.text
    expression, statements = _failure(parse_expression, text), _failure(parse_statements, text)
    if text.lstrip(" \t\n(").startswith("lambda") or _where(expression) > _where(statements):
        error = _bracket_error(text) or expression
    else:
        error = statements
    return ConfigError([described(source, error)])


def _failure(parse: Callable[[str], object], text: str) -> Exception:
    try:
        parse(text)
    except UNPARSABLE as error:
        return error
    return SyntaxError("invalid syntax")


def _where(error: Exception) -> tuple[int, int]:
    if not isinstance(error, SyntaxError):
        return 0, 0
    return error.lineno or 0, error.offset or 0


def _bracket_error(text: str) -> SyntaxError | None:
    """Return the author's unclosed or unmatched bracket, which our own brackets hide."""
    unclosed = _failure(Wrapping("(").parse, text)
    if isinstance(unclosed, SyntaxError) and "never closed" in unclosed.msg:
        return unclosed if _where(unclosed) > (1, 0) else None
    mismatch, other = _failure(LIST.parse, text), _failure(BRACKETS.parse, text)
    if not isinstance(mismatch, SyntaxError) or str(other) == str(mismatch):
        return None  # a mismatch between two of the author's brackets reads the same in ours
    if found := OUR_BRACKET.match(mismatch.msg):
        mismatch.msg = f"unmatched '{found[1]}'"
        return mismatch
    return None


def described(source: SourceText, error: Exception) -> Problem:
    """Return the problem of an error of Python's parser, whose positions are those in the text."""
    if isinstance(error, RecursionError | MemoryError):
        return Problem(source.place, TOO_DEEP)
    start, end = _extent(source, error)
    span = source.span(start, end)
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    # Python counts the lines of the code alone, and the reader those of the file.
    message = re.sub(r" on line \d+", "", message)
    return Problem(span.place, f"this is not valid Python: {message}", None, span)


def _extent(source: SourceText, error: Exception) -> tuple[int, int]:
    """Return the offsets in the text of the characters that `error` is about."""
    text = source.text
    if isinstance(error, UnicodeEncodeError):
        return error.start, error.start + 1
    if not isinstance(error, SyntaxError) or error.lineno is None:
        return max(0, text.find("\0")), max(0, text.find("\0")) + 1
    starts = Positions(source).starts
    end_of_text = len(text.rstrip()) - 1  # an error at the very end is shown on what is there
    start = starts[min(max(error.lineno, 1), len(starts)) - 1] + max(0, (error.offset or 1) - 1)
    start = max(0, min(start, end_of_text))
    if error.end_lineno is None or not error.end_offset or error.end_lineno >= len(starts):
        return start, start + 1
    return start, max(start + 1, starts[error.end_lineno - 1] + error.end_offset - 1)
