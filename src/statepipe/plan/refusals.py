"""Why a record can fail without user code raising anything. Never leave the engines as such."""

from __future__ import annotations


class RefusalError(Exception):
    """A rule of the network refused the record; the class name is the `error_type` users see."""


class InvalidRecordError(RefusalError):
    """A validator, a pre-validator or a schema did not accept the record."""


class ResultTypeError(RefusalError):
    """A transform gave something that is no record."""


class NoOpenArcError(RefusalError):
    """No arc of a state that is no end state accepts the record."""


class TransitionLimitError(RefusalError):
    """The record made more than `max_transitions` steps."""
