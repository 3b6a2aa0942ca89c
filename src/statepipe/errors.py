"""Every error that statepipe raises on purpose, sorted by who must act."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a config.

    `file`, `line` and `column` (both from 1) are known for config files; `keys` is the
    path of keys from the top, as in `networks[0].states[1].name`, and is always known.
    """

    keys: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        if self.file is None:
            return self.keys or "config"
        parts = [self.file, self.line, self.column]
        return ":".join(str(part) for part in parts if part is not None)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of one line of the author's text: what a message underlines with carets.

    `text` is the whole line; `start` and `end` count characters of it from 0, end excluded.
    `place` is where the piece begins.
    """

    place: Place
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a config: where, what, and what to do about it."""

    place: Place
    message: str
    advice: str | None = None
    span: Span | None = None

    def __str__(self) -> str:
        lines = [f"{self.place}: {self.message}"]
        if self.span is not None:
            lines += underline(self.span)
        if self.advice:
            lines.append(f"    help: {self.advice}")
        return "\n".join(lines)


def underline(span: Span) -> list[str]:
    """Return the source line of `span` and a line of carets below it, both with a gutter."""
    number = str(span.place.line or "")
    gutter = " " * len(number)
    lead = "".join("\t" if char == "\t" else " " for char in span.text[: span.start])
    carets = "^" * max(1, span.end - span.start)
    return [f"    {number} | {span.text}", f"    {gutter} | {lead}{carets}"]


class StatepipeError(Exception):
    """Root of every error that statepipe raises on purpose."""


class ConfigError(StatepipeError):
    """The config's author must act; raised before any record moves, with all problems at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        count = len(self.problems)
        title = "1 problem in the config" if count == 1 else f"{count} problems in the config"
        super().__init__("\n".join([f"{title}:", *map(str, self.problems)]))


class UsageError(StatepipeError, ValueError):
    """The caller must act: an option or argument is out of range or does not fit another."""


class StreamError(StatepipeError):
    """The operator must act: a source, a sink or a store broke.

    `result` holds the counts of what was done before (a `StreamResult`), where there are any.
    `last_checkpoint` is the record index that a checkpoint holds, or None without one.
    """

    def __init__(self, message: str, *, last_checkpoint: int | None = None) -> None:
        super().__init__(message)
        self.last_checkpoint = last_checkpoint
        self.result: Any = None  # a run.progress.StreamResult; errors stand below that layer


class SourceError(StreamError):
    """A source cannot be opened or read."""


class SinkError(StreamError):
    """A sink cannot be opened, written or put in place."""


class RecordError(StatepipeError):
    """The data's owner must act: one record failed; the stream goes on.

    `role` says what failed: `schema`, `pre_validator`, `transform`, `validator`, `condition`,
    `arc transform`, `arcs` (no arc accepts the record), `transitions` (too many steps),
    `read` (malformed input) or `write` (a value that the sink's format cannot hold).
    `path` holds the states so far, in order, the failing one last. `span` is the failing
    piece of inline code. `record` is the record as the failing function met it.
    """

    def __init__(
        self,
        message: str,
        *,
        role: str,
        error_type: str,
        state: str | None = None,
        arc: str | None = None,
        path: tuple[str, ...] = (),
        position: Any = None,  # a record.Position; that module stands beside this one
        record: Mapping[str, Any] | None = None,
        place: Place | None = None,
        span: Span | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.role = role
        self.error_type = error_type
        self.state = state
        self.arc = arc
        self.path = path
        self.position = position
        self.record = record
        self.place = place
        self.span = span
        self.hint = hint
