"""Frames: what is known of a record outside of the network that it has been pushed into."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from statepipe.errors import RecordError
from statepipe.plan.carried import FailedError
from statepipe.plan.drive import Steps
from statepipe.plan.model import PlannedArc, PlannedPush, PlannedState
from statepipe.plan.recover import Kept
from statepipe.record import Record


@dataclass(frozen=True, slots=True, eq=False)
class Entered:
    """How a record was when it entered a state: `behind` states on its path, that one included."""

    kept: Record | Kept
    transitions: int
    behind: int
    networks: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A state that a record left by a push arc, how it entered it, and what it was when it left."""

    state: PlannedState
    arc: PlannedArc
    push: PlannedPush
    record: Record
    entered: Entered


def called(state: str, networks: Iterable[str]) -> str:
    """Return what a state within `networks`, outermost first, is called on a path."""
    return ":".join((*networks, state))


def raising(failed: RecordError) -> Steps[PlannedArc | None]:
    """Return steps that do nothing but fail."""
    raise FailedError(failed)
    yield  # which makes it steps
