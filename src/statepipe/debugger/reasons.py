"""Reasons: why a record took the arc that it took, with the value of every part of a condition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from statepipe.api.explained_text import Style, step_lines
from statepipe.api.explaining import chooser, explained
from statepipe.debugger.drive import Make
from statepipe.debugger.telling import tried_lines
from statepipe.debugger.text import Line, Tone, bold, error, line
from statepipe.debugger.timeline import Timeline
from statepipe.errors import UsageError
from statepipe.functions.moment import promised_again
from statepipe.plan.journal import Choice
from statepipe.plan.stepping import Move

TONES: Mapping[Style, Tone] = {
    "plain": "plain",
    "bold": "bold",
    "dim": "dim",
    "good": "added",
    "bad": "removed",
    "change": "changed",
}


def why_lines(timeline: Timeline, make: Make) -> Iterator[Line]:
    """Yield why the last step went where it did. The conditions are asked once more.

    UsageError where there was no step yet.
    """
    move = timeline.last
    if move is None:
        raise UsageError("no arc has been chosen yet; `step` makes the first choice")
    if move.journal.choices:
        yield from choice_lines(move.journal.choices[-1], move, make)
    else:
        yield line(bold(move.before.state))
        yield from (each.indented(2) for each in tried_lines(move))
    failed = [*move.journal.caught, *([move.error] if move.error is not None else [])]
    yield from (line(error(f"  ! {each.message}")) for each in failed)


def choice_lines(choice: Choice, move: Move, make: Make) -> Iterator[Line]:
    """Yield the arcs that a state had, and what their conditions come to for the record."""
    moment = promised_again(move.before.moment)
    walk = chooser(choice.plan, choice.record, choice.state.index, moment, choice.caught)
    step = explained(make(walk.choice()), choice.plan, (move.before.state,))
    for pieces in step_lines(replace(step, state=move.before.state)):
        yield Line(tuple((text, TONES[style]) for style, text in pieces))
