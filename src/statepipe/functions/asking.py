"""Asking: where inline code takes `now`, `uuid` and `rng`, which it finds without an import."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from statepipe.functions.names import MODULES
from statepipe.functions.scopes import meanings

NAMES = ("now", "uuid", "rng")

ASKER = "__statepipe_asker__"
"""The parameter that gives them: a view or a context. Untrusted code cannot use the name."""

REFLECTION = frozenset(
    "attrgetter compile eval exec getattr getattr_static methodcaller vars".split()
)
"""With these, trusted code may ask its view without saying so."""


def asked_names(tree: ast.AST) -> Iterator[ast.Name]:
    """Yield the names in `tree` that stand for what the run gives.

    What the code binds itself is its own, and `uuid` before a dot is the module.
    """
    modules = {node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for name, meaning in meanings(tree).items():
        if meaning.kind == "free" and name.id in NAMES and not means_module(name, modules):
            yield name


def means_module(name: ast.Name, before_dot: set[ast.expr]) -> bool:
    return name.id in MODULES and name in before_dot


def may_ask(tree: ast.AST) -> bool:
    """Tell whether code may take what the run gives from its view or its context."""
    modules = {
        name
        for name, meaning in meanings(tree).items()
        if meaning.kind == "module" or (meaning.kind == "free" and name.id in MODULES)
    }
    return any(_asks(node, modules) for node in ast.walk(tree))


def _asks(node: ast.AST, modules: set[ast.Name]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in REFLECTION
    if not isinstance(node, ast.Attribute):
        return False
    return node.attr in REFLECTION or (node.attr in NAMES and _root(node) not in modules)


def _root(node: ast.expr) -> ast.expr:
    """Return what the path of attributes begins with: `datetime` of `datetime.datetime.now`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node


class _FromAsker(ast.NodeTransformer):
    def __init__(self, names: set[ast.Name]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node not in self._names:
            return node
        asker = ast.copy_location(ast.Name(ASKER, ast.Load()), node)
        return ast.copy_location(ast.Attribute(asker, node.id, ast.Load()), node)


def take_from_asker(tree: ast.Module) -> None:
    """Make the names in `tree` that stand for what the run gives attributes of `ASKER`."""
    _FromAsker(set(asked_names(tree))).visit(tree)
