"""Program: the text of a generated function, and what each of its lines was written for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from statepipe.codegen.splice import Piece
from statepipe.functions.function import Function
from statepipe.plan.failure import Site


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Why a line is there: what was being done, and the states since the block began."""

    site: Site
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A place where a record ends: its end state, and the states since the block began."""

    state: str
    path: tuple[str, ...]


@dataclass(slots=True)
class Program:
    """A generated function while it is written, and after.

    `origins` and `pieces` go by line number from 1. Value k + 1 in `ends` means `leaves[k]`.
    `jumps` are the states that each jump between blocks has behind it, since its own block began.
    `functions` are called by the names `fn_0`, `fn_1` and on; `fused_names` are the globals
    of fused code.
    """

    lines: list[str] = field(default_factory=list)
    origins: dict[int, Origin] = field(default_factory=dict)
    pieces: dict[int, tuple[Piece, ...]] = field(default_factory=dict)
    leaves: list[Leaf] = field(default_factory=list)
    jumps: list[tuple[str, ...]] = field(default_factory=list)
    functions: dict[str, Function] = field(default_factory=dict)
    fused_names: dict[str, object] = field(default_factory=dict)
    is_async: bool = False

    @property
    def source(self) -> str:
        return "\n".join(self.lines) + "\n"

    def add(self, text: str, origin: Origin | None = None, pieces: tuple[Piece, ...] = ()) -> None:
        self.lines.append(text)
        if origin is not None:
            self.origins[len(self.lines)] = origin
        if pieces:
            self.pieces[len(self.lines)] = pieces

    def path_behind(self, trail: Trail) -> tuple[str, ...]:
        """Return the states of all blocks that a record has left, in order."""
        behind: list[tuple[str, ...]] = []
        while trail is not None:
            trail, jump = trail
            behind.append(self.jumps[jump])
        return tuple(state for path in reversed(behind) for state in path)


Trail: TypeAlias = "tuple[Trail, int] | None"
"""The jumps of one record, the last outermost: a chain, so that a jump costs one small tuple."""
