"""Routes: which end state's records go to which of the sinks that a caller and a config name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import BuiltinMethodType, MethodType
from typing import Any

from statepipe.connectors.formats import same_file
from statepipe.errors import UsageError
from statepipe.graph.model import Network


@dataclass(slots=True)
class Routes:
    """`targets` are the distinct sinks as the caller gave them; `sinks` maps states to indices."""

    targets: list[Any] = field(default_factory=list)
    sinks: dict[str, int] = field(default_factory=dict)

    def add(self, state: str, target: Any) -> None:  # a path, a callable or a sink object
        """Send the records of an end state to `target`; one file is one sink, however spelled."""
        for number, known in enumerate(self.targets):
            if is_same_target(known, target):
                self.sinks[state] = number
                return
        self.targets.append(target)
        self.sinks[state] = len(self.targets) - 1


def routes(network: Network, sink: Any) -> Routes:  # anything that a sink may be
    """Return the routes of a network whose caller gave `sink`.

    A mapping from end states gives each its own, and leaves the others without. One sink gets
    all end states that emit output. An end state's own `sink` in the config comes before it.
    """
    found = Routes()
    ends = {state.name: state for state in network.states.values() if state.is_end}
    if isinstance(sink, Mapping):
        for name, target in sink.items():
            check_end_state(name, list(ends))
            if target is not None:
                found.add(name, target)
        return found
    for name, state in ends.items():
        if state.sink is not None:
            found.add(name, state.sink)
        elif state.emit_output and sink is not None:
            found.add(name, sink)
    return found


def check_end_state(name: object, ends: list[str]) -> None:
    if name in ends:
        return
    close = get_close_matches(str(name), ends, n=1)
    advice = f"did you mean {close[0]!r}?" if close else f"the end states are {', '.join(ends)}"
    raise UsageError(f"sink: there is no end state {name!r}; {advice}")


def path_of(target: object) -> str | None:
    """Return a sink or source given as a path, as text; None for anything else."""
    return os.fspath(target) if isinstance(target, str | os.PathLike) else None


def is_same_target(first: object, second: object) -> bool:
    """Tell whether both are one sink. (`seen.append` is another object each time it is named.)"""
    if isinstance(first, MethodType | BuiltinMethodType):
        return first == second
    return first is second or is_same_path(first, second)


def is_same_path(first: object, second: object) -> bool:
    one, other = path_of(first), path_of(second)
    return one is not None and other is not None and same_file(one, other)
