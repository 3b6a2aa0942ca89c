"""Timeline: a record's steps so far, and the place among them that is looked at."""

from __future__ import annotations

from statepipe.errors import RecordError, UsageError
from statepipe.plan.stepping import MOVES_KEPT, Move, Stepper, Stop
from statepipe.record import Record


class Timeline:
    """A stepper, the moves that led to where it began, and how many of all are behind us.

    `at` counts moves: at the last of them the record stands as it is, and may go on; before, it
    is shown as it stood then. `origin` says in words where it comes from.
    """

    def __init__(self, stepper: Stepper, earlier: tuple[Move, ...] = (), origin: str = "") -> None:
        self.stepper = stepper
        self.earlier = earlier
        self.origin = origin
        self.at = len(earlier)

    @property
    def moves(self) -> tuple[Move, ...]:
        return (*self.earlier, *self.stepper.moves)

    @property
    def is_past(self) -> bool:
        """Whether there are later moves than what is looked at."""
        return self.at < len(self.moves)

    @property
    def last(self) -> Move | None:
        """The move that led to what is looked at; None at the beginning."""
        return self.moves[self.at - 1] if self.at else None

    @property
    def next(self) -> Move | None:
        """The recorded move that follows what is looked at; None if there is none."""
        return self.moves[self.at] if self.is_past else None

    @property
    def state(self) -> str:
        return self.next.before.state if self.next is not None else self.stepper.state

    @property
    def record(self) -> Record:
        return self.next.before.record if self.next is not None else self.stepper.record

    @property
    def path(self) -> tuple[str, ...]:
        """The states that the record has been in, the one where it stands at last."""
        move = self.next
        return (*move.before.path, move.before.state) if move is not None else self.stepper.path

    @property
    def is_done(self) -> bool:
        """Whether the record, as it is looked at, has ended or failed for good."""
        return not self.is_past and self.stepper.outcome is not None

    @property
    def error(self) -> RecordError | None:
        """Why the record has failed for good, where that is looked at."""
        outcome = self.stepper.outcome
        return outcome.error if self.is_done and outcome is not None else None

    # -- going to and fro ------------------------------------------------------------------

    def back(self) -> Move:
        """Look at the record as it stood before the last move, which is returned."""
        move = self.last
        if move is None:
            kept = f"; the last {MOVES_KEPT} steps are kept" if move_dropped(self.stepper) else ""
            raise UsageError(f"this is the beginning: there is no step to go back over{kept}")
        self.at -= 1
        return move

    def forward(self) -> Move:
        """Look at the record after the next recorded move, which is returned."""
        move = self.next
        assert move is not None  # the caller has looked
        self.at += 1
        return move

    def made(self) -> None:
        """Look at what a move led to that has just been made."""
        self.at = len(self.moves)

    def stop(self) -> Stop:
        """Return where a fork goes on from; UsageError if the record is done."""
        if self.next is not None:
            return self.next.before
        if self.stepper.outcome is not None:
            raise UsageError("the record is done; go `back` to where it is to go on from")
        began_at = self.stepper.began_at
        return self.stepper.stop() if self.stepper.is_ready or began_at is None else began_at

    def forked(self, origin: str, record: Record | None = None) -> Timeline:
        """Return another timeline that goes on from what is looked at, perhaps with `record`."""
        stop = self.stop()
        return Timeline(self.stepper.forked(stop, record), self.moves[: self.at], origin)


def move_dropped(stepper: Stepper) -> bool:
    return stepper.steps_made > len(stepper.moves)
