"""Source: the functions of a step as their authors wrote them, with their places."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType

from statepipe.builder.source import NoSourceError, definition_of
from statepipe.debugger.text import Line, bold, dim, error, line
from statepipe.debugger.timeline import Timeline
from statepipe.functions.function import Function
from statepipe.plan.failure import is_ours
from statepipe.plan.journal import Called
from statepipe.plan.model import PlannedState, Step
from statepipe.plan.stepping import Move
from statepipe.source_text import SourceText


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """The text of a function: the place where it stands, and its lines, numbered if known."""

    place: str
    lines: tuple[tuple[int | None, str], ...]


def source_lines(timeline: Timeline) -> Iterator[Line]:
    """Yield the functions that ran in the last step, then those that stand at the next."""
    if timeline.last is not None:
        yield from ran_lines(timeline.last, timeline.at)
    if timeline.last is not None and not timeline.is_done:
        yield line()
    if not timeline.is_done:
        yield from next_lines(timeline)


def ran_lines(move: Move, number: int) -> Iterator[Line]:
    yield line(bold(f"ran in step {number}, at {move.before.state}"))
    calls = {id(each.step): each for each in move.journal.calls}
    yield from or_none([each for call in calls.values() for each in called_lines(call)])


def next_lines(timeline: Timeline) -> Iterator[Line]:
    yield line(bold(f"next, at {timeline.state}"))
    yield from or_none([each for step in next_steps(timeline) for each in step_lines(step)])


def or_none(lines: Sequence[Line]) -> Iterable[Line]:
    return lines or [line(dim("  no functions"))]


def next_steps(timeline: Timeline) -> Iterable[Step]:
    """Return what may run next: all of the state's functions."""
    move = timeline.next
    if move is None:
        return steps_of(timeline.stepper.planned)
    return steps_of(timeline.stepper.plan.states[move.before.at])


def steps_of(state: PlannedState) -> list[Step]:
    return [step for step in state.steps() if step.role != "resources"]


def called_lines(called: Called) -> Iterator[Line]:
    first, *others = step_lines(called.step, called.arc)
    if called.error is not None:
        first = first.joined(line(error(f"  ✗ {type(called.error).__name__}")))
    yield first
    yield from others


def step_lines(step: Step, arc: str | None = None) -> Iterator[Line]:
    """Yield a function: what it is for and where it stands, then its text."""
    written = written_of(step.function)
    of = f" of {arc}" if arc is not None else ""
    yield line(("  " + step.role, "changed"), f"{of}  ", dim(written.place))
    width = max((len(str(number)) for number, _ in written.lines if number), default=0)
    for number, text in written.lines:
        yield line(dim(f"    {number or '':>{width}} │ "), (text, "code"))


def written_of(function: Function) -> Written:
    """Return the author's text; where there is none, what the function is called."""
    place = str(function.place)
    if function.code is not None:
        return Written(place, tuple(inline_lines(function.code.source)))
    own = definition_lines(function)
    if own is not None:
        return own
    return Written(place, ((None, function.label),))


def inline_lines(source: SourceText) -> Iterator[tuple[int | None, str]]:
    """Yield the lines of inline code; those of a file with their numbers in it."""
    offset = 0
    for text in source.text.rstrip().split("\n"):
        yield (source.locate(offset)[0] if source.place.file is not None else None), text
        offset += len(text) + 1


def definition_lines(function: Function) -> Written | None:
    """Return the definition of a Python function of the author's, if it can be had."""
    call = function.call
    if not isinstance(call, FunctionType) or is_ours(call.__code__.co_filename):
        return None
    try:
        node, text = definition_of(call)
    except NoSourceError:
        return None
    segment = ast.get_source_segment(text, node, padded=True) or ""
    texts = textwrap.dedent(segment).rstrip().split("\n")
    place = f"{Path(call.__code__.co_filename).name}:{node.lineno}"
    return Written(place, tuple(enumerate(texts, start=node.lineno)))
