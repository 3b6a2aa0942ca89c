"""Every error that statepipe raises on purpose, sorted by who must act."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from statepipe.short import FEW, RECORD_ROOM, Words, shown


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a config.

    `file`, `line` and `column` (both from 1) are known for config files; `keys` is the
    path of keys from the top, as in `networks[0].states[1].name`, and is always known.
    `built` is the line of Python that built the part, as in `orders.py:12`, where a builder did.
    """

    keys: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None
    built: str | None = None

    def __str__(self) -> str:
        if self.file is None:
            keys = self.keys or "config"
            return f"{self.built} ({keys})" if self.built else keys
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
    """Return the source line of `span` and a line of carets below it, both with a gutter.

    Of a very long line, only the part around the span: thousands of problems may stand in it.
    """
    number = str(span.place.line or "")
    gutter = " " * len(number)
    near = surroundings(span)
    lead = "".join(
        "\t" if char == "\t" else " " * columns(char) for char in near.text[: near.start]
    )
    carets = "^" * max(1, sum(map(columns, near.text[near.start : near.end])))
    return [f"    {number} | {near.text}", f"    {gutter} | {lead}{carets}"]


def columns(char: str) -> int:
    """Return how many columns of a terminal a character takes: Chinese ones take two."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def surroundings(span: Span) -> Span:
    """Return `span` with only the part of a very long line that is around it."""
    if len(span.text) <= LONG_LINE:
        return span
    first = max(0, span.start - AROUND)
    end = min(span.end, span.start + AROUND)
    return Span(span.place, span.text[first : end + AROUND], span.start - first, end - first)


LONG_LINE = 1000
AROUND = 200  # characters shown before and after what is underlined in a longer line


class StatepipeError(Exception):
    """Root of every error that statepipe raises on purpose."""


class ConfigError(StatepipeError):
    """The config's author must act; raised before any record moves, with all problems at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        count = len(self.problems)
        title = "1 problem in the config" if count == 1 else f"{count} problems in the config"
        super().__init__("\n".join([f"{title}:", *map(str, self.problems)]))

    def __reduce__(self) -> tuple[Any, ...]:
        return ConfigError, (self.problems,)


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


class StreamTimeoutError(StreamError, TimeoutError):
    """The stream took longer than it was given."""


class SourceError(StreamError):
    """A source cannot be opened or read."""


class SinkError(StreamError):
    """A sink cannot be opened, written or put in place."""


class CheckpointError(StreamError):
    """A checkpoint cannot be used: another process has it, or what it holds is damaged."""


class HistoryError(StatepipeError):
    """The operator must act: a history of steps cannot be kept, or what is kept is damaged."""


class ResourceError(StatepipeError):
    """A resource cannot be had, or refused what was asked of it. The record that asked fails.

    `resource` is its name. Holds no cause: what broke below may know addresses and passwords.
    """

    def __init__(self, resource: str, message: str) -> None:
        super().__init__(f"resource {resource!r}: {message}")
        self.resource = resource
        self.reason = message

    def __str__(self) -> str:
        return str(self.args[0])  # that of KeyError would put quotes around it

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.resource, self.reason)


class ResourceTimeoutError(ResourceError, TimeoutError):
    """A resource was not free, or did not answer, within its `timeout_s`."""


class UnknownResourceError(ResourceError, KeyError):
    """There is no resource of that name, or the state does not see it."""


class LifecycleError(StreamError):
    """A function of the author's could not be set up before a run, or torn down after it."""


class RecordError(StatepipeError):
    """The data's owner must act: one record failed; the stream goes on.

    `role` says what failed: `resources` (one could not be opened), `schema`, `pre_validator`,
    `transform`, `validator`, `condition`, `arc transform`, `arcs` (no arc accepts the record),
    `transitions` (too many steps), `read` (malformed input), `write` (a value that the sink's
    format cannot hold), `worker` (the record ended the worker processes that ran it) or `replay`
    (a dead letter that cannot be run again).
    `path` holds the states so far, in order, the failing one last. `span` is the failing
    piece of inline code. `record` is the record as the failing function met it; pickled, what is
    no JSON value in it becomes text. `notes` tell what else belongs to it: an error that was
    caught before, and what went wrong in handling this one. `str()` gives several lines,
    `message` one.
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
        notes: tuple[str, ...] = (),
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
        self.notes = notes

    def __str__(self) -> str:
        return render_record_error(self)

    def __reduce__(self) -> tuple[Any, ...]:
        fields = dict(vars(self))
        message = fields.pop("message")
        if self.record is not None:
            fields["record"] = portable(self.record)
        return _record_error, (message, fields)


def _record_error(message: str, fields: dict[str, Any]) -> RecordError:
    return RecordError(message, **fields)


# -- a failed record, told as a compiler would -----------------------------------------------

SHOWN_STATES = 8
PORTABLE_DEPTH = 100
WORDS = {
    "arcs": "choice of an arc",
    "transitions": "taking",
    "arc transform": "transform",
    "pre_validator": "pre-validator",
}
"""Roles as they read in a sentence, where they do not read well as they are."""
JSON_SCALARS = (str, int, float, bool, type(None))


def render_record_error(error: RecordError) -> str:
    """Return `error` in several lines: place, message, source line with carets, and the facts."""
    return "\n".join(told(error, None if error.record is None else shown(error.record)))


def told(error: RecordError, record: str | None, **more: str | None) -> list[str]:
    """Return the lines of `error`, its record as it is to be shown, and `more` facts behind."""
    head = error.message if error.place is None else f"{error.place}: {error.message}"
    lines = [head]
    if error.span is not None:
        lines += underline(error.span)
    facts = {
        "where": where(error),
        "path": shown_path(error.path) if len(error.path) > 1 else None,
        "record": record,
        "position": None if error.position is None else str(error.position),
        "help": error.hint,
        **more,
    }
    width = max((len(name) for name, fact in facts.items() if fact), default=0)
    lines += [f"    {name + ':':<{width + 1}} {fact}" for name, fact in facts.items() if fact]
    return lines + [f"    {'note:':<{width + 1}} {note}" for note in error.notes]


def where(error: RecordError) -> str | None:
    """Return what failed in words, as in "condition of arc 'a->b', state 'a'"."""
    if error.state is None:
        return None
    role = WORDS.get(error.role, error.role)
    arc = f" of arc {error.arc!r}" if error.arc is not None else ""
    return f"{role}{arc}, state {error.state!r}"


def shown_path(path: tuple[str, ...]) -> str:
    """Return the states in order, the middle of a long path left out."""
    if len(path) <= SHOWN_STATES:
        return " -> ".join(path)
    left_out = len(path) - SHOWN_STATES
    half = SHOWN_STATES // 2
    return " -> ".join([*path[:half], f"({left_out} more)", *path[-half:]])


def named_type(value: object) -> str:
    """Return what `value` is, for "must be ..., not an int": its type with an article, or None."""
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeioAEIO' else 'a'} {name}"


def portable(value: Any, depth: int = PORTABLE_DEPTH, room: int = RECORD_ROOM) -> Any:
    """Return a JSON value, or user code's, so that it can be pickled, and is `shown` as before.

    What is no JSON value becomes `Words`, in as much room as it is shown in.
    """
    if type(value) in JSON_SCALARS:
        return value
    if depth and isinstance(value, dict):
        items = dict.items(value)
        return {portable(key, 0, FEW): portable(item, depth - 1, room // 2) for key, item in items}
    if depth and isinstance(value, list):
        return [portable(item, depth - 1, room // 2) for item in list.__iter__(value)]
    return Words(shown(value, room))
