"""From a Python dict to a tree: places are paths of keys, strings are texts of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from statepipe.config.built import Origins, with_origin
from statepipe.config.problems import Problems, failure
from statepipe.config.tree import Entry, ListNode, MapNode, Node, Scalar, Spot, keys_below
from statepipe.errors import Place, named_type
from statepipe.source_text import SourceText

MAX_DEPTH = 64
MAX_NODES = 100_000


NO_ORIGINS: Origins = {}


def python_tree(
    value: Mapping[Any, Any], problems: Problems, origins: Origins = NO_ORIGINS
) -> Node:
    """Return the tree of a dict config. Raises ConfigError for one that contains itself."""
    return _Builder(problems, origins).node(value, "", 0)


class _Builder:
    def __init__(self, problems: Problems, origins: Origins) -> None:
        self.problems = problems
        self.origins = origins
        self.nodes = 0

    def spot(self, keys: str) -> Spot:
        place = Place(keys)
        return Spot(with_origin(place, self.origins) if self.origins else place)

    def node(self, value: object, keys: str, depth: int) -> Node:
        at = self.spot(keys)
        self.nodes += 1
        if depth > MAX_DEPTH:
            raise failure(at, f"nested deeper than {MAX_DEPTH} levels", "does it contain itself?")
        if self.nodes > MAX_NODES:
            raise failure(at, f"the config has more than {MAX_NODES} values", None)
        if isinstance(value, Mapping):
            return self.mapping(value, at, depth)
        if isinstance(value, list | tuple):
            items = (
                self.node(item, keys_below(keys, index), depth + 1)
                for index, item in enumerate(value)
            )
            return ListNode(tuple(items), at)
        return self.scalar(value, at)

    def scalar(self, value: object, at: Spot) -> Scalar:
        if isinstance(value, str):
            return Scalar(value, at, SourceText.of_keys(value, at.place.keys, at.place.built))
        if isinstance(value, int):
            try:
                str(value)
            except ValueError as error:
                self.problems.add(at, f"the number cannot be written: {error}")
                return Scalar(None, at, is_broken=True)
        return Scalar(value, at)

    def mapping(self, value: Mapping[Any, Any], at: Spot, depth: int) -> Node:
        entries = []
        for key, child in value.items():
            if not isinstance(key, str):
                self.problems.add(at, f"the key {key!r} must be text, not {named_type(key)}")
                continue
            keys = keys_below(at.place.keys, key)
            entries.append(Entry(key, self.node(child, keys, depth + 1), self.spot(keys), key))
        return MapNode(tuple(entries), at)
