"""Fingerprint: digests of a config's parts, so that a changed one can be named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from statepipe.config.model import ArcConfig, MachineConfig, NetworkConfig
from statepipe.graph.names import arc_names, named

PARTS = frozenset({"networks", "metadata", "description", "version", "tests"})
"""Keys of a machine that count part by part, or change nothing."""


def fingerprint(model: MachineConfig) -> dict[str, str]:
    """Return a digest for each part of a config that changes what becomes of records, by name.

    A callable counts by its module and qualified name: its body is not part of it.
    """
    found = dict(network_parts(model))
    for key, value in model.model_dump(by_alias=True, exclude=set(PARTS)).items():
        found[key] = digest_of(value)
    return found


def network_parts(model: MachineConfig) -> Iterator[tuple[str, str]]:
    for network in model.networks:
        of_network = f" of network {network.name!r}" if len(model.networks) > 1 else ""
        for state in network.states:
            values = state.model_dump(by_alias=True, exclude={"metadata"})
            yield f"state {state.name!r}{of_network}", digest_of(values)
        for name, arc, place in placed_arcs(network):
            values = arc.model_dump(by_alias=True, exclude={"metadata"})
            yield f"arc {name!r}{of_network}", digest_of([values, place])


def placed_arcs(network: NetworkConfig) -> Iterator[tuple[str, ArcConfig, int]]:
    """Yield each arc with its name and its place among the arcs that leave the same state."""
    leaving: dict[str, int] = {}
    for name, arc in zip(arc_names(network.arcs), network.arcs, strict=True):
        place = leaving.get(arc.from_, 0)
        leaving[arc.from_] = place + 1
        yield name, arc, place


def digest_of(values: Any) -> str:  # what a config may hold
    text = json.dumps(values, sort_keys=True, default=named, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]
