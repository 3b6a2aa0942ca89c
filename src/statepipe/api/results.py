"""Results: what became of one record, and of a check of one, as attributes and as mappings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from statepipe.errors import RecordError
from statepipe.record import Outcome, Record


@dataclass(frozen=True, slots=True)
class ProcessResult(Mapping[str, Any]):
    """What became of one record.

    `final_state` is the end state, or the state at which the record failed; `path` are the
    states in order. `error` is one line, and `record_error` all that is known of the failure:
    printed, it shows the place in the config. All of the error fields are None on success.
    `metadata` holds the machine's name and network, and the number of `transitions`.
    """

    final_state: str
    data: Record
    path: list[str]
    success: bool
    error: str | None = None
    error_type: str | None = None
    error_state: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    record_error: RecordError | None = None

    def __getitem__(self, key: str) -> Any:  # as different as the fields are
        if key in PROCESS_FIELDS:
            return getattr(self, key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(PROCESS_FIELDS)

    def __len__(self) -> int:
        return len(PROCESS_FIELDS)


PROCESS_FIELDS = tuple(item.name for item in fields(ProcessResult))


def result_of(outcome: Outcome, metadata: Mapping[str, Any]) -> ProcessResult:
    """Return an outcome as users see it."""
    error = outcome.error
    return ProcessResult(
        final_state=outcome.final_state,
        data=outcome.data,
        path=list(outcome.path),
        success=error is None,
        error=error.message if error else None,
        error_type=error.error_type if error else None,
        error_state=error.state if error else None,
        metadata={**metadata, "transitions": max(0, len(outcome.path) - 1)},
        record_error=error,
    )


@dataclass(frozen=True, slots=True)
class ValidationResult(Mapping[str, Any]):
    """Whether the start state accepts a record: true or false as a bool, and why not."""

    valid: bool
    errors: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.valid

    def __getitem__(self, key: str) -> Any:  # a bool or a list
        if key == "valid":
            return self.valid
        if key == "errors":
            return self.errors
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(("valid", "errors"))

    def __len__(self) -> int:
        return 2
