"""Seen: the values of the pieces of inline code in one call, and the piece that decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from statepipe.functions.pieces import Piece, PieceKind
from statepipe.short import Short


@dataclass(frozen=True, slots=True)
class Sight:
    """The last value of a piece, as text; how often it was evaluated, and when, by a count.

    `earlier` is when it was evaluated before, 0 for never.
    """

    text: str
    times: int
    at: int
    earlier: int


@dataclass(frozen=True, slots=True)
class SeenPiece:
    """A piece with its value as it was at that time; None if it was not evaluated.

    `times`: more than once in a generator; then the value is the last. `decided`: the verdict of
    the whole is what this piece made it.
    """

    piece: Piece
    value: str | None
    times: int
    decided: bool
    inside: tuple[SeenPiece, ...]


class Eye:
    """Is told the values of pieces in one call. Gives each back as it is."""

    def __init__(self, short: Short) -> None:
        self._short = short
        self._sights: dict[int, Sight] = {}
        self._count = 0

    def __call__(self, number: int, value: Any) -> Any:  # user code's value
        self._count += 1
        last = self._sights.get(number)
        times, earlier = (0, 0) if last is None else (last.times, last.at)
        self._sights[number] = Sight(self._short(value), times + 1, self._count, earlier)
        return value

    def seen(self, root: Piece, verdict: bool | None, *, reasoned: bool) -> SeenPiece:
        """Return all pieces with their values. `verdict` None: there is none to decide.

        `reasoned`: the whole gave a verdict with its reason, which one of its pairs is then.
        """
        by = None if verdict is None else self._decider(root, verdict, reasoned, 0)
        return self._told(root, by, 0)

    def _told(self, piece: Piece, by: Piece | None, since: int) -> SeenPiece:
        sight = self._sight(piece, since)
        last = since if piece.kind not in LOOPS else self._last_round(piece, sight)
        inside = tuple(
            self._told(each, by, last if each in piece.weighed else since) for each in piece.inside
        )
        text, times = (None, 0) if sight is None else (sight.text, sight.times)
        return SeenPiece(piece, text, times, piece is by, inside)

    def _last_round(self, piece: Piece, sight: Sight | None) -> int:
        """Return when the last round of a generator began, which has no end if it raised."""
        given = self._sights.get(piece.weighed[0].number)
        if given is None:
            return 0
        return given.at if sight is None else given.earlier

    def _sight(self, piece: Piece, since: int) -> Sight | None:
        """Return what was seen of a piece, unless that was before the last round."""
        sight = self._sights.get(piece.number)
        return sight if sight is not None and sight.at > since else None

    def _decider(self, piece: Piece, truth: bool, reasoned: bool, since: int) -> Piece:
        """Return the piece that made `piece` true or false: itself, if that took all of it.

        Truth is not asked of values, as that may run code of theirs: which operands Python has
        evaluated tells it.
        """
        if piece.kind in LOOPS:
            since = self._last_round(piece, self._sight(piece, since))
        evaluated = [each for each in piece.weighed if self._sight(each, since) is not None]
        if not evaluated:
            return piece
        last = evaluated[-1]
        if not DECIDES[piece.kind](truth, reasoned):
            return piece
        truth = not truth if piece.kind == "not" else truth
        return self._decider(last, truth, reasoned, since)


DECIDES: dict[PieceKind, Callable[[bool, bool], bool]] = {
    "and": lambda truth, _: not truth,
    "or": lambda truth, _: truth,
    "not": lambda _, __: True,
    "if": lambda _, __: True,
    "same": lambda _, __: True,
    "any": lambda truth, _: truth,
    "all": lambda truth, _: not truth,
    "pair": lambda _, reasoned: reasoned,
    "other": lambda _, __: False,
}
"""Whether a piece of a kind got its truth from the last that it is weighed by, by that truth, and
by whether it gave a verdict with a reason."""

LOOPS = frozenset(("any", "all"))
"""Kinds that are weighed by what a generator gives, again and again."""
