"""Why a record can fail without user code raising anything. Never leave the engines as such."""

from __future__ import annotations

from functools import cache

from statepipe import standard


class RefusalError(Exception):
    """A rule of the network refused the record; the class name is the `error_type` users see."""


class InvalidRecordError(RefusalError):
    """A validator, a pre-validator or a schema did not accept the record."""


class ResultTypeError(RefusalError):
    """A transform gave something that is no record."""


class NoOpenArcError(RefusalError):
    """No arc of a state that is no end state accepts the record."""


class UnknownTargetError(RefusalError):
    """The record asks for a next state that there is none of."""


class TransitionLimitError(RefusalError):
    """The record made more than `max_transitions` steps."""


class NestingLimitError(RefusalError):
    """The record went into more networks within one another than it may."""


class FunctionCancelledError(RefusalError):
    """What an async function waited for was cancelled, and nobody cancels the run."""


def cancelled_within(error: standard.asyncio.CancelledError) -> FunctionCancelledError:
    """Return the failure of a record whose function let out `error`.

    Raises `error` again if it is the task that is to end: the run was cancelled.
    """
    task = standard.asyncio.current_task()
    if task is None or task.cancelling():
        raise error
    text = f": {error}" if str(error) else ""
    failure = FunctionCancelledError(f"what the function waited for was cancelled{text}")
    failure.__cause__ = error
    return failure


class StateTimeoutError(RefusalError):
    """The record took longer at a state than its `timeout_s`.

    `networks`: how many networks that state is within. See `state_timeout`.
    """

    networks = 0

    def __init__(self, message: str = "the state took longer than it was given") -> None:
        super().__init__(message)


@cache
def state_timeout(networks: int) -> type[StateTimeoutError]:
    """Return the error of a limit at a state within so many networks.

    Limits around one another each have their own: a state within a network is not to catch the
    error of one around it. To users all are the one class, by name and by `isinstance`.
    """
    if not networks:
        return StateTimeoutError
    return type(StateTimeoutError.__name__, (StateTimeoutError,), {"networks": networks})


class RecordTimeoutError(RefusalError):
    """The record took longer than it was given, from its start to its end."""

    def __init__(self) -> None:
        super().__init__("the record took longer than it was given")


NEVER_CAUGHT = (TransitionLimitError, NestingLimitError, RecordTimeoutError)
"""What ends a record whatever `retry` and `catch` say: else a limit would be none."""
