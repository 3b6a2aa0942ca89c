"""What must hold between the parts of a config: names exist, one start state, and so on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from statepipe.config.handling import check_handlers
from statepipe.config.model import MachineConfig, NetworkConfig
from statepipe.config.problems import Problems, suggestion
from statepipe.config.pushes import check_inner_outputs, check_pushes
from statepipe.config.resource_rules import check_resources
from statepipe.config.tree import ListNode, Node, Path, Spot, find
from statepipe.config.validate import Validated


def check_structure(checked: Validated, problems: Problems) -> None:
    """Add to `problems` what is wrong between the networks, states and arcs of a config.

    Where a state could not be read, its name is not known, and no name is called unknown.
    """
    model, tree = checked.model, checked.tree
    _check_networks(model, tree, problems)
    check_resources(model, tree, problems)
    for index, network in enumerate(model.networks):
        path: Path = ("networks", index)
        _check_state_names(network, tree, path, problems)
        _check_starts(network, tree, path, problems, is_partial=checked.is_partial)
        _check_arcs(network, tree, path, problems, is_partial=checked.is_partial)
        _check_outputs(network, tree, path, problems)
        check_inner_outputs(network, model, tree, path, problems)
        check_handlers(network, tree, path, problems, is_partial=checked.is_partial)
        if not checked.is_partial:
            check_pushes(network, model, tree, path, problems)
    if not checked.is_partial:
        _check_overrides(model, tree, problems)


def _spot(tree: Node, *path: str | int) -> Spot:
    return find(tree, path).at


def _where(at: Spot) -> str:
    place = at.place
    return f"line {place.line}" if place.line is not None else place.keys


def _add_repeats(
    names: Sequence[str | None], spot: Callable[[int], Spot], noun: str, problems: Problems
) -> None:
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if name is not None and first.setdefault(name, index) != index:
            advice = f"the other one: {_where(spot(first[name]))}; rename one of them"
            problems.add(spot(index), f"two {noun} are called '{name}'", advice)


def _check_networks(model: MachineConfig, tree: Node, problems: Problems) -> None:
    names = [network.name for network in model.networks]
    _add_repeats(names, lambda index: _spot(tree, "networks", index, "name"), "networks", problems)
    if model.main_network is None and len(names) > 1:
        message = "'main_network' is missing: there are several networks"
        advice = f"name the one that records enter: {', '.join(names)}"
        problems.add(tree.at, message, advice)
    elif model.main_network is not None and model.main_network not in names:
        message = f"'main_network' names no network: '{model.main_network}'"
        problems.add(_spot(tree, "main_network"), message, suggestion(model.main_network, names))


def _check_state_names(network: NetworkConfig, tree: Node, path: Path, problems: Problems) -> None:
    names = [state.name for state in network.states]
    _add_repeats(
        names, lambda index: _spot(tree, *path, "states", index, "name"), "states", problems
    )
    arcs = [arc.name for arc in network.arcs]
    _add_repeats(arcs, lambda index: _spot(tree, *path, "arcs", index, "name"), "arcs", problems)


def _check_starts(
    network: NetworkConfig, tree: Node, path: Path, problems: Problems, *, is_partial: bool
) -> None:
    starts = [index for index, state in enumerate(network.states) if state.is_start]
    if not starts and not is_partial and not _is_start_meant(tree, path, problems):
        message = f"no start state in the network '{network.name}'"
        problems.add(_spot(tree, *path, "states"), message, "add  is_start: true  to one state")
    for index in starts[1:]:
        first, other = network.states[starts[0]].name, network.states[index].name
        message = f"'{other}' is a second start state; '{first}' is one already"
        at = _spot(tree, *path, "states", index, "is_start")
        problems.add(at, message, "a network has one start state")


def _is_start_meant(tree: Node, path: Path, problems: Problems) -> bool:
    """Tell whether a problem is told already of what was to name the start state."""
    states = find(tree, (*path, "states"))
    items = states.items if isinstance(states, ListNode) else ()
    return problems.is_noted(_spot(tree, *path), "initial_state") or any(
        problems.is_noted(item.at, "is_start") for item in items
    )


def _check_arcs(
    network: NetworkConfig, tree: Node, path: Path, problems: Problems, *, is_partial: bool
) -> None:
    names = {state.name for state in network.states}
    ends = {state.name for state in network.states if state.is_end}
    for index, arc in enumerate(network.arcs):
        for key, name in (("from", arc.from_), ("to", arc.to)):
            if name not in names and not is_partial:
                message = f"unknown state '{name}'"
                at = _spot(tree, *path, "arcs", index, key)
                problems.add(at, message, suggestion(name, names))
        if arc.from_ in ends:
            message = f"an arc leaves the end state '{arc.from_}'"
            advice = "remove the arc, or is_end of the state"
            problems.add(_spot(tree, *path, "arcs", index, "from"), message, advice)


def _check_outputs(network: NetworkConfig, tree: Node, path: Path, problems: Problems) -> None:
    for index, state in enumerate(network.states):
        at = (*path, "states", index)
        if state.sink is not None and not state.is_end:
            message = f"'sink' of '{state.name}', which is no end state"
            advice = "only end states write; add  is_end: true,  or remove the sink"
            problems.add(_spot(tree, *at, "sink"), message, advice)
        if not state.emit_output and not state.is_end:
            message = f"'emit_output' of '{state.name}', which is no end state"
            problems.add(
                _spot(tree, *at, "emit_output"), message, "only end states write; remove it"
            )
        if state.sink is not None and not state.emit_output and state.is_end:
            message = f"'{state.name}' has a sink, but 'emit_output' is false"
            problems.add(_spot(tree, *at, "sink"), message, "remove one of them")


def _check_overrides(model: MachineConfig, tree: Node, problems: Problems) -> None:
    states = {state.name for network in model.networks for state in network.states}
    within = {f"{each.name}:{state.name}" for each in model.networks for state in each.states}
    for name in model.data_mode.state_overrides:
        if name not in states | within:
            at = _spot(tree, "data_mode", "state_overrides", name)
            meant = suggestion(name, within if ":" in name else states)
            problems.add(at, f"unknown state '{name}'", meant)
