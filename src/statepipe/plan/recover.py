"""Recovering: which errors a state handles, how long it waits, and its record as it entered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from statepipe.errors import RecordError
from statepipe.functions.view import Caught
from statepipe.graph.model import Retry
from statepipe.plan.model import PlannedCatch, Recovery
from statepipe.plan.refusals import NEVER_CAUGHT, StateTimeoutError
from statepipe.record import Record

ALL = "*"


def may_recover(error: BaseException, networks: int = 0) -> bool:
    """Tell whether `retry` and `catch` of a state within so many networks hear of an error.

    Of all but a record's own limits, and the limit of a state around: that one's time is over.
    """
    if isinstance(error, StateTimeoutError) and error.networks < networks:
        return False
    return not isinstance(error, NEVER_CAUGHT)


def fits(errors: frozenset[str], error: BaseException) -> bool:
    """Tell whether `errors` names the error's class or one that it is made from."""
    return ALL in errors or any(kind.__name__ in errors for kind in type(error).__mro__)


def retries(retry: Retry | None, attempts: int, error: BaseException) -> bool:
    """Tell whether a state is run again after `attempts`, the last of which gave `error`."""
    return retry is not None and attempts < retry.max_attempts and fits(retry.errors, error)


def delay_s(retry: Retry, attempts: int) -> float:
    """Return the wait after attempt number `attempts`, jitter aside."""
    try:
        return min(retry.max_backoff_s, retry.backoff_s * retry.backoff_rate ** (attempts - 1))
    except OverflowError:
        return retry.max_backoff_s if retry.backoff_s else 0.0


def first_catch(recovery: Recovery, error: BaseException) -> PlannedCatch | None:
    """Return the clause that catches `error`: the first that fits, as written."""
    return next((clause for clause in recovery.catches if fits(clause.errors, error)), None)


def caught(error: RecordError) -> Caught:
    """Return what functions may read of an error."""
    return {"type": error.error_type, "message": error.message, "state": error.state or ""}


def earlier(caught: Caught) -> str:
    return f"caught before, at state {caught['state']!r}: {caught['message']}"


class Kept:
    """A record as it was: each dict and list in it with what it held.

    `restore` puts that back into the very same objects, so that whoever shares them sees it.
    What is neither is not looked into.
    """

    __slots__ = ("_record", "_undo")

    def __init__(self, record: Record) -> None:
        self._record = record
        self._undo: list[Callable[[], None]] = []
        seen: set[int] = set()
        waiting: list[Any] = [record]
        while waiting:
            value = waiting.pop()
            if not isinstance(value, dict | list) or id(value) in seen:
                continue
            seen.add(id(value))
            if isinstance(value, dict):
                self._keep_dict(value)
                waiting += value.values()
            else:
                self._keep_list(value)
                waiting += value

    def _keep_dict(self, value: dict[Any, Any]) -> None:
        held = dict(value)

        def undo() -> None:
            value.clear()
            value.update(held)

        self._undo.append(undo)

    def _keep_list(self, value: list[Any]) -> None:
        held = list(value)

        def undo() -> None:
            value[:] = held

        self._undo.append(undo)

    def restore(self) -> Record:
        """Return the record, as it was."""
        for undo in self._undo:
            undo()
        return self._record


def restored(kept: Record | Kept) -> Record:
    """Return the record that entered a state, from what was kept of it."""
    return kept.restore() if isinstance(kept, Kept) else kept
