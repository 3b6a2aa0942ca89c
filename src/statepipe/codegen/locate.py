"""From a failure in the generated function back to the state, the arc and the config's text."""

from __future__ import annotations

from statepipe.codegen.compile import CompiledPlan
from statepipe.codegen.program import Origin, Program, Trail
from statepipe.codegen.splice import Piece
from statepipe.errors import RecordError, Span
from statepipe.plan.failure import (
    CodePosition,
    frames,
    position_in,
    record_error,
)
from statepipe.record import Record


def locate(compiled: CompiledPlan, error: Exception, record: Record, trail: Trail) -> RecordError:
    """Return the RecordError of an exception that `compiled.run_chunk` caught for `record`."""
    program = compiled.program
    origin = origin_of(compiled, error)
    path = program.behind(trail).then(origin.path)
    span = fused_span(compiled, error, origin)
    return record_error(origin.site, error, path, record, span, hide=compiled.plan.hide)


def origin_of(compiled: CompiledPlan, error: Exception) -> Origin:
    """Return what the generated function's line was written for.

    The outermost frame of its own is meant: a comprehension's frame lies deeper. An error from
    outside may hit a line that belongs to no state; then the next that does is meant.
    """
    for entry in frames(error.__traceback__):
        if entry.tb_frame.f_code.co_filename == compiled.filename:
            origins = compiled.program.origins
            return origins[min(line for line in origins if line >= entry.tb_lineno)]
    raise AssertionError("the traceback does not touch the generated function")


def fused_span(compiled: CompiledPlan, error: Exception, origin: Origin) -> Span | None:
    """Return the failing piece of fused code, or None if the code was called."""
    code = origin.site.step.function.code if origin.site.step else None
    position = position_in(error, compiled.filename)
    if code is None or position is None:
        return None
    offsets = offsets_of(compiled.program, position)
    return None if offsets is None else code.source.span(*offsets)


def offsets_of(program: Program, position: CodePosition) -> tuple[int, int] | None:
    """Return the stretch of the code's own text that a position in the program stands for."""
    start = offset_at(program, position.line, position.column, end=False)
    end = offset_at(program, position.end_line, position.end_column, end=True)
    return None if start is None or end is None else (start, end)


def offset_at(program: Program, line: int, utf8_column: int, *, end: bool) -> int | None:
    raw = program.lines[line - 1].encode(errors="surrogatepass")
    column = len(raw[:utf8_column].decode(errors="ignore"))
    for piece in program.pieces.get(line, ()):
        if holds(piece, column, end):
            return piece.end_of(column) if end else piece.start_of(column)
    return None


def holds(piece: Piece, column: int, end: bool) -> bool:
    """Tell whether a start column lies in the piece, or an end column behind part of it."""
    inside = column - piece.column - (1 if end else 0)
    return 0 <= inside < piece.length
