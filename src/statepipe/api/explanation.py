"""Explanation: why a record went the way it did, as attributes, as mappings, as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from statepipe.api.explained import ExplainedStep
from statepipe.api.explained_text import Line, failure_lines, head_lines, step_lines
from statepipe.api.fields import Fields
from statepipe.errors import Place, RecordError, Span
from statepipe.record import Record


@dataclass(frozen=True, slots=True, eq=False)
class Explanation(Fields):
    """Why a record went the way it did. Printed, it is told in lines.

    `path`, `final_state`, `success`, `error`, `error_type`, `error_state` and `record_error` are
    as in `ProcessResult`; `record` is what was given, and `data` what became of it. `steps` are
    in order; `left_out` tells how many are missing in their middle.
    """

    record: Record
    data: Record
    final_state: str
    path: list[str]
    success: bool
    steps: tuple[ExplainedStep, ...]
    left_out: int = 0
    error: str | None = None
    error_type: str | None = None
    error_state: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    record_error: RecordError | None = None

    def __str__(self) -> str:
        return "\n".join("".join(text for _, text in line) for line in self.lines())

    def lines(self) -> Iterator[Line]:
        """Yield the lines of the text, in pieces that say how a terminal should show them."""
        yield from head_lines(self.path, self.success, self.record, self.data)
        before = 0
        for step in self.steps:
            yield []
            if self.left_out and step.number > before + 1:
                yield [("dim", f"... {self.left_out} more steps, left out")]
                yield []
            before = step.number
            yield from step_lines(step)
        if self.record_error is not None:
            yield []
            yield from failure_lines(self.record_error)

    def as_json(self) -> dict[str, Any]:
        """Return all of it in JSON's own types, errors as their messages."""
        found: dict[str, Any] = plain(self)
        return found


LEFT_OUT = frozenset(("record_error",))
"""What JSON has no use for: its facts stand beside it."""


def plain(value: Any) -> Any:  # a field of what stands above
    """Return a value in JSON's own types."""
    match value:
        case Place():
            return {"file": value.file, "line": value.line, "column": value.column}
        case Span():
            return {"line": value.place.line, "start": value.start, "end": value.end}
        case Fields():
            return {key: plain(item) for key, item in value.items() if key not in LEFT_OUT}
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
    return value
