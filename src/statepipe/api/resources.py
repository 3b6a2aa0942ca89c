"""The resources of a machine, and how long they are held."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from typing import Any, TypeVar

from statepipe.graph.model import Machine
from statepipe.ports.clock import Clock
from statepipe.run.resources import Resources

Result = TypeVar("Result")


def resources_of(machine: Machine, given: Mapping[str, Any], clock: Clock) -> Resources:
    """Return the resources of a machine, none of them open.

    Raises ConfigError where a package is missing, an address cannot be read, or a class imported.
    """
    if not machine.resources:
        return Resources(given=given)
    from statepipe.api.providing import provided  # noqa: PLC0415  # only for those who pay for it

    return provided(machine, given, clock)


# -- as long as they are used --------------------------------------------------------------


@contextmanager
def in_use(stages: Sequence[Resources]) -> Iterator[None]:
    """Hold resources while a stream runs; close what was opened for it."""
    with ExitStack() as stack:
        for resources in stages:
            resources.begin_use()
            stack.callback(resources.end_use)
        yield


@asynccontextmanager
async def in_use_here(stages: Sequence[Resources]) -> AsyncIterator[None]:
    """As `in_use`, where an event loop runs that ends with the stream, or goes on."""
    async with AsyncExitStack() as stack:
        for resources in stages:
            resources.begin_use()
            stack.push_async_callback(resources.end_use_here)
        yield


async def then_close(resources: Resources, work: Awaitable[Result]) -> Result:
    """Await `work` in a loop that ends with it: what is open in the loop is closed."""
    try:
        return await work
    finally:
        await resources.close_in_loop()
