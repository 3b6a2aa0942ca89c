"""Resources of one machine: opened when they are first taken, once in each process, and closed."""

from __future__ import annotations

import difflib
import os
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack
from typing import Any
from weakref import WeakSet

from statepipe import standard
from statepipe.errors import ResourceError, UnknownResourceError, UsageError
from statepipe.interruption import delicate
from statepipe.ports.providers import LoopResource, Names, OpenResource, Provider

NOT_NAMED = (
    "it is not open yet, and opening it may take long, which would hold up the event loop: "
    "name it in `resources` of the state"
)

_everywhere: WeakSet[Resource] = WeakSet()
_left_behind: list[object] = []
"""In a process that was forked: what its parent has open. Kept, as letting go of it would say
goodbye on connections that the parent goes on using."""


class Resource:
    """One declared resource: open or not, in this process and in each of its event loops.

    `kept`: it was opened while no stream ran, and stays open when one ends.
    """

    def __init__(self, name: str, provider: Provider) -> None:
        self.name = name
        self.provider = provider
        self.kept = False
        self._lock = threading.Lock()
        self._open: OpenResource | None = None
        self._in_loops: dict[standard.asyncio.AbstractEventLoop, LoopResource] = {}
        _everywhere.add(self)

    @property
    def is_open(self) -> bool:
        return self._open is not None

    def handle(self, *, kept: bool) -> Any:  # whatever the resource offers
        """Return what functions get, and open it for them if need be."""
        return self._opened(kept=kept).handle(awaits=False)

    def handle_in_loop(self, *, kept: bool) -> Any:  # as above
        """Return what async functions get; ResourceError if that could only be had by waiting."""
        looped = self._looped()
        if looped is not None:
            return looped.handle()
        if self._open is None and self.provider.slow:
            raise ResourceError(self.name, NOT_NAMED)
        return self._opened(kept=kept).handle(awaits=True)

    async def ready(self, *, kept: bool) -> None:
        """Open what async functions get."""
        looped = self._looped()
        if looped is not None:
            await looped.ready()
        elif self._open is None and self.provider.slow:
            await standard.asyncio.to_thread(self._opened, kept=kept)
        else:
            self._opened(kept=kept)

    @delicate
    def _opened(self, *, kept: bool) -> OpenResource:
        opened = self._open
        if opened is None:
            with self._lock:
                if self._open is None:
                    self._open = self.provider.open()
                    self.kept = kept
                opened = self._open
        return opened

    def _looped(self) -> LoopResource | None:
        loop = standard.asyncio.get_running_loop()
        found = self._in_loops.get(loop)
        if found is None:
            found = self.provider.open_in_loop()
            if found is not None:
                self._drop_ended_loops()
                self._in_loops[loop] = found
        return found

    def _drop_ended_loops(self) -> None:
        """Forget what nobody can close any more: its loop is over."""
        for loop in [loop for loop in self._in_loops if loop.is_closed()]:
            del self._in_loops[loop]

    def has_loops(self) -> bool:
        """Tell whether something is open that has to be closed by awaiting."""
        self._drop_ended_loops()
        return bool(self._in_loops)

    def close(self) -> None:
        with self._lock:
            opened, self._open = self._open, None
        if opened is not None:
            opened.close()

    async def close_in_loop(self) -> None:
        looped = self._in_loops.pop(standard.asyncio.get_running_loop(), None)
        if looped is not None:
            await looped.close()

    def leave_to_parent(self) -> None:
        """Forget, in a process that was just forked, what is open: it is the parent's."""
        _left_behind.extend([self._open, self._in_loops])
        self._lock = threading.Lock()
        self._open, self._in_loops = None, {}


def _after_fork() -> None:
    for resource in _everywhere:
        resource.leave_to_parent()


os.register_at_fork(after_in_child=_after_fork)


class Resources:
    """All resources of a machine: the declared ones, and those that the program gives.

    What is given goes first, is never opened or closed, and is shown to all functions as it is.
    """

    def __init__(
        self,
        declared: Mapping[str, Provider] | None = None,
        given: Mapping[str, Any] | None = None,
        hide: Callable[[str], str] | None = None,
    ) -> None:
        self.given: dict[str, Any] = dict(given or {})
        self._declared = {
            name: Resource(name, provider)
            for name, provider in (declared or {}).items()
            if name not in self.given
        }
        self._hide = hide
        self._users = 0
        self._users_lock = threading.Lock()

    @property
    def names(self) -> list[str]:
        return [*(name for name in self._declared if name not in self.given), *self.given]

    @property
    def declared(self) -> list[str]:
        """The names of those that are opened and closed here."""
        return list(self._declared)

    def open_names(self) -> list[str]:
        """Return the names of those that are open in this process."""
        return [name for name, resource in self._declared.items() if resource.is_open]

    def hide(self, text: str) -> str:
        return text if self._hide is None else self._hide(text)

    def seen(self, names: Names, by: str, *, awaits: bool) -> Mapping[str, Any]:
        return Seen(self, names, by, awaits=awaits)

    def waits(self, names: Names) -> bool:
        seen = self.names if names is None else names
        return any(self._declared[name].provider.waits for name in seen if self._opens(name))

    def take(self, name: str, *, awaits: bool) -> Any:  # whatever the resource offers
        """Return what functions get of the resource `name`."""
        if name in self.given:
            return self.given[name]
        resource = self._declared[name]
        kept = self._users == 0
        return resource.handle_in_loop(kept=kept) if awaits else resource.handle(kept=kept)

    def acquire(self, names: tuple[str, ...]) -> bool:
        for name in names:
            self.take(name, awaits=False)
        return True

    async def acquire_in_loop(self, names: tuple[str, ...]) -> bool:
        for name in names:
            if self._opens(name):
                await self._declared[name].ready(kept=self._users == 0)
        return True

    def _opens(self, name: str) -> bool:
        """Tell whether a resource is opened here: the program may give one at any time."""
        return name in self._declared and name not in self.given

    def aside(self, call: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        async def in_thread(*arguments: Any) -> Any:  # whatever the call takes and gives
            return await standard.asyncio.to_thread(call, *arguments)

        return in_thread

    # -- the end ---------------------------------------------------------------------------

    def begin_use(self) -> None:
        """A stream begins; what is opened from here on is closed when the last one ends."""
        with self._users_lock:
            self._users += 1

    def end_use(self) -> None:
        """A stream ends. Source: docs/semantics.md, "Resources"."""
        with self._users_lock:
            self._users -= 1
            is_last = self._users == 0
        if is_last:
            self._close([one for one in self._declared.values() if not one.kept])

    async def end_use_here(self) -> None:
        """As `end_use`, and close what is open in the running loop for the stream."""
        await self.close_in_loop()
        await self._aside_if_open(self.end_use)

    def close_here(self) -> None:
        """Close what is open in this process, as far as nothing has to be awaited."""
        self._close(list(self._declared.values()))

    def close(self) -> None:
        """Close what is open in this process. Safe to call more than once.

        Raises UsageError where something has to be closed by awaiting: the rest is closed then.
        """
        self._close(list(self._declared.values()))
        looped = [name for name, resource in self._declared.items() if resource.has_loops()]
        if looped:
            raise UsageError(
                f"the resource {looped[0]!r} is open in an event loop: close the machine with "
                "`await fsm.aclose()` or `async with`"
            )

    async def aclose(self) -> None:
        """Close what is open in the running loop, and in this process."""
        await self.close_in_loop()
        await self._aside_if_open(self.close_here)

    async def _aside_if_open(self, close: Callable[[], None]) -> None:
        """Close in a thread, as it may wait for the outside; without one if nothing is open."""
        if self.open_names():
            await standard.asyncio.to_thread(close)
        else:
            close()

    async def close_in_loop(self) -> None:
        """Close what is open in the running loop."""
        async with AsyncExitStack() as stack:
            for resource in self._declared.values():
                stack.push_async_callback(resource.close_in_loop)

    def _close(self, resources: list[Resource]) -> None:
        with ExitStack() as stack:  # closes all, also where one fails
            for resource in resources:
                stack.callback(resource.close)


class Seen(Mapping[str, Any]):
    """The resources that one state, arc or function sees. Each is opened when it is taken."""

    __slots__ = ("_all", "_awaits", "_by", "_names")

    def __init__(self, resources: Resources, names: Names, by: str, *, awaits: bool) -> None:
        self._all = resources
        self._names = names
        self._by = by
        self._awaits = awaits

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise UnknownResourceError(str(name), self._missing(name))
        return self._all.take(name, awaits=self._awaits)

    def _missing(self, name: object) -> str:
        known = self._all.names
        if name in known:
            seen = ", ".join(self)
            said = f"names others in `resources`: {seen}" if seen else "names none in `resources`"
            return f"{self._by} {said}; add it there"
        if not known:
            return "there are no resources; declare it under `resources`, or give it in code"
        near = difflib.get_close_matches(str(name), list(self), n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return f"there is none of that name; {hint}there are: {', '.join(self) or 'none here'}"

    def __contains__(self, name: object) -> bool:
        return name in (self._all.names if self._names is None else self._names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._all.names if self._names is None else self._names)

    def __len__(self) -> int:
        return len(self._all.names if self._names is None else self._names)

    def __repr__(self) -> str:
        return f"<resources {', '.join(self) or 'none'}>"
