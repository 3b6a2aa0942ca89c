"""An explanation in lines: pieces of text, each with how a terminal should show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

from statepipe.api.explained import (
    ExplainedArc,
    ExplainedCall,
    ExplainedStep,
    ExplainedValue,
)
from statepipe.errors import RecordError, shown_path, told
from statepipe.record import Record
from statepipe.short import shown

Style: TypeAlias = Literal["plain", "bold", "dim", "good", "bad", "change"]
Line: TypeAlias = Sequence[tuple[Style, str]]

CODE = 60
"""Characters of code on a line."""

DECIDED = "  ◀ decided"
HERE = "  ◀ here"
NOT_EVALUATED = "not evaluated"
MARKS: dict[str, tuple[Style, str]] = {
    "accepted": ("good", "✓"),
    "refused": ("bad", "✗"),
    "failed": ("bad", "!"),
    "not tried": ("dim", "·"),
    "done": ("plain", "~"),
}
ROLES = {"pre_validator": "pre-validator", "arc transform": "on the way"}
CHANGES: dict[str, Style] = {"+": "good", "-": "bad", "~": "change"}


def head_lines(path: list[str], success: bool, record: Record, data: Record) -> Iterator[Line]:
    """Yield what became of the record, and its path."""
    style: Style = "good" if success else "bad"
    mark, what = ("✓", "ended") if success else ("✗", "failed")
    shown_way = shown_path(tuple(path))
    yield [(style, mark), ("bold", f" {what} at {path[-1]!r}"), ("dim", f"  {shown_way}")]
    yield [("dim", "  record  "), ("plain", shown(record))]
    if repr(data) != repr(record):
        yield [("dim", "  became  "), ("plain", shown(data))]


def failure_lines(error: RecordError) -> Iterator[Line]:
    """Yield the failure of the record as a compiler would tell it."""
    first, *others = told(error, None)
    yield [("bad", "failed: "), ("plain", first)]
    for line in others:
        yield [("plain", line)]


def step_lines(step: ExplainedStep) -> Iterator[Line]:
    """Yield what happened at a state."""
    again = f"  attempt {step.attempt}" if step.attempt > 1 else ""
    end = "  end" if step.is_end and step.error is None else ""
    yield [("bold", step.state), ("dim", f"{again}{end}")]
    for call in step.functions:
        yield from call_lines(call)
    for arc in step.arcs:
        yield from arc_lines(arc, step)
    for call in step.on_the_way:
        yield from call_lines(call)
    if step.error is not None and (step.retried or step.next is not None):
        yield [("bad", "  ! "), ("plain", step.error)]
        what = "tried again" if step.retried else f"caught: it goes on at {step.next!r}"
        yield [("dim", f"    {what}")]


def call_lines(call: ExplainedCall) -> Iterator[Line]:
    """Yield a function of a state: its verdict or its changes, and why."""
    style, mark = MARKS[call.verdict]
    role = ROLES.get(call.role, call.role)
    yield [
        (style, f"  {mark} "),
        ("plain", f"{role}  {cut(call.function)}"),
        ("dim", f"  {call.place}"),
    ]
    for change in call.changes:
        yield [(CHANGES[change[0]], f"      {change}")]
    if call.verdict != "done":
        yield from reason_lines(call)


def arc_lines(arc: ExplainedArc, step: ExplainedStep) -> Iterator[Line]:
    """Yield an arc, tried or not, and why it accepted or refused."""
    style, mark = MARKS[arc.verdict]
    if arc.verdict == "not tried":
        yield [("dim", f"  {mark} {way_of(arc)}  not tried: {why_not(arc, step)}")]
        return
    if arc.condition is None:
        yield [(style, f"  {mark} "), ("plain", way_of(arc)), ("dim", "  no condition")]
        return
    yield [
        (style, f"  {mark} "),
        ("plain", f"{way_of(arc)}  if {cut(arc.condition)}"),
        ("dim", f"  {arc.place}"),
    ]
    yield from reason_lines(arc)


def way_of(arc: ExplainedArc) -> str:
    return f"to {arc.target}" + (f" through {arc.through}" if arc.through is not None else "")


def why_not(arc: ExplainedArc, step: ExplainedStep) -> str:
    taken = next((each for each in step.arcs if each.verdict == "accepted"), None)
    return f"{taken.target!r} had accepted" if taken is not None else "the record had failed"


def reason_lines(call: ExplainedCall | ExplainedArc) -> Iterator[Line]:
    """Yield the reason that was given, and the values; of what has none, record and result."""
    if call.reason is not None and says_why(call):
        yield [("dim", "      reason  "), ("plain", call.reason)]
    if call.pieces is not None:
        yield from value_lines(call.pieces, told=call.reason is not None)
    elif call.given is not None:
        yield [("dim", "      given   "), ("plain", call.given)]
        if call.gave is not None and call.reason is None:
            yield [("dim", "      gave    "), ("plain", call.gave)]


def says_why(call: ExplainedCall | ExplainedArc) -> bool:
    """Tell whether the reason fits the verdict: that of a check is one for refusing."""
    return call.verdict == "refused" or isinstance(call, ExplainedArc)


def value_lines(root: ExplainedValue, *, told: bool) -> Iterator[Line]:
    """Yield the pieces of a condition, one a line, values in a column.

    The whole stands in the line above, and is left out unless its value says more than the
    verdict, than one of its pieces, and than what has been `told`.
    """
    said = {None, "True", "False", *(each.value for each in root.inside)}
    top = root.value not in said and not told
    rows = [(root, 0)] if top else []
    rows += [row for each in root.inside for row in rows_of(each, int(top))]
    texts = [f"{'  ' * depth}{cut(value.code)}" for value, depth in rows]
    width = max(map(len, texts), default=0)
    for text, (value, _) in zip(texts, rows, strict=True):
        yield value_line(text.ljust(width), value, value.decided and value is not root)


def rows_of(value: ExplainedValue, depth: int) -> Iterable[tuple[ExplainedValue, int]]:
    """Yield a piece and what is inside, each with its depth; what did not run, in one row."""
    yield value, depth
    if value.evaluated or value.raised:
        for each in value.inside:
            yield from rows_of(each, depth + 1)


def value_line(text: str, value: ExplainedValue, mark: bool) -> Line:
    line: list[tuple[Style, str]] = [("plain", f"      {text}  ")]
    if value.raised:
        here = "" if any(each.raised for each in value.inside) else HERE
        return [*line, ("bad", "raised"), ("bold", here)]
    if value.value is None:
        return [("dim", f"      {text}  {NOT_EVALUATED}")]
    line.append(("change" if mark else "plain", value.value))
    if value.times > 1:
        line.append(("dim", f"  the last of {value.times}"))
    if mark:
        line.append(("bold", DECIDED))
    return line


def cut(code: str) -> str:
    return code if len(code) <= CODE else f"{code[: CODE - 1]}…"
