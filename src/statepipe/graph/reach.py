"""Reach: which states a record can come to, and from which it can come to an end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from statepipe.graph.model import Network, State


def ways(state: State) -> Iterator[str]:
    """Yield where a record can go from a state: by an arc, or by a catch."""
    yield from (arc.target for arc in state.arcs)
    yield from (clause.target for clause in state.catch)


def reached(network: Network) -> set[str]:
    """Return the states that ways lead to from the start, the start among them."""
    return spread([network.start], lambda name: ways(network.states[name]))


def leading_back(network: Network) -> set[str]:
    """Return the states from which ways lead to an end state, end states among them."""
    backwards: Mapping[str, list[str]] = {name: [] for name in network.states}
    for state in network.states.values():
        for target in ways(state):
            backwards[target].append(state.name)
    ends = [state.name for state in network.states.values() if state.is_end]
    return spread(ends, lambda name: backwards[name])


def spread(begin: Iterable[str], onward: Callable[[str], Iterable[str]]) -> set[str]:
    found = set(begin)
    waiting = list(found)
    while waiting:
        for name in onward(waiting.pop()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found
