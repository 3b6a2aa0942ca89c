"""Pieces: the parts of an expression whose values explain what it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from statepipe.errors import Span

PieceKind: TypeAlias = Literal["and", "or", "not", "if", "same", "any", "all", "pair", "other"]
"""How a piece comes to its truth: from which of the pieces inside.

`same`: its truth is that of the one inside, as for `bool(x)` and `(y := x)`. `pair`: a tuple of
two, a verdict and its reason.
"""

Tell: TypeAlias = Callable[[int, Any], Any]
"""Takes the number of a piece and its value, as it has just been evaluated; gives the value."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A part of an expression. `inside` are the parts of it, as Python evaluates them.

    `text` is on one line. `span` is None where the place is not known, as in f-strings of
    Python 3.11. `weighed` are those of `inside` that its truth may come from: the operands of
    `and`, the branches of `if`.
    """

    number: int
    text: str
    kind: PieceKind
    span: Span | None
    inside: tuple[Piece, ...] = ()
    weighed: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """Inline code that can be run so that it tells the value of each of its pieces.

    `telling(tell)` gives a function that is called as the code's own, and does the same.
    """

    root: Piece
    telling: Callable[[Tell], Callable[..., Any]]  # user code: anything may come back
