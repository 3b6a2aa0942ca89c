"""Names: a state as paths name it, in its own network or within another."""

from __future__ import annotations

from statepipe.plan.stepping import Stop


def network_of(state: str, main: str, *, nested: bool) -> str:
    """Return the network of a state, given how a path names it: `network:state` if nested."""
    return state.partition(":")[0] if nested else main


def own_name(stop: Stop) -> str:
    """Return the name that the state where a record stands has in its network."""
    return stop.state.partition(":")[2] if stop.nested else stop.state
