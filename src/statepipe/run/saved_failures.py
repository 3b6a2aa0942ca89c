"""Failures as a checkpoint keeps them: the errors that a result tells of, as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from statepipe.errors import Place, RecordError, Span, portable
from statepipe.record import Position


def failure_document(error: RecordError) -> bytes:
    """Return an error as JSON; what is no JSON value in its record becomes text."""
    fields = {
        "message": error.message,
        "role": error.role,
        "error_type": error.error_type,
        "state": error.state,
        "arc": error.arc,
        "path": list(error.path),
        "notes": list(error.notes),
        "hint": error.hint,
        "record": None if error.record is None else portable(error.record),
        "position": asdict(error.position) if error.position is not None else None,
        "place": asdict(error.place) if error.place is not None else None,
        "span": asdict(error.span) if error.span is not None else None,
    }
    return json.dumps(fields, default=repr).encode()


def failure_of_document(document: bytes) -> RecordError:
    """Return the error that `failure_document` wrote down."""
    fields: dict[str, Any] = json.loads(document)  # as above
    message, span = fields.pop("message"), fields.pop("span")
    position, place = fields.pop("position"), fields.pop("place")
    path, notes = tuple(fields.pop("path")), tuple(fields.pop("notes", ()))
    if span is not None:
        span = Span(Place(**span.pop("place")), **span)
    return RecordError(
        message,
        path=path,
        notes=notes,
        position=Position(**position) if position is not None else None,
        place=Place(**place) if place is not None else None,
        span=span,
        **fields,
    )
