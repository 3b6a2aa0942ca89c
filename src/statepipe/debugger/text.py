"""Text: lines in pieces, each with the tone that a face paints it in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Tone: TypeAlias = Literal[
    "plain", "bold", "dim", "added", "removed", "changed", "error", "here", "code"
]
Piece: TypeAlias = tuple[str, Tone]


@dataclass(frozen=True, slots=True)
class Line:
    """A line in pieces. What comes from records is as it is: faces make it safe to print."""

    pieces: tuple[Piece, ...] = ()

    def __str__(self) -> str:
        return "".join(text for text, _ in self.pieces)

    def indented(self, width: int) -> Line:
        return Line(((" " * width, "plain"), *self.pieces))

    def joined(self, other: Line) -> Line:
        return Line((*self.pieces, *other.pieces))


def line(*pieces: str | Piece) -> Line:
    """Return a line; bare texts are plain."""
    return Line(tuple((each, "plain") if isinstance(each, str) else each for each in pieces))


def bold(text: str) -> Piece:
    return text, "bold"


def dim(text: str) -> Piece:
    return text, "dim"


def error(text: str) -> Piece:
    return text, "error"


def columns(rows: list[tuple[Piece, Piece]], gap: int = 2) -> list[Line]:
    """Return rows of two pieces, the second ones below each other."""
    width = max((len(left) for (left, _), _ in rows), default=0) + gap
    return [line((f"{left:<{width}}", tone), right) for (left, tone), right in rows]
