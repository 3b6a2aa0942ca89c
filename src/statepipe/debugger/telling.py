"""Telling: moves, places and lists as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from statepipe.debugger.commands import SHORT, VERBS
from statepipe.debugger.conditions import Breakpoint
from statepipe.debugger.names import is_called
from statepipe.debugger.paths import Path, shown_path, value_at
from statepipe.debugger.rows import change_lines
from statepipe.debugger.text import Line, Piece, bold, columns, dim, error, line
from statepipe.debugger.timeline import Timeline
from statepipe.errors import RecordError, UsageError, told
from statepipe.graph.draw import label_of
from statepipe.plan.journal import Called, Tried
from statepipe.plan.stepping import Move
from statepipe.record import Record
from statepipe.short import shown

MARGIN = 10
"""Where what is told of a step begins, behind what it is."""

LONG_S = 0.1
"""A step that takes longer says so. Others do not, so that a script always says the same."""


def titled(title: str, lines: Sequence[Line]) -> Iterator[Line]:
    """Yield lines with a title before the first, all below each other."""
    for number, each in enumerate(lines):
        yield line(dim(f"  {title if number == 0 else '':<{MARGIN - 2}}")).joined(each)


# -- a step --------------------------------------------------------------------------------


def moved_lines(move: Move, number: int, *, recorded: bool) -> Iterator[Line]:
    """Yield what a step was: what ran, which arcs were tried, and what the record became."""
    yield head_line(move, number, recorded=recorded)
    yield from titled("ran", [called_line(each, move) for each in move.journal.calls])
    yield from titled("arcs", tried_lines(move))
    yield from titled("record", change_lines(move.before.record, move.after))
    for failed in move.journal.caught:
        yield from titled("caught", error_lines(failed))


def head_line(move: Move, number: int, *, recorded: bool) -> Line:
    """Return a step in one line: from where to where, by which way, and how it failed if so."""
    where = move.before.state
    facts = []
    if move.way is not None:
        where = f"{where} → {move.to_state}"
        facts.append(f"by {move.way}")
    if recorded:
        facts.append("recorded")
    elif move.seconds >= LONG_S:
        facts.append(f"took {move.seconds:.1f} s")
    pieces: list[str | Piece] = [where, dim(f"  {', '.join(facts)}" if facts else "")]
    if move.error is not None:
        pieces.append(error(f"  ✗ {move.error.error_type}"))
    return line(bold(f"step {number}  "), *pieces)


def called_line(called: Called, move: Move) -> Line:
    """Return a function that ran: its role, its code or name, and how it ended if not well."""
    step = called.step
    at = "" if is_called(move.before.state, step.state) else f" at {step.state}"
    pieces: list[Piece] = [dim(f"{step.role}{at}  "), (label_of(step.function, 60), "plain")]
    if called.error is not None:
        pieces.append(error(f"  {type(called.error).__name__}"))
    if called.reason is not None:
        pieces.append(dim(f"  {called.reason}"))
    return line(*pieces)


def tried_lines(move: Move) -> list[Line]:
    """Return the arcs that were tried, in order, and the one whose condition failed, if any."""
    lines = [tried_line(each) for each in move.journal.tried]
    wrong = move.error
    if wrong is not None and wrong.role == "condition":
        lines.append(line(error("! "), f"{wrong.arc}"))
    return lines


def tried_line(tried: Tried) -> Line:
    mark: Piece = ("✓ ", "added") if tried.chosen else ("✗ ", "removed")
    return line(mark, tried.name, dim(f"  {tried.reason}" if tried.reason else ""))


# -- where the record is -------------------------------------------------------------------


def place_lines(timeline: Timeline, breakpoints: Mapping[str, Breakpoint]) -> Iterator[Line]:
    """Yield where the record stands, or how it has ended."""
    yield line(*status(timeline, breakpoints))
    if timeline.error is not None:
        yield from error_lines(timeline.error)


def status(timeline: Timeline, breakpoints: Mapping[str, Breakpoint]) -> list[Piece]:
    """Return in one line where the record stands, or how it has ended."""
    if timeline.error is not None:
        return [error(f"✗ failed at {timeline.state}")]
    if timeline.is_done:
        return [("✓ ", "added"), (f"ended at {timeline.state}", "bold")]
    pieces: list[Piece] = [("▶ ", "here"), dim("before "), (timeline.state, "here")]
    if timeline.is_past:
        pieces.append(dim(f"  recorded, step {timeline.at} of {len(timeline.moves)}"))
    if timeline.state in breakpoints:
        pieces += [("  ● ", "error"), dim("breakpoint")]
    return pieces


def error_lines(failed: RecordError) -> list[Line]:
    """Return a failure as a compiler would tell it; the path and the record stand elsewhere."""
    first, *others = told(failed, None)
    carets = 1 if failed.span is not None else -1
    lines = [line(error(first))]
    for number, text in enumerate(others):
        lines.append(line(error(text) if number == carets else text))
    return lines


def fault_line(move: Move, breakpoints: Mapping[str, Breakpoint]) -> Iterator[Line]:
    """Yield why the condition of a breakpoint could not be asked, if it could not."""
    if move.fault is not None:
        found = breakpoints[move.to_state]
        name = type(move.fault).__name__
        yield line(error(f"the condition of the breakpoint failed: {name}: {move.fault}"))
        yield line(dim(f"  {found}; `break {move.to_state}` gives it another"))


def watch_lines(watches: Sequence[Path], record: Record) -> list[Line]:
    """Return the fields that are watched, with their values."""
    return [
        line(("◉ ", "changed"), f"{shown_path(path)} = ", watched(record, path)) for path in watches
    ]


def watched(record: Record, path: Path) -> Piece:
    try:
        return shown(value_at(record, path)), "plain"
    except UsageError:
        return dim("not there")


def breakpoint_lines(breakpoints: Mapping[str, Breakpoint]) -> list[Line]:
    found = [line(("● ", "error"), str(each)) for each in breakpoints.values()]
    return found or [line(dim("no breakpoints"))]


def path_lines(timeline: Timeline) -> Iterator[Line]:
    """Yield the states so far, what follows of a past one, and what is known beyond."""
    yield path_line(timeline.path)
    if timeline.is_past:
        later = [move.to_state for move in timeline.moves[timeline.at :]]
        yield line(dim(f"then → {' → '.join(later)}"))


def path_line(path: Sequence[str]) -> Line:
    pieces: list[Piece] = []
    for number, state in enumerate(path):
        if number:
            pieces.append(dim(" → "))
        pieces.append((state, "here" if number == len(path) - 1 else "plain"))
    return line(*pieces)


# -- help ----------------------------------------------------------------------------------


def help_lines() -> list[Line]:
    rows: list[tuple[Piece, Piece]] = [
        (bold(verb.usage), (short_about(name), "plain")) for name, verb in VERBS.items()
    ]
    return columns(rows)


def short_about(name: str) -> str:
    verb = VERBS[name]
    return f"{verb.about} ({verb.short})" if verb.short else verb.about


def verb_lines(name: str) -> Iterator[Line]:
    verb = VERBS[name]
    yield line(bold(verb.usage))
    yield line(f"  {verb.about}")
    others = [short for short, full in SHORT.items() if full == name]
    if others:
        yield line(dim(f"  short: {', '.join(others)}"))
