"""Tree: a config as written, each node with its place. YAML, JSON and dicts all become one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from statepipe.errors import Place, Span
from statepipe.source_text import SourceText

Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a message points: a place, and the piece of text there, if the config is a file."""

    place: Place
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A single value. `source` is the text it was written as, for texts and numbers.

    `is_code`: the text is inline code or may be, and stays as it is. `is_broken`: the value could
    not be read and is None; a problem tells why.
    """

    value: Any  # a dict config may hold any object
    at: Spot
    source: SourceText | None = None
    is_code: bool = False
    is_broken: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A key with its value. `key` may be canonical; `written` is what the author wrote, at `at`."""

    key: str
    value: Node
    at: Spot
    written: str


@dataclass(frozen=True, slots=True, eq=False)
class MapNode:
    """Entries in written order; no key twice."""

    entries: tuple[Entry, ...]
    at: Spot

    def entry(self, key: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.key == key), None)

    def get(self, key: str) -> Node | None:
        entry = self.entry(key)
        return entry.value if entry is not None else None


@dataclass(frozen=True, slots=True, eq=False)
class ListNode:
    """Items in written order."""

    items: tuple[Node, ...]
    at: Spot


Node: TypeAlias = Scalar | MapNode | ListNode


def keys_below(keys: str, step: Step) -> str:
    """Return the path of keys of a child: `keys` and one more step, as in `states[0].name`."""
    if isinstance(step, int):
        return f"{keys}[{step}]"
    if not re.fullmatch(r"[\w$-]+", step):
        return f"{keys}[{step!r}]"
    return f"{keys}.{step}" if keys else step


def is_broken(node: Node) -> bool:
    return isinstance(node, Scalar) and node.is_broken


def plain(node: Node) -> Any:  # any value that a config may hold
    """Return the dicts, lists and values that `node` stands for."""
    match node:
        case Scalar():
            return node.value
        case ListNode():
            return [plain(item) for item in node.items]
        case MapNode():
            return {entry.key: plain(entry.value) for entry in node.entries}


def children(node: Node) -> Iterator[tuple[Step, Node]]:
    """Yield the steps and nodes one level below `node`, in written order."""
    match node:
        case ListNode():
            yield from enumerate(node.items)
        case MapNode():
            yield from ((entry.key, entry.value) for entry in node.entries)


def walk(node: Node) -> Iterator[Node]:
    """Yield `node` and all nodes below it, in written order."""
    yield node
    for _, child in children(node):
        yield from walk(child)


def find(node: Node, path: Path) -> Node:
    """Return the node at `path`, or the deepest one on the way where the path ends early."""
    for step in path:
        child = child_at(node, step)
        if child is None:
            return node
        node = child
    return node


def child_at(node: Node, step: Step) -> Node | None:
    """Return the node one step below, or None if there is none."""
    if isinstance(node, ListNode) and isinstance(step, int):
        return node.items[step] if 0 <= step < len(node.items) else None
    if isinstance(node, MapNode) and isinstance(step, str):
        return node.get(step)
    return None


def without(node: Node, doomed: frozenset[Path], path: Path = ()) -> Node:
    """Return the tree without the nodes at the paths `doomed`; later list items move up."""
    match node:
        case ListNode():
            items = tuple(
                without(item, doomed, (*path, index))
                for index, item in enumerate(node.items)
                if (*path, index) not in doomed
            )
            return replace(node, items=items)
        case MapNode():
            entries = tuple(
                replace(entry, value=without(entry.value, doomed, (*path, entry.key)))
                for entry in node.entries
                if (*path, entry.key) not in doomed
            )
            return replace(node, entries=entries)
        case Scalar():
            return node
