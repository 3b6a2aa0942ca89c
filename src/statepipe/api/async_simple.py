"""AsyncSimpleFSM: records, lists and streams through a machine, in an event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from statepipe.api import at_first_use, single
from statepipe.api.assemble import Core, Functions
from statepipe.api.machine import ConfiguredMachine
from statepipe.api.request import Request
from statepipe.api.results import ProcessResult, ValidationResult
from statepipe.api.stages import Streaming
from statepipe.config.load import Config
from statepipe.record import Record
from statepipe.run.progress import Progress, StreamResult

if TYPE_CHECKING:
    from statepipe.api.explanation import Explanation

__all__ = ["AsyncPipeline", "AsyncSimpleFSM", "create_async_fsm"]


class AsyncStreaming(Streaming[Awaitable[StreamResult]]):
    """What streams in the running event loop: `process_stream` is to be awaited."""

    async def _stream(self, request: Request) -> StreamResult:
        return await at_first_use.moving.moved_in_loop(self._stages, request)

    def __or__(self, other: AsyncStreaming) -> AsyncPipeline:
        """Return a pipeline: what this one emits enters `other`, as through a file."""
        if not isinstance(other, AsyncStreaming):
            return NotImplemented
        return AsyncPipeline(self._stages + other._stages)


class AsyncSimpleFSM(ConfiguredMachine, AsyncStreaming):
    """A machine that works in the running event loop."""

    async def process(
        self,
        data: Record,
        initial_state: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # also ends code that never awaits
    ) -> ProcessResult:
        """Run one record from the start, or from `initial_state`, for `timeout` seconds at most.

        A failing record is a result with `success` False, not an exception.
        """
        return await single.process_async(self._core, data, initial_state, timeout)

    async def process_batch(
        self,
        data: Sequence[Record],
        batch_size: int = 10,
        max_workers: int = 4,
        on_progress: Callable[[Progress], Any] | None = None,
    ) -> list[ProcessResult]:
        """Run a list; results stand in its order. Async functions run `max_workers` at a time.

        `on_progress` is called after each batch of `batch_size`, and may be async.
        """
        return await single.process_batch_async(
            self._core, data, batch_size, max_workers, on_progress
        )

    async def validate(self, data: Record) -> ValidationResult:
        """Say whether the start state accepts `data`: its schema, validators and transforms."""
        return await single.validate_async(self._core, data)

    async def why(
        self,
        data: Record,
        initial_state: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # also ends code that never awaits
        limit: int | None = single.EXPLAINED_STEPS,
    ) -> Explanation:
        """Run one record as `process` does, and explain its way: what was tried, and why.

        `data` is never changed. Of more than `limit` steps, the first and the last are kept.
        """
        return await at_first_use.explaining.why_async(
            self._core, data, initial_state, timeout, limit
        )


class AsyncPipeline(AsyncStreaming):
    """Several machines, one behind the other. Made with `|`."""

    def __init__(self, stages: tuple[Core, ...]) -> None:
        self._stages = stages


def create_async_fsm(
    config: Config,
    custom_functions: Functions | None = None,
    **options: Any,  # the other parameters of AsyncSimpleFSM
) -> AsyncSimpleFSM:
    """Return an `AsyncSimpleFSM`."""
    return AsyncSimpleFSM(config, custom_functions=custom_functions, **options)
