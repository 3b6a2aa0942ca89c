"""Providers: the protocols between resources, whoever opens them, and the functions they serve."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeAlias

Names: TypeAlias = "tuple[str, ...] | None"
"""Resources by name; None for all there are."""


class OpenResource(Protocol):
    """A resource that is open in this process."""

    def handle(self, *, awaits: bool) -> Any:  # whatever the resource offers to functions
        """Return what functions get; what async functions get, if `awaits`."""

    def close(self) -> None:
        """Let go of everything. Called once."""


class LoopResource(Protocol):
    """A resource that is open in one event loop, for async functions."""

    async def ready(self) -> None:
        """Open, or look after, what has to be awaited. Called where a state names the resource."""

    def handle(self) -> Any:  # as above
        """Return what async functions get. Raises ResourceError if it is not ready."""

    async def close(self) -> None:
        """Let go of everything. Called once, in the same loop."""


class Provider(Protocol):
    """Opens one resource, and keeps nothing open itself: every process opens its own.

    `waits`: what functions get may wait for the outside, and must not be used in an event loop.
    `slow`: opening may wait as well.
    """

    @property
    def waits(self) -> bool: ...

    @property
    def slow(self) -> bool: ...

    def open(self) -> OpenResource:
        """Raises ResourceError."""

    def open_in_loop(self) -> LoopResource | None:
        """Return what async functions get in the running loop; None if `open` serves them too."""


class ResourceSet(Protocol):
    """The resources of a machine, as a plan sees them."""

    def seen(self, names: Names, by: str, *, awaits: bool) -> Mapping[str, Any]:
        """Return a mapping of those that `by` sees, each opened when it is first taken."""

    def waits(self, names: Names) -> bool:
        """Tell whether one of them may wait for the outside."""

    def acquire(self, names: tuple[str, ...]) -> bool:
        """Open those that are not open; True. Raises ResourceError."""

    async def acquire_in_loop(self, names: tuple[str, ...]) -> bool:
        """As `acquire`, for async functions too."""

    def aside(self, call: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        """Return `call` as an async function, which makes it in a thread."""

    def hide(self, text: str) -> str:
        """Return `text` with every secret of the resources struck out."""


class Holder(Protocol):
    """What is held open while a stream or a worker uses it."""

    def close(self) -> None:
        """Close what is open in this process. Safe to call more than once."""

    async def aclose(self) -> None:
        """As `close`, and close what is open in the running loop."""
