"""SimpleFSM: records, lists and streams through a machine, blocking."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from statepipe.api import at_first_use, single
from statepipe.api.assemble import Core, Functions
from statepipe.api.machine import ConfiguredMachine
from statepipe.api.request import Request
from statepipe.api.resources import then_close
from statepipe.api.results import ProcessResult, ValidationResult
from statepipe.api.stages import Streaming
from statepipe.config.load import Config
from statepipe.record import Record
from statepipe.run.awaiting import is_async
from statepipe.run.own_loop import run_in_own_loop
from statepipe.run.progress import Progress, StreamResult

if TYPE_CHECKING:
    from statepipe.api.explanation import Explanation

__all__ = [
    "Pipeline",
    "SimpleFSM",
    "batch_process",
    "create_fsm",
    "process_file",
    "validate_data",
]


Result = TypeVar("Result")


class BlockingStreaming(Streaming[StreamResult]):
    """What streams in the caller's thread; in a loop of its own where something is async."""

    def _stream(self, request: Request) -> StreamResult:
        return at_first_use.moving.moved(self._stages, request)

    def __or__(self, other: BlockingStreaming) -> Pipeline:
        """Return a pipeline: what this one emits enters `other`, as through a file."""
        if not isinstance(other, BlockingStreaming):
            return NotImplemented
        return Pipeline(self._stages + other._stages)


class SimpleFSM(ConfiguredMachine, BlockingStreaming):
    """A machine that works in the caller's thread."""

    def process(
        self, data: Record, initial_state: str | None = None, timeout: float | None = None
    ) -> ProcessResult:
        """Run one record from the start, or from `initial_state`, for `timeout` seconds at most.

        A failing record is a result with `success` False, not an exception.
        """
        if not self._core.plan.is_async:
            return single.process(self._core, data, initial_state, timeout)
        return self._in_own_loop(single.process_async(self._core, data, initial_state, timeout))

    def process_batch(
        self,
        data: Sequence[Record],
        batch_size: int = 10,
        max_workers: int = 4,
        on_progress: Callable[[Progress], Any] | None = None,
    ) -> list[ProcessResult]:
        """Run a list; results stand in its order.

        Functions that statepipe cannot see into run in up to `max_workers` threads, so that
        those that wait do not wait for each other. `on_progress` is called after each batch.
        """
        if not self._core.plan.is_async and not is_async(on_progress):
            return single.process_batch(self._core, data, batch_size, max_workers, on_progress)
        return self._in_own_loop(
            single.process_batch_async(self._core, data, batch_size, max_workers, on_progress)
        )

    def validate(self, data: Record) -> ValidationResult:
        """Say whether the start state accepts `data`: its schema, validators and transforms."""
        if not self._core.plan.is_async:
            return single.validate(self._core, data)
        return self._in_own_loop(single.validate_async(self._core, data))

    def why(
        self,
        data: Record,
        initial_state: str | None = None,
        timeout: float | None = None,
        limit: int | None = single.EXPLAINED_STEPS,
    ) -> Explanation:
        """Run one record as `process` does, and explain its way: what was tried, and why.

        `data` is never changed. Of more than `limit` steps, the first and the last are kept.
        """
        if not self._core.plan.is_async:
            return at_first_use.explaining.why(self._core, data, initial_state, timeout, limit)
        return self._in_own_loop(
            at_first_use.explaining.why_async(self._core, data, initial_state, timeout, limit)
        )

    def _in_own_loop(self, work: Coroutine[Any, Any, Result]) -> Result:
        return run_in_own_loop(lambda: then_close(self._core.resources, work))


class Pipeline(BlockingStreaming):
    """Several machines, one behind the other. Made with `|`."""

    def __init__(self, stages: tuple[Core, ...]) -> None:
        self._stages = stages


def create_fsm(
    config: Config,
    custom_functions: Functions | None = None,
    **options: Any,  # the other parameters of SimpleFSM
) -> SimpleFSM:
    """Return a `SimpleFSM`."""
    return SimpleFSM(config, custom_functions=custom_functions, **options)


def process_file(
    config: Config,
    source: Any,  # as in `process_stream`
    sink: Any = None,  # as in `process_stream`
    **options: Any,  # of `process_stream`
) -> StreamResult:
    """Run a file through a machine made for it; as `SimpleFSM(config).process_stream(...)`."""
    with SimpleFSM(config) as fsm:
        return fsm.process_stream(source, sink, **options)


def batch_process(
    config: Config,
    data: Sequence[Record],
    batch_size: int = 10,
    max_workers: int = 4,
) -> list[ProcessResult]:
    """Run a list through a machine made for it; results stand in its order."""
    with SimpleFSM(config) as fsm:
        return fsm.process_batch(data, batch_size, max_workers)


def validate_data(config: Config, data: Record) -> ValidationResult:
    """Say whether the start state of a machine accepts `data`."""
    with SimpleFSM(config) as fsm:
        return fsm.validate(data)
