"""Program: the text of a generated function, and what each of its lines was written for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from statepipe.codegen.splice import Piece
from statepipe.functions.function import Function
from statepipe.plan.failure import Site
from statepipe.plan.frames import called

STEP = "    "
"""What a block is indented by."""


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Why a line is there: what was being done, in which state, and the states since the block
    began; `at` is the state's index."""

    site: Site
    path: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Leaf:
    """A place where a record ends: its end state, and the states since the block began."""

    state: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Jump:
    """A jump between blocks: the states since its own block began.

    `push` is the network that it enters; `returns` tells that it leaves the innermost one.
    """

    path: tuple[str, ...]
    push: str | None = None
    returns: bool = False


@dataclass(slots=True)
class Behind:
    """The road that a record has behind it: its path, and the networks that it is pushed into.

    `marks` holds how long the path was when it entered each of these.
    """

    path: list[str] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)

    def add(self, jump: Jump) -> None:
        self.path += self.called(jump.path)
        if jump.push is not None:
            self.networks.append(jump.push)
            self.marks.append(len(self.path))
        elif jump.returns:
            self.networks.pop()
            self.marks.pop()

    def then(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """Return the path with states of the innermost network behind it."""
        return (*self.path, *self.called(path))

    def called(self, path: tuple[str, ...]) -> Iterable[str]:
        """Return what states of the innermost network are called on the path."""
        return (called(state, self.networks) for state in path) if self.networks else path


@dataclass(slots=True)
class Program:
    """A generated function while it is written, and after.

    `origins` and `pieces` go by line number from 1. Value k + 1 in `ends` means `leaves[k]`.
    `jumps` are those between blocks.
    `functions` are called by the names `fn_0`, `fn_1` and on; `fused_names` are the globals
    of fused code.
    """

    lines: list[str] = field(default_factory=list)
    origins: dict[int, Origin] = field(default_factory=dict)
    pieces: dict[int, tuple[Piece, ...]] = field(default_factory=dict)
    leaves: list[Leaf] = field(default_factory=list)
    jumps: list[Jump] = field(default_factory=list)
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

    def behind(self, trail: Trail) -> Behind:
        """Return the road through all blocks that a record has left."""
        jumps: list[Jump] = []
        while trail is not None:
            trail, jump = trail
            jumps.append(self.jumps[jump])
        road = Behind()
        for each in reversed(jumps):
            road.add(each)
        return road


Trail: TypeAlias = "tuple[Trail, int] | None"
"""The jumps of one record, the last outermost: a chain, so that a jump costs one small tuple."""
