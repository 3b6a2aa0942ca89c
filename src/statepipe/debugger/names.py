"""Names: a state as paths name it, in the main network or, as `network:state`, in another."""

from __future__ import annotations

from statepipe.graph.model import Machine, Network


def network_of(state: str, machine: Machine) -> Network:
    """Return the network that the state of a path belongs to."""
    main = machine.main_network
    return main if state in main.states else machine.networks.get(state.partition(":")[0], main)


def is_called(state: str, name: str) -> bool:
    """Tell whether `state` of a path is the one that is called `name` in its network."""
    return state == name or state.endswith(f":{name}")
