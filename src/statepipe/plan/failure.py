"""From an exception to a RecordError: what failed, where in the config, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from types import CodeType, TracebackType

from statepipe.errors import Place, RecordError, Span
from statepipe.functions.builtin import FieldError
from statepipe.functions.compiled import is_code_of
from statepipe.functions.function import Function, InlineCode
from statepipe.plan.hints import hint_for
from statepipe.plan.model import PlannedState, Step
from statepipe.plan.refusals import NoOpenArcError, RefusalError
from statepipe.plan.secrets import text_of, without_secrets
from statepipe.record import Record


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """What was being done: a step of a state, or choosing or taking an arc (`step` None).

    `place` is where the state or the arc stands, for want of a step.
    """

    state: str
    role: str
    arc: str | None = None
    step: Step | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class CodePosition:
    """What Python was running: lines from 1, UTF-8 columns from 0, end column excluded."""

    line: int
    column: int
    end_line: int
    end_column: int


def record_error(
    site: Site,
    error: Exception,
    path: tuple[str, ...],
    record: Record,
    span: Span | None = None,
    *,
    hide: Callable[[str], str] | None = None,
) -> RecordError:
    """Return the RecordError of `error`, raised at `site`.

    A record fails at the last state of its `path`, and is called by that name: those of networks
    that it was pushed into have the networks before them.

    `span` is the failing piece of the config where the caller knows it; else it is read from the
    traceback. `error` is kept as the cause. `hide` strikes out secrets.
    """
    cut_earlier_raises(error)
    if hide is not None:
        error = without_secrets(error, hide)
    function = site.step.function if site.step else None
    if span is None and function is not None:
        span = span_in_traceback(error, function) or span_of_all(function)
    failed = RecordError(
        message_of(error, function),
        role=site.role,
        error_type=type(error).__name__,
        state=path[-1] if path else site.state,
        arc=site.arc,
        path=path,
        record=record,
        place=place_of(span, site),
        span=span,
        hint=hint_for(error, record, span),
    )
    failed.__cause__ = error
    return failed


def message_of(error: Exception, function: Function | None) -> str:
    """Return one line on `error`, with the place in the user's own module if it came from one."""
    text = " ".join(text_of(error).split())
    if isinstance(error, RefusalError | FieldError):
        return text
    name = type(error).__name__
    message = f"{name}: {text}" if text else name
    if function is None or function.code is not None or error.__traceback__ is None:
        return message
    last = frames(error.__traceback__)[-1]
    code = last.tb_frame.f_code
    if is_ours(code.co_filename):
        return message
    return f"{message} ({Path(code.co_filename).name}:{last.tb_lineno}, in {code.co_name})"


def is_ours(filename: str) -> bool:
    """Tell whether a frame is statepipe's: then the user's function is a builtin, without one."""
    return filename.startswith(("<statepipe", str(Path(__file__).parents[1])))


def place_of(span: Span | None, site: Site) -> Place | None:
    if span is not None:
        return span.place
    return site.step.function.place if site.step is not None else site.place


def no_open_arc(state: PlannedState) -> NoOpenArcError:
    """Return the refusal of a record that no arc of `state` accepts."""
    if not state.arcs:
        return NoOpenArcError(f"state {state.name!r} is no end state, and no arc leads out of it")
    tried = ", ".join(arc.name for arc in state.arcs)
    return NoOpenArcError(f"no arc of state {state.name!r} accepts the record; tried: {tried}")


# -- from a traceback to the author's text -------------------------------------------------


def frames(traceback: TracebackType | None) -> list[TracebackType]:
    """Return the entries of a traceback, outermost first."""
    found = []
    while traceback is not None:
        found.append(traceback)
        traceback = traceback.tb_next
    return found


def cut_earlier_raises(error: BaseException) -> None:
    """Leave only its last raise in the traceback of `error`, which authors may raise repeatedly.

    Python hangs the frames of each raise of one and the same object before those of the last.
    """
    entries = frames(error.__traceback__)
    for previous, entry in pairwise(entries):
        if entry.tb_frame.f_code is entries[0].tb_frame.f_code:
            previous.tb_next = None
            return


def position_in(error: BaseException, filename: str) -> CodePosition | None:
    """Return what was running in the innermost frame of `filename`'s code, if any was."""
    for entry in reversed(frames(error.__traceback__)):
        code = entry.tb_frame.f_code
        if code.co_filename == filename:
            return position_at(code, entry.tb_lasti)
    return None


def position_at(code: CodeType, instruction: int) -> CodePosition | None:
    """Return the position of the instruction at byte `instruction`. Source: PEP 657."""
    positions = list(code.co_positions())[instruction // 2]
    line, end_line, column, end_column = positions
    if line is None or end_line is None or column is None or end_column is None:
        return None
    return CodePosition(line, column, end_line, end_column)


def span_in_traceback(error: Exception, function: Function) -> Span | None:
    """Return the failing piece of called inline code.

    Inline code is compiled with the positions of the config itself, so nothing is mapped here.
    """
    code = function.code
    if code is None:
        return None
    for entry in reversed(frames(error.__traceback__)):
        running = entry.tb_frame.f_code
        if is_code_of(running.co_filename, code.source):
            position = position_at(running, entry.tb_lasti)
            return None if position is None else span_at(code, position)
    return None


def span_of_all(function: Function) -> Span | None:
    """Return the span of inline code as a whole, for a failure that no part of it made."""
    if function.code is None:
        return None
    text = function.code.source.text
    start = len(text) - len(text.lstrip())
    return function.code.source.span(start, max(start + 1, len(text.rstrip())))


def span_at(code: InlineCode, position: CodePosition) -> Span | None:
    """Return the span of a position in the config's lines, cut at the end of its first line."""
    lines = code.source.lines
    if not 0 < position.line <= len(lines):
        return None
    text = lines[position.line - 1]
    raw = text.encode()
    start = len(raw[: position.column].decode(errors="ignore"))
    end = len(text)
    if position.end_line == position.line:
        end = len(raw[: position.end_column].decode(errors="ignore"))
    place = replace(code.source.place, line=position.line, column=start + 1)
    return Span(place, text, start, max(end, start + 1))
