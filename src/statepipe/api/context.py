"""ExecutionContext: one record on its way, step by step, with what it has been."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any

from statepipe.api.assemble import checked_record
from statepipe.api.step_result import StepResult
from statepipe.api.tracing import Profile, trace_entries
from statepipe.errors import RecordError, UsageError
from statepipe.functions.view import StateView
from statepipe.plan.journal import snapshot
from statepipe.plan.stepping import MOVES_KEPT, Stepper, Stop
from statepipe.record import Record


class ExecutionContext:
    """A record that stands before a state, or is done. Made by `AdvancedFSM.create_context`.

    It may be looked back from: `back` shows the record as it stood before the step, `forward` as
    it stood after; neither runs anything. A step that is made while looking back is shown again,
    until all have been: then the record goes on. `AdvancedFSM.fork` makes another context that
    goes on from what is shown, with what was changed of it meanwhile.

    `variables` are the caller's own; hooks and conditions of breakpoints find them in their
    context. `steps` are those that were made, the last 1000 of them. `trace` and `profile` are
    there as `ExecutionMode` tells.
    """

    def __init__(self, stepper: Stepper, key: int, *, traces: bool, profiles: bool) -> None:
        self.stepper = stepper
        self.key = key
        self.variables: dict[str, Any] = {}
        self.steps: deque[StepResult] = deque(maxlen=MOVES_KEPT)
        self.failed_states: list[str] = []
        self.trace: list[dict[str, Any]] | None = [] if traces else None
        self._profile = Profile() if profiles else None
        self._looking_back = 0
        self._shown_data: Record = {}

    # -- what it is ------------------------------------------------------------------------

    @property
    def data(self) -> Record:
        """The record, which may be changed before the next step.

        Looking back, it is the caller's own: what is changed of it is for a fork.
        """
        return self.stepper.record if self.shown is None else self._shown_data

    @data.setter
    def data(self, record: Record) -> None:
        if self.shown is not None:
            self._shown_data = checked_record(record)
        else:
            self.stepper.record = checked_record(record)

    @property
    def current_state(self) -> str:
        """The state that the record stands before, or has ended or failed at."""
        shown = self.shown
        return self.stepper.state if shown is None else shown.from_state

    @property
    def path(self) -> list[str]:
        """The states that it has been in, in order, `current_state` at last."""
        shown = self.shown
        if shown is None:
            return list(self.stepper.path)
        return [*shown.moves[0].before.path, shown.from_state]

    @property
    def error(self) -> RecordError | None:
        """Why the record has failed for good; None if it has not."""
        outcome = self.stepper.outcome
        return None if outcome is None else outcome.error

    @property
    def profile(self) -> dict[str, Any] | None:
        """Where the time of the steps so far went; None where nothing is kept of it."""
        if self._profile is None:
            return None
        error = None if self.error is None else self.error.message
        return self._profile.report(self.stepper.state, snapshot(self.stepper.record), error)

    def is_complete(self) -> bool:
        """Tell whether nothing is left to do: the record has ended, or failed for good."""
        return self.stepper.outcome is not None and self.shown is None

    def get_current_state(self) -> str:
        return self.current_state

    def get_current_state_instance(self) -> StateView:
        """Return the record as a function of one parameter would get it at its state."""
        return StateView(
            self.data,
            self.current_state,
            self.stepper.plan.resources,
            caught=self.stepper.caught,
        )

    def get_data_snapshot(self) -> Record:
        """Return a copy of the record."""
        return snapshot(self.data)

    @property
    def step_count(self) -> int:
        """How many steps were made, and not gone back over."""
        return self.stepper.steps_made - self._looking_back

    # -- looking back ----------------------------------------------------------------------

    @property
    def shown(self) -> StepResult | None:
        """The step that is shown again next; None where the record stands as it is."""
        return self.steps[-self._looking_back] if self._looking_back else None

    def back(self) -> StepResult:
        """Go back over a step, which is returned. Nothing runs."""
        if self._looking_back == len(self.steps):
            kept = f"; the last {MOVES_KEPT} are kept" if len(self.steps) == MOVES_KEPT else ""
            raise UsageError(f"there is no earlier step{kept}")
        return self._look_back(self._looking_back + 1)

    def forward(self) -> StepResult:
        """Go on over a step that was gone back over, which is returned. Nothing runs."""
        shown = self.shown
        if shown is None:
            raise UsageError("there is no later step to show; make one")
        if self._shown_data != shown.moves[0].before.record:
            raise UsageError("what was cannot be changed; fork it to go on with another record")
        self._look_back(self._looking_back - 1)
        return replace(shown, recorded=True)

    def _look_back(self, count: int) -> StepResult:
        self._looking_back = count
        shown = self.steps[-max(count, 1)]
        self._shown_data = snapshot(shown.moves[0].before.record)
        return replace(shown, recorded=True)

    def stop(self) -> Stop:
        """Return where what is shown stands, for a fork."""
        shown = self.shown
        if shown is not None:
            return shown.moves[0].before
        if self.stepper.outcome is not None:
            raise UsageError("the record is done; go `back` to where it is to go on from")
        if self.stepper.is_ready or self.stepper.began_at is None:
            return self.stepper.stop()
        return self.stepper.began_at

    # -- by the machine --------------------------------------------------------------------

    def note(self, result: StepResult) -> None:
        """Keep a step that was made."""
        if self.trace is not None:
            self.trace += trace_entries(result)
        if self._profile is not None:
            self._profile.add(result)
        self.steps.append(result)
        seen = [*self.failed_states, *result.failed_states]
        self.failed_states[:] = dict.fromkeys(seen)
