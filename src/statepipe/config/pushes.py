"""Push arcs, which lead through another network: their keys, and the names that they give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from statepipe.config.model import ArcConfig, MachineConfig, NetworkConfig
from statepipe.config.problems import Problems, suggestion
from statepipe.config.spellings import PUSH
from statepipe.config.tree import Entry, MapNode, Node, Path, Scalar, find


def with_return(arc: MapNode, problems: Problems) -> MapNode:
    """Return an arc with `return_state` turned into `to`.

    What only a push arc can say is told where there is no `target_network`, and left out.
    """
    if arc.entry("target_network") is None:
        for entry in arc.entries:
            if entry.key in PUSH:
                message = f"'{entry.written}' without 'target_network': the arc enters no network"
                problems.add(entry.at, message, advice_for(entry))
                if entry.key == "return_state":
                    problems.note(arc.at, "to")
        return _without(arc, *PUSH)
    back, to = arc.entry("return_state"), arc.entry("to")
    if back is None:
        return arc if to is not None else _homeless(arc, problems)
    if to is None:
        return _without(replace(arc, entries=(replace(back, key="to"), *arc.entries)), back.key)
    if _text(back.value) != _text(to.value):
        message = f"'{back.written}' and '{to.written}' name two states"
        problems.add(back.at, message, "both say where the record goes on: keep one of them")
    return _without(arc, back.key)


def advice_for(entry: Entry) -> str:
    if entry.key == "return_state":
        return "write 'to', or inside a state 'target'; or add  target_network: ..."
    return "add  target_network: ...  or remove it"


def _homeless(arc: MapNode, problems: Problems) -> MapNode:
    message = "'return_state' is missing: the state where the record goes on after the network"
    problems.add(arc.at, message, "add  return_state: ...")
    nowhere = Entry("to", Scalar("", arc.at, is_broken=True), arc.at, "return_state")
    return replace(arc, entries=(*arc.entries, nowhere))


def _without(arc: MapNode, *keys: str) -> MapNode:
    return replace(arc, entries=tuple(entry for entry in arc.entries if entry.key not in keys))


def _text(node: Node) -> object:
    return node.value if isinstance(node, Scalar) else None


def network_and_state(target: str, networks: Sequence[str]) -> tuple[str, str | None] | None:
    """Return what `network` or `network:state` names; None if it names no known network.

    A network that is called by the whole text comes first, then the longest name before a colon.
    """
    if target in networks:
        return target, None
    for name, state in splits(target):
        if name in networks:
            return name, state
    return None


def pushed_into(model: MachineConfig) -> set[str]:
    """Return the names of the networks that some push arc leads through."""
    names = [network.name for network in model.networks]
    arcs = (arc for network in model.networks for arc in network.arcs)
    found = (network_and_state(arc.target_network, names) for arc in arcs if arc.target_network)
    return {pair[0] for pair in found if pair is not None}


def splits(text: str) -> Iterator[tuple[str, str]]:
    """Yield what stands before and behind each colon with something on both sides, last first."""
    for index in range(len(text) - 1, 0, -1):
        if text[index] == ":" and index + 1 < len(text):
            yield text[:index], text[index + 1 :]


def check_pushes(
    network: NetworkConfig,
    model: MachineConfig,
    tree: Node,
    path: Path,
    problems: Problems,
) -> None:
    """Add to `problems` the push arcs of `network` into what is not there."""
    networks = {other.name: other for other in model.networks}
    for index, arc in enumerate(network.arcs):
        if arc.target_network is not None:
            at = find(tree, (*path, "arcs", index, "target_network")).at
            wrong = _wrong_target(arc, networks)
            if wrong is not None:
                problems.add(at, *wrong)


def _wrong_target(
    arc: ArcConfig, networks: Mapping[str, NetworkConfig]
) -> tuple[str, str | None] | None:
    assert arc.target_network is not None
    found = network_and_state(arc.target_network, list(networks))
    if found is None:
        named = next((name for name, _ in splits(arc.target_network)), arc.target_network)
        return f"unknown network '{named}'", suggestion(named, networks)
    name, state = found
    states = [each.name for each in networks[name].states]
    if state is not None and state not in states:
        return f"unknown state '{state}' of the network '{name}'", suggestion(state, states)
    return None


def check_inner_outputs(
    network: NetworkConfig, model: MachineConfig, tree: Node, path: Path, problems: Problems
) -> None:
    """Add to `problems` what end states say of outputs in a network where no record leaves."""
    if network.name == (model.main_network or model.networks[0].name):
        return
    for index, state in enumerate(network.states):
        for key, is_said in (
            ("sink", state.sink is not None),
            ("emit_output", not state.emit_output),
        ):
            if is_said and state.is_end:
                message = f"'{key}' of '{state.name}', where records only leave '{network.name}'"
                at = find(tree, (*path, "states", index, key)).at
                problems.add(at, message, "only the main network's end states write; remove it")
