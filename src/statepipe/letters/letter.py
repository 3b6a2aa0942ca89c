"""DeadLetter: one failed record with all that is known of it; to a JSON line, and back."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from statepipe.errors import Place, RecordError, Span, surroundings
from statepipe.letters.envelope import VERSION, Json, Kept, problem_with
from statepipe.record import Position
from statepipe.short import shown


class Obstacle(StrEnum):
    """Why a letter cannot be replayed."""

    NO_LETTER = "no_letter"
    OTHER_MACHINE = "other_machine"
    HEAD = "head"
    INEXACT = "inexact"
    UNKNOWN_FORMAT = "unknown_format"


REASONS = {
    Obstacle.NO_LETTER: "no dead letter",
    Obstacle.OTHER_MACHINE: "of another machine or pipeline",
    Obstacle.HEAD: "only the first bytes were kept of what could not be read as one record",
    Obstacle.INEXACT: "an iterator's record that could not be kept exactly",
    Obstacle.UNKNOWN_FORMAT: "how its source is decoded is not known",
}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One failed record. `error` knows its position, place and span, but not the record itself.

    `original` are the record's bytes as the source had them, as far as `kept` says. `format` is
    what it takes to decode them again, None where that is not known. `machines` are the names of
    all stages, `machine` the one that it failed in. `record` shows it as that one's function met
    it.
    """

    error: RecordError
    original: bytes | None
    source: str
    format: Mapping[str, Any] | None  # JSON
    machine: str
    machines: tuple[str, ...]
    config_hash: str
    attempts: int
    kept: Kept = Kept.WHOLE
    record: str | None = None

    def obstacle(self, machines: tuple[str, ...]) -> Obstacle | None:
        """Return why these machines cannot run the letter's record again, or None if they can."""
        if self.machines != machines:
            return Obstacle.OTHER_MACHINE
        if self.kept is Kept.HEAD:
            return Obstacle.HEAD
        if self.kept is Kept.INEXACT or self.original is None:
            return Obstacle.INEXACT
        return Obstacle.UNKNOWN_FORMAT if self.format is None else None

    def to_line(self) -> bytes:
        """Return the letter as a JSON line, newline included."""
        text = json.dumps(fields_of(self), ensure_ascii=False, separators=(",", ":"))
        return text.encode(errors="backslashreplace") + b"\n"


def fields_of(letter: DeadLetter) -> Json:
    """Return the letter as `envelope.SCHEMA` has it."""
    error = letter.error
    position: Position | None = error.position
    return {
        "version": VERSION,
        **original_fields(letter.original),
        "kept": letter.kept.value,
        "source": letter.source,
        "format": None if letter.format is None else dict(letter.format),
        "position": {
            "record": position.index if position else None,
            "line": position.line if position else None,
            "offset": position.offset if position else None,
        },
        "machine": letter.machine,
        "machines": list(letter.machines),
        "path": list(error.path),
        "state": error.state,
        "arc": error.arc,
        "role": error.role,
        "error_type": error.error_type,
        "message": error.message,
        "hint": error.hint,
        "notes": list(error.notes),
        "place": str(error.place) if error.place else None,
        "span": None if error.span is None else span_fields(error.span),
        "record": letter.record,
        "config_hash": letter.config_hash,
        "attempts": letter.attempts,
    }


def original_fields(original: bytes | None) -> dict[str, str | None]:
    """Return `original`, or `original_base64` where the bytes are not UTF-8."""
    if original is None:
        return {"original": None}
    try:
        return {"original": original.decode()}
    except UnicodeDecodeError:
        return {"original_base64": b64encode(original).decode()}


def span_fields(span: Span) -> Json:
    near = surroundings(span)
    return {"line": span.place.line, "text": near.text, "start": near.start, "end": near.end}


def shown_record(error: RecordError) -> str | None:
    """Return the record as the failing function met it, shortened."""
    return None if error.record is None else shown(error.record)


# -- from a line ---------------------------------------------------------------------------


class NoLetterError(ValueError):
    """A line is no dead letter; the message says why."""


def letter_in(line: bytes) -> DeadLetter:
    """Return the letter of a JSON line; raises NoLetterError."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise NoLetterError(f"it is no JSON ({exc})") from exc
    problem = problem_with(fields)
    if problem is not None:
        raise NoLetterError(problem)
    try:
        original = original_of(fields)
    except ValueError as exc:
        raise NoLetterError(f"its original cannot be read: {exc}") from exc
    return DeadLetter(
        error_of(fields),
        original,
        fields["source"],
        fields["format"],
        fields["machine"],
        tuple(fields["machines"]),
        fields["config_hash"],
        fields["attempts"],
        Kept(fields["kept"]),
        fields["record"],
    )


def original_of(fields: Json) -> bytes | None:
    """Return the bytes of `original` or `original_base64`; raises ValueError."""
    if "original_base64" in fields:
        return b64decode(fields["original_base64"], validate=True)
    text: str | None = fields["original"]
    return None if text is None else text.encode()


def error_of(fields: Json) -> RecordError:
    """Return the error of a checked envelope; its place is text, as files may have changed."""
    line = fields["span"] and fields["span"]["line"]
    place = Place(keys=fields["place"], line=line) if fields["place"] else None
    return RecordError(
        fields["message"],
        role=fields["role"],
        error_type=fields["error_type"],
        state=fields["state"],
        arc=fields["arc"],
        path=tuple(fields["path"]),
        position=position_of(fields["position"]),
        place=place,
        span=fields["span"] and span_of(fields["span"], place or Place(line=line)),
        hint=fields["hint"],
        notes=tuple(fields["notes"]),
    )


def position_of(fields: Json) -> Position | None:
    if fields["record"] is None:
        return None
    return Position(fields["record"], fields["offset"], fields["line"])


def span_of(fields: Json, place: Place) -> Span:
    return Span(place, fields["text"], fields["start"], fields["end"])
