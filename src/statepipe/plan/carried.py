"""Carried: exceptions on their way through generators, which a bare StopIteration cannot pass."""

from __future__ import annotations

from statepipe.errors import RecordError


class FailedError(Exception):
    """Carries the error of a record that no retry and no catch has helped."""

    def __init__(self, error: RecordError) -> None:
        super().__init__()
        self.error = error


class CallFailedError(Exception):
    """Carries what user code raised."""


def cause_of(raised: Exception) -> Exception:
    """Return what user code raised, given what came out of the generators. Source: PEP 479."""
    cause = raised.__cause__
    carried = isinstance(raised, CallFailedError)
    if carried or (isinstance(raised, RuntimeError) and isinstance(cause, StopIteration)):
        assert isinstance(cause, Exception)
        return cause
    return raised
