"""ExecutionMode: what a step is, and what is kept of it."""

from __future__ import annotations

from enum import Enum

from statepipe.errors import UsageError


class ExecutionMode(Enum):
    """How an AdvancedFSM makes steps.

    STEP_BY_STEP: a step goes to the next state. BREAKPOINT: it goes on to the next breakpoint,
    if there are any. TRACE: `context.trace` grows by an entry with each step. PROFILE:
    `context.profile` tells where the time went so far. DEBUG: both, and `run_until_breakpoint`
    also stands still behind a state that has failed, though its failure was caught.
    """

    STEP_BY_STEP = "step_by_step"
    BREAKPOINT = "breakpoint"
    TRACE = "trace"
    PROFILE = "profile"
    DEBUG = "debug"

    @property
    def traces(self) -> bool:
        return self in (ExecutionMode.TRACE, ExecutionMode.DEBUG)

    @property
    def profiles(self) -> bool:
        return self in (ExecutionMode.PROFILE, ExecutionMode.DEBUG)


def check_member(name: str, value: object, kind: type[Enum]) -> None:
    """Raise UsageError unless an option is a member of `kind`: it lists these."""
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIO" else "a"
        known = ", ".join(map(str, kind))
        what = f"must be {article} {kind.__name__}, not {value!r}"
        raise UsageError(f"{name} {what}; there are {known}")
