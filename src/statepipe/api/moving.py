"""Moving: carries out one stream, blocking or in the running event loop."""

from __future__ import annotations

from collections.abc import Sequence

from statepipe.api.assemble import Core
from statepipe.api.request import Request
from statepipe.api.resources import in_use, in_use_here
from statepipe.api.streaming import Assembly
from statepipe.interruption import interruptible, sheltered
from statepipe.run.async_driver import run_stream
from statepipe.run.bell import LoopBell, ThreadBell
from statepipe.run.blocking_driver import run_blocking
from statepipe.run.own_loop import run_in_own_loop
from statepipe.run.progress import StreamResult
from statepipe.run.stream import Stream


def moved(stages: Sequence[Core], request: Request) -> StreamResult:
    """Run a stream to its end in this thread; in a loop of its own where something is async."""
    return run_assembly(Assembly(stages, request))


async def moved_in_loop(stages: Sequence[Core], request: Request) -> StreamResult:
    """Run a stream to its end in the running loop."""
    assembly = Assembly(stages, request)
    async with in_use_here([stage.resources for stage in stages]):
        return await run_stream(assembly.parts(LoopBell()))


@sheltered
def run_assembly(assembly: Assembly) -> StreamResult:
    """Run what was assembled to its end, as `moved` does."""
    resources = [stage.resources for stage in assembly.stages]
    if not assembly.needs_loop:
        bell = ThreadBell()
        with interruptible(bell.interruption), in_use(resources):
            return run_blocking(Stream(assembly.parts(bell)).run())

    async def run() -> StreamResult:
        async with in_use_here(resources):
            return await run_stream(assembly.parts(LoopBell()))

    return run_in_own_loop(run)
