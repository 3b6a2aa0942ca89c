"""Scopes: what each name in inline code stands for, by Python's own scoping rules."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name stands for where it is used.

    `free`: nothing in the code binds it. `value`: the code binds it. `module`: an import binds
    it to `module`. `mixed`: an import of a module and something else bind it.
    """

    kind: Literal["free", "value", "module", "mixed"]
    module: str = ""


FREE = Meaning("free")
VALUE = Meaning("value")


@dataclass(slots=True, eq=False)
class Scope:
    """The names that one function, comprehension, class or the code as a whole binds.

    Names of a `comprehension` are bound by its targets only: `:=` binds further out. Names of a
    class are not seen by functions in it (`open_below` False).
    """

    parent: Scope | None
    comprehension: bool = False
    open_below: bool = True
    bound: dict[str, Meaning] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)  # declared global or nonlocal

    def bind(self, name: str, meaning: Meaning = VALUE) -> None:
        if name in self.elsewhere and self.parent is not None:
            self.parent.bind(name, meaning)
        elif self.bound.get(name, meaning) != meaning:
            self.bound[name] = Meaning("mixed")
        else:
            self.bound[name] = meaning

    def bind_outside(self, name: str) -> None:
        scope = self
        while scope.comprehension and scope.parent is not None:
            scope = scope.parent
        scope.bind(name)

    def meaning(self, name: str) -> Meaning:
        """Return what `name` stands for when used directly in this scope."""
        if name in self.bound:
            return self.bound[name]
        scope = self.parent
        while scope is not None:
            if scope.open_below and name in scope.bound:
                return scope.bound[name]
            scope = scope.parent
        return FREE


class _Scopes:
    """Walks a tree once and notes, for each use of a name, the scope that it stands in."""

    def __init__(self) -> None:
        self.uses: list[tuple[ast.Name, Scope]] = []

    def walk(self, node: ast.AST, scope: Scope) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                self.walk_function(node, scope)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self.walk_comprehension(node, scope)
            case ast.ClassDef():
                self.walk_class(node, scope)
            case ast.NamedExpr():
                scope.bind_outside(node.target.id)
                self.uses.append((node.target, scope))
                self.walk(node.value, scope)
            case ast.Name():
                self.walk_name(node, scope)
            case _:
                self.bind_names(node, scope)
                self.walk_all(ast.iter_child_nodes(node), scope)

    def walk_all(self, nodes: Iterable[ast.AST], scope: Scope) -> None:
        for node in nodes:
            self.walk(node, scope)

    def walk_name(self, node: ast.Name, scope: Scope) -> None:
        if isinstance(node.ctx, ast.Store):
            scope.bind(node.id)
        self.uses.append((node, scope))

    def bind_names(self, node: ast.AST, scope: Scope) -> None:
        """Bind the names that `node` holds as plain strings."""
        match node:
            case ast.Import():
                for alias in node.names:
                    name = alias.asname or alias.name.partition(".")[0]
                    scope.bind(name, Meaning("module", alias.name))
            case ast.ImportFrom():
                for alias in node.names:
                    scope.bind(alias.asname or alias.name)
            case ast.Global() | ast.Nonlocal():
                scope.elsewhere.update(node.names)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                scope.bind(name)
            case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                scope.bind(name)

    def walk_function(self, node: FunctionNode, scope: Scope) -> None:
        arguments = node.args
        everyone = [
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            *(arg for arg in (arguments.vararg, arguments.kwarg) if arg is not None),
        ]
        inner = Scope(scope)
        for arg in everyone:
            inner.bind(arg.arg)
        outside = [*arguments.defaults, *(d for d in arguments.kw_defaults if d is not None)]
        outside += [arg.annotation for arg in everyone if arg.annotation is not None]
        if not isinstance(node, ast.Lambda):
            scope.bind(node.name)
            outside += [*node.decorator_list, *([node.returns] if node.returns else [])]
        self.walk_all(outside, scope)
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        declare(body, inner)
        self.walk_all(body, inner)

    def walk_comprehension(self, node: Comprehension, scope: Scope) -> None:
        inner = Scope(scope, comprehension=True)
        first, *others = node.generators
        self.walk(first.iter, scope)
        self.walk_all([first.target, *first.ifs, *others], inner)
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self.walk_all(parts, inner)

    def walk_class(self, node: ast.ClassDef, scope: Scope) -> None:
        scope.bind(node.name)
        self.walk_all([*node.decorator_list, *node.bases, *node.keywords], scope)
        self.walk_all(node.body, Scope(scope, open_below=False))


def declare(body: Iterable[ast.AST], scope: Scope) -> None:
    """Note the names that `body` declares global or nonlocal, before any of them is bound."""
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Global | ast.Nonlocal):
                scope.elsewhere.update(node.names)


def meanings(tree: ast.AST) -> Mapping[ast.Name, Meaning]:
    """Return what each name in `tree` stands for. Names bound nowhere in it are free."""
    scopes = _Scopes()
    scopes.walk(tree, Scope(None))
    return {name: scope.meaning(name.id) for name, scope in scopes.uses}


def free_names(tree: ast.AST) -> Iterator[ast.Name]:
    """Yield the uses of names that nothing in `tree` binds."""
    for name, meaning in meanings(tree).items():
        if meaning.kind == "free":
            yield name
