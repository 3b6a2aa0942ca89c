"""What parts of a config are called where it gives no name."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from enum import Enum

from statepipe.config.model import ArcConfig


def arc_names(arcs: Sequence[ArcConfig]) -> list[str]:
    """Return a name for each arc: its own, else `from->to`, with a number if that is taken."""
    taken = {arc.name for arc in arcs if arc.name is not None}
    names = []
    for arc in arcs:
        name, plain, number = arc.name or "", f"{arc.from_}->{arc.to}", 1
        if arc.name is None:
            name = plain
            while name in taken:
                number += 1
                name = f"{plain} {number}"
            taken.add(name)
        names.append(name)
    return names


def named(value: object) -> object:
    """Return what stands for a value that JSON has no word for: a callable's qualified name."""
    if isinstance(value, Enum):
        return value.value
    of = value if inspect.isroutine(value) or inspect.isclass(value) else type(value)
    return f"{of.__module__}.{of.__qualname__}"
