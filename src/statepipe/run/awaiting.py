"""Awaiting: what of the user's may be async, and so has to be awaited or not."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable

from statepipe.ports import Sink


async def settled(given: object) -> object:
    """Return what a method that may be async gave, awaited if it has to be."""
    return await given if isinstance(given, Awaitable) else given


def is_async(target: object) -> bool:
    """Tell whether a sink or a callback has to be awaited."""
    if isinstance(target, Sink):
        return any(map(inspect.iscoroutinefunction, (target.write, target.commit, target.abort)))
    call = target.__call__ if callable(target) else None
    return inspect.iscoroutinefunction(target) or inspect.iscoroutinefunction(call)
