"""FSMDebugger: one record at a time, blocking, with watches and things to print."""

from __future__ import annotations

from typing import Any

from statepipe.api.advanced_fsm import AdvancedFSM
from statepipe.api.context import ExecutionContext
from statepipe.api.step_result import StepResult
from statepipe.api.stepping import MAX_STEPS
from statepipe.errors import UsageError, named_type
from statepipe.record import DataHandlingMode, Record
from statepipe.short import shown as shortened

MISSING = "(not there)"


class FSMDebugger:
    """Steps a record through an `AdvancedFSM`, whose breakpoints and hooks hold here too."""

    def __init__(self, fsm: AdvancedFSM) -> None:
        if not isinstance(fsm, AdvancedFSM):
            raise UsageError(f"FSMDebugger takes an AdvancedFSM, not {named_type(fsm)}")
        self.fsm = fsm
        self.watches: dict[str, str] = {}
        self._context: ExecutionContext | None = None
        self._began: tuple[Record, DataHandlingMode | None, str | None] | None = None

    # -- going -----------------------------------------------------------------------------

    def start(
        self,
        data: Record,
        data_mode: DataHandlingMode | None = None,
        initial_state: str | None = None,
    ) -> ExecutionContext:
        """Begin with a record, which stands before its first state. Ends what was begun before."""
        context = self.fsm.create_context(data, data_mode, initial_state)
        self._leave()
        self._began = (context.get_data_snapshot(), data_mode, initial_state)
        self._context = context
        return context

    def reset(self) -> ExecutionContext:
        """Begin again with the record as it was when it was started. Watches stay."""
        if self._began is None:
            raise not_started()
        return self.start(*self._began)

    def step(self, arc_name: str | None = None) -> StepResult:
        return self.fsm.execute_step_sync(self.context, arc_name)

    def continue_to_breakpoint(self, max_steps: int = MAX_STEPS) -> StepResult | None:
        """As `AdvancedFSM.run_until_breakpoint_sync`."""
        return self.fsm.run_until_breakpoint_sync(self.context, max_steps)

    def back(self) -> StepResult:
        """Look back over a step; nothing runs."""
        return self.context.back()

    def fork(self, data: Record | None = None) -> ExecutionContext:
        """Go on from what is shown, with `data` in place of its record if given."""
        forked = self.fsm.fork(self.context, data)
        self._leave()
        self._context = forked
        return forked

    # -- looking ---------------------------------------------------------------------------

    @property
    def context(self) -> ExecutionContext:
        if self._context is None:
            raise not_started()
        return self._context

    @property
    def current_state(self) -> str | None:
        """The state that the record stands before, or is at for good; None before `start`."""
        return None if self._context is None else self._context.current_state

    @property
    def step_count(self) -> int:
        """How many steps were made and not gone back over."""
        return 0 if self._context is None else self._context.step_count

    def inspect(self, path: str = "") -> Any:  # whatever the record holds there
        """Return what the record holds at `path`, as `a.b` or `items.0`; all of it for "".

        Raises UsageError naming the part that is not there.
        """
        return value_at(self.context.data, path)

    def watch(self, name: str, path: str) -> None:
        """Let `print_watches` show, as `name`, what the record holds at `path`."""
        self.watches[name] = path

    def unwatch(self, name: str) -> None:
        if name not in self.watches:
            there_are = ", ".join(self.watches) or "none"
            raise UsageError(f"there is no watch {name!r}; there are: {there_are}")
        del self.watches[name]

    def watched(self) -> dict[str, Any]:
        """Return the value of each watch now; `(not there)` where the record has none."""
        return {
            name: value_or_missing(self.context.data, path) for name, path in self.watches.items()
        }

    def print_watches(self) -> None:
        for name, value in self.watched().items():
            print(f"{name} = {value if value is MISSING else shortened(value)}")

    def print_state(self) -> None:
        """Print where the record is, what it is, and how it came there."""
        context = self.context
        ended = "  (done)" if context.is_complete() else ""
        print(f"state: {context.current_state}{ended}")
        print(f"step:  {context.step_count}")
        print(f"path:  {' -> '.join(context.path)}")
        print(f"data:  {shortened(context.data)}")
        if context.error is not None and context.is_complete():
            print(f"error: {context.error.message}")

    def inspect_current_state(self) -> dict[str, Any]:
        """Return what `AdvancedFSM.inspect_state` does of the record's state."""
        return self.fsm.inspect_state(self.context.current_state)

    def get_history(self, limit: int | None = None) -> list[StepResult]:
        """Return the steps of the record that were made, oldest first; the last `limit` of them."""
        steps = list(self.context.steps)
        if limit is None:
            return steps
        if not isinstance(limit, int) or limit < 0:
            raise UsageError(f"limit must be a whole number of at least 0, not {limit!r}")
        return steps[len(steps) - limit :] if limit < len(steps) else steps

    def _leave(self) -> None:
        if self._context is not None:
            self.fsm.leave(self._context)


def value_at(value: Any, path: str) -> Any:  # whatever a record holds
    """Return what stands at a dotted path; UsageError names the part that is not there."""
    for part in path.split(".") if path else ():
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.lstrip("-").isdigit() and has_index(value, int(part)):
            value = value[int(part)]
        else:
            raise UsageError(f"there is no {part!r} at {path!r}; there {what_there_is(value)}")
    return value


def has_index(value: list[Any], index: int) -> bool:
    return -len(value) <= index < len(value)


def what_there_is(value: Any) -> str:  # as above
    if isinstance(value, dict):
        return f"are {', '.join(map(repr, value)) or 'no fields'}"
    if isinstance(value, list):
        return f"are {len(value)} items"
    return f"is {named_type(value)}"


def value_or_missing(record: Record, path: str) -> Any:  # as above
    try:
        return value_at(record, path)
    except UsageError:
        return MISSING


def not_started() -> UsageError:
    return UsageError("no record is being debugged; call start(data) first")
