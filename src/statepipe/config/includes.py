"""Includes: `$include` and `$import` replaced by what they name, within the config's folder."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from statepipe.config.files import MISSING, file_tree, lies_in
from statepipe.config.problems import Problems, nearest, suggestion
from statepipe.config.tree import Entry, ListNode, MapNode, Node, Scalar, Spot, children, walk
from statepipe.config.values import expanded
from statepipe.errors import ConfigError, Problem

MAX_FILES = 500
MAX_NODES = 200_000
_STEP = re.compile(r"\.?(?P<key>[^.\[\]]+)|\[(?P<index>[0-9]+)\]")


@dataclass(slots=True)
class Includes:
    """Reads the files that a config names. `root` is the main file, None for a dict config.

    Every file must lie in the folder of `root`, links resolved.
    """

    root: str | None
    env: Mapping[str, str]
    problems: Problems
    files: int = 0
    nodes: int = 0

    def resolve(self, node: Node) -> Node:
        """Return the tree with everything included; problems are added, their nodes left out."""
        stack = (os.path.realpath(self.root),) if self.root is not None else ()
        return self._resolve(node, self.root or "", stack)

    def _resolve(self, node: Node, file: str, stack: tuple[str, ...]) -> Node:
        match node:
            case ListNode():
                return replace(node, items=tuple(self._items(node, file, stack)))
            case MapNode():
                return self._mapping(node, file, stack)
            case Scalar():
                return node

    def _items(self, node: ListNode, file: str, stack: tuple[str, ...]) -> list[Node]:
        """Return the items; an included list puts its own items in place of the include."""
        items: list[Node] = []
        for item in node.items:
            value = self._resolve(item, file, stack)
            if isinstance(item, MapNode) and isinstance(value, ListNode):
                items += value.items
            else:
                items.append(value)
        return items

    def _mapping(self, node: MapNode, file: str, stack: tuple[str, ...]) -> Node:
        own = tuple(
            replace(entry, value=self._resolve(entry.value, file, stack))
            for entry in node.entries
            if entry.key not in _DIRECTIVES
        )
        found = [entry for entry in node.entries if entry.key in _DIRECTIVES]
        if not found:
            return replace(node, entries=own)
        if len(found) > 1:
            self.problems.add(found[1].at, "'$include' and '$import' in one mapping", "keep one")
        included = _DIRECTIVES[found[0].key](self, found[0], file, stack)
        if included is None:
            return replace(node, entries=own) if own else Scalar(None, node.at, is_broken=True)
        if not own:
            return included
        return self._merged(node, own, included)

    def _merged(self, node: MapNode, own: tuple[Entry, ...], included: Node) -> Node:
        if not isinstance(included, MapNode):
            message = "other keys stand beside an include that is no mapping"
            self.problems.add(own[0].at, message, "remove them, or include a mapping")
            return included
        keys = {entry.key for entry in own}
        inherited = tuple(entry for entry in included.entries if entry.key not in keys)
        return replace(node, entries=inherited + own)

    def _include(self, entry: Entry, file: str, stack: tuple[str, ...]) -> Node | None:
        return self._load(entry.value, file, stack)

    def _import(self, entry: Entry, file: str, stack: tuple[str, ...]) -> Node | None:
        value = entry.value
        keys = {child.key for child in value.entries} if isinstance(value, MapNode) else set()
        if not isinstance(value, MapNode) or keys != {"file", "path"}:
            message = "'$import' needs a file and a path in it"
            self.problems.add(value.at, message, "as in $import: {file: parts.yaml, path: states}")
            return None
        name, path = value.get("file"), value.get("path")
        loaded = self._load(name, file, stack) if name is not None else None
        if loaded is None or path is None:
            return None
        return self._piece(loaded, expanded(path, self.env, self.problems), name)

    def _piece(self, node: Node, path: Node, file: Node | None) -> Node | None:
        text = path.value if isinstance(path, Scalar) else None
        steps = list(_STEP.finditer(text)) if isinstance(text, str) else []
        if not isinstance(text, str) or "".join(step[0] for step in steps) != text or not steps:
            advice = "keys with dots between, as in networks[0].states"
            self.problems.add(path.at, "the path of an '$import' cannot be read", advice)
            return None
        for step in steps:
            below = {str(key): child for key, child in children(node)}
            key = step["key"] or step["index"]
            if key not in below:
                name = file.value if isinstance(file, Scalar) else file
                self.problems.add(path.at, f"no {key!r} in {name}", suggestion(key, below))
                return None
            node = below[key]
        return node

    def _load(self, name: Node, file: str, stack: tuple[str, ...]) -> Node | None:
        name = expanded(name, self.env, self.problems)
        if not isinstance(name, Scalar) or not isinstance(name.value, str) or not name.value:
            self.problems.add(name.at, "an include needs the path of a file")
            return None
        if self.root is None:
            message = "a dict config has no folder to include files from"
            self.problems.add(name.at, message, "put the config into a file, or merge the dicts")
            return None
        path = os.path.join(os.path.dirname(file), name.value)
        if not self._allowed(path, name.at, stack):
            return None
        return self._read(path, name.at, stack)

    def _read(self, path: str, at: Spot, stack: tuple[str, ...]) -> Node | None:
        self.files += 1
        try:
            tree = file_tree(path, at.place.keys.rpartition("$")[0].rstrip("."), self.problems)
        except ConfigError as error:
            self.problems.found += [_told_at(problem, at, path) for problem in error.problems]
            return None
        self.nodes += sum(1 for _ in walk(tree))
        return self._resolve(tree, path, (*stack, os.path.realpath(path)))

    def _allowed(self, path: str, at: Spot, stack: tuple[str, ...]) -> bool:
        """Tell whether `path` may be read; if not, add the problem."""
        try:
            real, folder = os.path.realpath(path), Path(stack[0]).parent
        except ValueError as error:  # a NUL, a lone surrogate
            self.problems.add(at, f"an include needs the path of a file: {error}")
            return False
        if not lies_in(path, str(folder)):
            message = "an include must stay in the folder of the config"
            self.problems.add(at, message, f"move the file into {_shown(self.root)}")
        elif real in stack:
            names = [os.path.relpath(each, folder) for each in (*stack[stack.index(real) :], real)]
            self.problems.add(at, f"include cycle: {' -> '.join(names)}", "remove one include")
        elif self.files >= MAX_FILES:
            self.problems.add(at, f"more than {MAX_FILES} includes")
        elif self.nodes > MAX_NODES:
            self.problems.add(at, f"the includes stand for more than {MAX_NODES} values")
        elif os.path.exists(real) and not os.path.isfile(real):  # a pipe would wait for ever
            self.problems.add(at, f"{os.path.relpath(real, folder)} is no regular file")
        else:
            return True
        return False


def _told_at(problem: Problem, at: Spot, path: str) -> Problem:
    """Return a problem of an included file; one with the file as a whole is told at `at`."""
    if problem.place.line is not None:
        return problem
    advice = _missing_advice(path) if problem.message == MISSING else problem.advice
    return Problem(at.place, f"{path}: {problem.message}", advice, at.span)


def _missing_advice(path: str) -> str:
    folder, name = os.path.split(path)
    others = os.listdir(folder or ".") if os.path.isdir(folder or ".") else []
    near = nearest(Path(name).stem, [Path(other).stem for other in others])
    for other in others:
        if Path(other).stem == near:
            return f"did you mean {other!r}?"
    return "the path counts from the folder of the file that names it"


def _shown(root: str | None) -> str:
    return os.path.dirname(root or "") or "that folder"


_Directive = Callable[[Includes, Entry, str, tuple[str, ...]], Node | None]
_DIRECTIVES: dict[str, _Directive] = {
    "$include": Includes._include,
    "$import": Includes._import,
}
