"""Summary: what is printed for people when a run is over."""

from __future__ import annotations

import json
import shlex

from statepipe.cli.counts import Counts, cause_of, largest
from statepipe.cli.ending import Ending
from statepipe.cli.messages import span_lines
from statepipe.cli.request import Request
from statepipe.cli.terminal import Paint, bold, dim, green, red
from statepipe.cli.words import counted, duration, printable, rate, shortened
from statepipe.errors import RecordError
from statepipe.run.progress import FailureGroup, StreamResult

MAX_GROUPS = 5
RECORD_WIDTH = 100


def summary(request: Request, ending: Ending) -> list[str]:
    """Return the lines of the closing summary. Its numbers add up: the states and `failed`."""
    counts = ending.counts
    lines = [
        *resumed(request, ending),
        headline(counts),
        "",
        *table(request, ending),
        *failures(request, ending),
    ]
    if counts.workers_replaced:
        were = "was" if counts.workers_replaced == 1 else "were"
        lines += ["", f"{counted(counts.workers_replaced, 'worker')} died and {were} replaced"]
    allowed = request.options.max_errors
    if ending.finished and counts.failed > allowed:
        lines += [
            "",
            dim(f"exit code 1: {counts.failed:,} failed, --max-errors allows {allowed:,}"),
        ]
    return lines


def resumed(request: Request, ending: Ending) -> list[str]:
    """Return what an earlier run with the same checkpoint has done, if one has."""
    seen, directory = ending.seen, request.options.checkpoint
    if not isinstance(seen, StreamResult) or seen.resumed_at is None or directory is None:
        return []
    if seen.already_finished:
        told = "is finished already; another directory starts over"
        return [f"{green('nothing to do:')} the run of checkpoint {printable(directory)} {told}"]
    return [dim(f"went on at record {seen.resumed_at + 1:,} from {printable(directory)}")]


def headline(counts: Counts) -> str:
    speed = dim(f" ({rate(counts.per_second)})") if counts.total else ""
    return f"{bold(counted(counts.total, 'record'))} in {duration(counts.duration_s)}{speed}"


# -- counts --------------------------------------------------------------------------------


def table(request: Request, ending: Ending) -> list[str]:
    """Return a line for each end state, one for the failed records, and the total."""
    counts = ending.counts
    ends = list(dict.fromkeys([*request.ends, *counts.by_state]))
    names = [printable(end) for end in ends]
    width = max(map(len, [*names, "failed"]))
    digits = len(f"{counts.total:,}")
    rows = []
    for end, name in zip(ends, names, strict=True):
        number = painted(counts.by_state.get(end, 0), digits, green)
        rows.append(f"  {name:<{width}}  {number}{destination(request, ending, end)}")
    number = painted(counts.failed, digits, red)
    rows.append(f"  {'failed':<{width}}  {number}{remains(ending)}")
    rows.append(f"  {dim('total'.ljust(width))}  {counts.total:>{digits},}")
    return [row.rstrip() for row in rows]


def painted(number: int, digits: int, paint: Paint) -> str:
    """Return a right-aligned number; zero is dim."""
    return (paint if number else dim)(f"{number:>{digits},}")


def destination(request: Request, ending: Ending, end: str) -> str:
    if not ending.finished:
        return ""
    if end not in request.targets:
        return dim("  not written")
    return f"  {dim('→')} {printable(request.output_of(end))}"


def remains(ending: Ending) -> str:
    """Return what has become of the failed records."""
    counts, note = ending.counts, ""
    if not counts.failed:
        return note
    if ending.dead_letters:
        note = f"  {dim('→')} {printable(ending.dead_letters)}"
    elif ending.finished:
        note = dim("  not kept; --dead-letters PATH keeps them")
    return note + (dim(f"  ({counts.malformed:,} malformed)") if counts.malformed else "")


# -- failures ------------------------------------------------------------------------------


def failures(request: Request, ending: Ending) -> list[str]:
    """Return the largest groups of failures, each with its first record and how to see it."""
    groups = largest(ending.counts)
    lines: list[str] = []
    for group in groups[:MAX_GROUPS]:
        lines += ["", *failure_lines(request, ending, group)]
    if len(groups) > MAX_GROUPS:
        rest = groups[MAX_GROUPS:]
        count = counted(sum(group.count for group in rest), "record")
        lines += ["", dim(f"and {count} that failed in {counted(len(rest), 'other way')}")]
    return lines


def failure_lines(request: Request, ending: Ending, group: FailureGroup) -> list[str]:
    return group_lines(group.count, group.first, details(request, ending, group))


def group_lines(count: int, first: RecordError, facts: list[tuple[str, str]]) -> list[str]:
    """Return how often a failure came up, where, and some facts on its first record."""
    lines = [f"{red(f'{count:,} ×')} {bold(cause_of(first))}"]
    if first.place is not None:
        lines.append(f"    {printable(str(first.place))}")
    if first.span is not None:
        lines += span_lines(first.span)
    return lines + [f"    {dim(word)} {printable(text)}" for word, text in facts]


def details(request: Request, ending: Ending, group: FailureGroup) -> list[tuple[str, str]]:
    error = group.first
    found = [("first: ", f"{error.position} of {request.source_name}")]
    if error.record is not None:
        found.append(("record:", record_text(error)))
    if error.hint:
        found.append(("help:  ", error.hint))
    command = command_for(request, ending, group)
    if command is not None:
        found.append(("see:   ", command))
    return found


def record_text(error: RecordError) -> str:
    return shortened(json.dumps(error.record, ensure_ascii=False, default=repr), RECORD_WIDTH)


def command_for(request: Request, ending: Ending, group: FailureGroup) -> str | None:
    """Return a command that prints the first record of a group, if a file has it on a line."""
    if ending.dead_letters:
        return letter_command(ending.dead_letters, group.ordinal + 1)
    position, source = group.first.position, request.source
    if not isinstance(source, str) or position is None or position.line is None:
        return None
    if source.removesuffix(".gz").endswith(".json"):
        return None
    return line_command(source, position.line)


def letter_command(path: str, number: int) -> str:
    """Return a shell command that prints the dead letter of this number, from 1, in a file."""
    return f"statepipe dead {shlex.quote(path)} --show {number}"


def line_command(path: str, line: int) -> str:
    """Return a shell command that prints one line of a file, compressed or not."""
    if path.endswith(".gz"):
        return f"gzip -dc {shlex.quote(path)} | sed -n {line}p"
    return f"sed -n {line}p {shlex.quote(path)}"
