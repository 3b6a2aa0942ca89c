"""Inspecting: what a machine's states and arcs are, and whether its networks hold together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from statepipe.errors import Place, UsageError
from statepipe.graph.draw import through
from statepipe.graph.model import Arc, Machine, Network, State
from statepipe.graph.reach import leading_back, reached, ways


def state_names(machine: Machine) -> list[str]:
    """Return the names of all states as paths have them: those of the main network first."""
    names = list(machine.main_network.states)
    for network in machine.networks.values():
        if network is not machine.main_network:
            names += [f"{network.name}:{name}" for name in network.states]
    return names


def state_called(machine: Machine, name: str) -> State:
    """Return a state by the name that `state_names` has for it. Raises UsageError."""
    if name in machine.main_network.states:
        return machine.main_network.states[name]
    network, _, inner = str(name).rpartition(":")
    network = network.rpartition(":")[2]
    if network in machine.networks and inner in machine.networks[network].states:
        return machine.networks[network].states[inner]
    raise UsageError(
        f"there is no state {name!r}; the states are {', '.join(state_names(machine))}"
    )


def transitions_of(state: State, name: str) -> list[dict[str, Any]]:
    """Return the arcs of a state in the order in which they are tried.

    `name` is what the state was asked for by: targets are named as paths name them from there.
    Those that lead through another network also have `target_network`.
    """
    within = name.removesuffix(state.name)
    return [
        {
            "name": arc.name,
            "target": f"{within}{arc.target}",
            "has_pre_test": arc.condition is not None,
            "has_transform": bool(arc.transforms),
        }
        | ({} if arc.push is None else {"target_network": through(arc.push)})
        for arc in state.arcs
    ]


def facts_of(state: State, name: str) -> dict[str, Any]:
    validates = state.schema is not None or state.pre_validators or state.validators
    return {
        "name": name,
        "is_start": state.is_start,
        "is_end": state.is_end,
        "has_transform": bool(state.transforms),
        "has_validator": bool(validates),
        "resources": list(state.resources or ()),
        "metadata": dict(state.metadata),
        "arcs": transitions_of(state, name),
    }


def report_on(machine: Machine) -> dict[str, Any]:
    """Return what `AdvancedFSM.validate_network` gives: issues in words, and counts."""
    issues = [
        issue for network in machine.networks.values() for issue in issues_of(machine, network)
    ]
    entered = [machine.main_network, *machine.inner_networks]
    for network in machine.networks.values():
        if network not in entered:
            issues.append(told(f"no arc leads through network {network.name!r}", network.place))
    main = machine.main_network
    states, reachable = main.states.values(), reached(main)
    return {
        "valid": not issues,
        "issues": issues,
        "stats": {
            "total_states": len(main.states),
            "reachable_states": len(reachable),
            "unreachable_states": len(main.states) - len(reachable),
            "start_states": sum(state.is_start for state in states),
            "end_states": sum(state.is_end for state in states),
        },
    }


def issues_of(machine: Machine, network: Network) -> Iterator[str]:
    """Yield what keeps a network from being of a piece, with the place where it is known."""
    of = "" if network is machine.main_network else f"network {network.name!r}: "
    found, ending = reached(network), leading_back(network)
    for state in network.states.values():
        where = f"{of}state {state.name!r}"
        if state.name not in found:
            yield told(f"{where} cannot be reached from {network.start!r}", state.place)
        if not state.is_end and not any(ways(state)):
            yield told(f"{where} is no end state, and no arc leads out of it", state.place)
        elif state.name not in ending:
            yield told(f"from {where} no way leads to an end state", state.place)
        for arc, open_arc in hidden_arcs(state):
            yield told(
                f"{where}: arc {arc.name!r} is never tried, as {open_arc.name!r} before it "
                "accepts every record",
                arc.place,
            )


def hidden_arcs(state: State) -> Iterator[tuple[Arc, Arc]]:
    """Yield the arcs behind one without a condition, and that one."""
    open_arc = next((arc for arc in state.arcs if arc.condition is None), None)
    if open_arc is not None:
        for arc in state.arcs[state.arcs.index(open_arc) + 1 :]:
            yield arc, open_arc


def told(message: str, place: Place) -> str:
    return f"{message} ({place})" if str(place) else message
