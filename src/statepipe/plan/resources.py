"""What each function sees of the resources, and the steps that open them for a state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias

from statepipe.errors import Place
from statepipe.functions.function import Function
from statepipe.functions.pieces import Watched
from statepipe.graph.model import Network
from statepipe.plan.facts import Facts
from statepipe.ports.providers import Names, ResourceSet


class PlainResources:
    """A mapping as a set of resources: nothing to open, all see all."""

    def __init__(self, resources: Mapping[str, Any]) -> None:
        self._mapping = MappingProxyType(dict(resources))

    def seen(self, names: Names, by: str, *, awaits: bool) -> Mapping[str, Any]:
        return self._mapping

    def waits(self, names: Names) -> bool:
        return False

    def acquire(self, names: tuple[str, ...]) -> bool:
        return True

    async def acquire_in_loop(self, names: tuple[str, ...]) -> bool:
        return True

    def aside(self, call: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        raise AssertionError("nothing here waits")

    def hide(self, text: str) -> str:
        return text


class Sight:
    """Gives each step what it sees. `is_async`: the plan runs in an event loop."""

    def __init__(self, resources: ResourceSet, networks: Iterable[Network]) -> None:
        self.resources = resources
        self.is_async = any(function.is_async for function in functions_of(networks))
        self.waits = False
        self._seen: dict[tuple[Names, str, bool], Mapping[str, Any]] = {}
        self.all = self.seen(None, "")

    def seen(self, names: Names, by: str, *, awaits: bool = False) -> Mapping[str, Any]:
        """Return one and the same mapping for all that see the same."""
        key = (names, "" if names is None else by, awaits)
        if key not in self._seen:
            self._seen[key] = self.resources.seen(*key[:2], awaits=awaits)
        return self._seen[key]

    def acquiring(self, names: tuple[str, ...], place: Place) -> Function:
        """Return the function that opens `names` before others run."""
        self.waits = self.waits or self.resources.waits(names)
        acquire = self.resources.acquire_in_loop if self.is_async else self.resources.acquire
        return Function(
            label=f"resources {', '.join(names)}",
            call=partial(ignoring_record, partial(acquire, names)),
            style="record",
            is_async=self.is_async,
            place=place,
        )

    def off_the_loop(self, function: Function, facts: Facts, names: Names) -> Function:
        """Return a function that may wait so that no event loop waits for it."""
        if function.is_async or not touches(function, facts) or not self.resources.waits(names):
            return function
        self.waits = True
        if not self.is_async:
            return function
        aside = self.resources.aside
        watch = partial(watched_aside, function.watch, aside)
        return replace(function, call=aside(function.call), is_async=True, watch=watch)


Aside: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Awaitable[Any]]]


def watched_aside(watch: Callable[[], Watched | None], aside: Aside) -> Watched | None:
    """Return what `watch` gives, run aside as the function itself is."""
    watched = watch()
    if watched is None:
        return None
    telling = watched.telling
    return replace(watched, telling=lambda tell: aside(telling(tell)))


def ignoring_record(call: Callable[[], Any], _record: object) -> Any:  # True, or to be awaited
    return call()


def touches(function: Function, facts: Facts) -> bool:
    """Tell whether a function may take a resource. Of what it calls, nothing is known."""
    if function.code is None:
        return function.style != "record"
    text = function.code.source.text
    return facts.fusion is None and ("resources" in text or "import" in text)


def functions_of(networks: Iterable[Network]) -> list[Function]:
    """Return the functions of all states and arcs of `networks`."""
    found: list[Function | None] = []
    for state in (state for network in networks for state in network.states.values()):
        found += [state.schema, *state.pre_validators, *state.transforms, *state.validators]
        for arc in state.arcs:
            found += [arc.condition, *arc.transforms]
    return [function for function in found if function is not None]
