"""From what a push arc says to the way through another network that it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from statepipe.config.load import LoadedConfig
from statepipe.config.model import ArcConfig
from statepipe.config.pushes import network_and_state
from statepipe.config.tree import Path
from statepipe.errors import Problem
from statepipe.functions.builtin import ParamError
from statepipe.functions.library.fields import FieldPath, path_of
from statepipe.graph.model import FieldPairs, Push

MappingKey = Literal["data_mapping", "result_mapping"]


def push_of(
    arc: ArcConfig, loaded: LoadedConfig, path: Path, problems: list[Problem]
) -> Push | None:
    """Return what the push arc at `path` does, or None for another arc.

    Fields that are none are added to `problems`.
    """
    if arc.target_network is None:
        return None
    names = [network.name for network in loaded.model.networks]
    network, state = network_and_state(arc.target_network, names) or (arc.target_network, None)
    return Push(
        network,
        state,
        arc.data_isolation or "copy",
        pairs_of(arc.data_mapping, "data_mapping", loaded, path, problems),
        pairs_of(arc.result_mapping, "result_mapping", loaded, path, problems),
    )


def pairs_of(
    mapping: Mapping[str, str] | None,
    key: MappingKey,
    loaded: LoadedConfig,
    path: Path,
    problems: list[Problem],
) -> FieldPairs | None:
    """Return the fields of a mapping as paths. A target that is named twice is a problem."""
    if mapping is None:
        return None
    pairs: list[tuple[FieldPath, FieldPath]] = []
    for source, target in mapping.items():
        at = loaded.node(*path, key, source).at
        try:
            pair = path_of(source, key), path_of(target, key)
        except ParamError as error:
            problems.append(Problem(at.place, error.message, error.advice, at.span))
            continue
        if any(pair[1] == taken for _, taken in pairs):
            message = f"two fields are put into '{target}'"
            problems.append(Problem(at.place, message, "remove one", at.span))
        pairs.append(pair)
    return tuple(pairs)
