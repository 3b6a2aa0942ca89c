"""Death: how a worker process ended, in words, and as the error of the record that ended it."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

from statepipe.errors import RecordError
from statepipe.run.in_hand import Cause, Holding


@dataclass(frozen=True, slots=True)
class Death:
    """`words` go on from "the worker process". `stage` and `path` tell where its record was."""

    words: str
    error_type: str = "WorkerDiedError"
    hint: str | None = None
    stage: int = 0
    path: tuple[str, ...] = ()

    @classmethod
    def earlier(cls) -> Death:
        """Return what is said of a record that ended its workers in a run before this one."""
        return cls("ended in an earlier run that stopped here")

    @classmethod
    def of(cls, status: int, holding: Holding) -> Death:
        """Return how a process ended, given its wait status and what it told before."""
        code = os.waitstatus_to_exitcode(status)
        stage, path = holding.stage, holding.path
        if holding.cause is Cause.TIME:
            words = "was killed: a state took longer than its timeout_s, and did not return"
            return cls(words, "StateTimeoutError", None, stage, path)
        if holding.cause is Cause.MEMORY:
            hint = "raise memory_limit_mb if the record is worth it"
            return cls("ran out of memory", hint=hint, stage=stage, path=path)
        if code < 0:
            words = f"was killed by {signal_name(-code)}"
            return cls(words, hint=HINTS.get(-code), stage=stage, path=path)
        hint = "code of the flow ended it: os._exit, sys.exit, or an error that is no Exception"
        return cls(f"ended with exit code {code}", hint=hint, stage=stage, path=path)

    def error(self, deliveries: int) -> RecordError:
        """Return the error of a record that was delivered in vain."""
        times = f", in each of {deliveries} deliveries of this record" if deliveries > 1 else ""
        return RecordError(
            f"the worker process {self.words}{times}",
            role="worker",
            error_type=self.error_type,
            state=self.path[-1] if self.path else None,
            path=self.path,
            hint=self.hint,
        )


HINTS: dict[int, str] = {
    signal.SIGKILL: "the system kills what takes too much memory; memory_limit_mb fails it earlier",
    signal.SIGSEGV: "compiled code crashed, or recursed without end",
    signal.SIGABRT: "compiled code gave up; its message is on standard error",
}


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
