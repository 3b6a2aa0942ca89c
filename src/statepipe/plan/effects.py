"""Effects: what an expression may do to the record it is given, proved name by name."""

from __future__ import annotations

import ast

from statepipe.functions.asking import NAMES
from statepipe.functions.names import EXCEPTIONS, MODULES
from statepipe.plan.vocabulary import (
    IMPURE_MODULE_FUNCTIONS,
    MUTATORS,
    PURE_ATTRIBUTES,
    PURE_BUILTINS,
    PURE_METHODS,
)


class Effects:
    """What the parts of an expression may do to a record; the worst where it is not known.

    `view_names` are the names whose attributes are a view's, `own_names` all that the code binds.
    """

    def __init__(self, expression: ast.expr, view: str, own_names: frozenset[str]) -> None:
        self.mutates = False
        self.leaks = False
        self._view = view
        self._own = own_names
        self._visit(expression)

    def _visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.Call):
            self._visit_call(node)
        elif isinstance(node, ast.Attribute):
            self._visit_attribute(node)
        elif isinstance(node, ast.Name):
            self._visit_name(node)
        elif isinstance(node, ast.Await | ast.Yield | ast.YieldFrom):
            self._unknown()
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            self.mutates = True  # the target of a comprehension may be a field
        if not isinstance(node, ast.Call | ast.Attribute):
            self._visit_parts(node)

    def _visit_parts(self, node: ast.AST) -> None:
        for part in ast.iter_child_nodes(node):
            self._visit(part)

    def _unknown(self) -> None:
        self.mutates = self.leaks = True

    def _visit_call(self, call: ast.Call) -> None:
        called = call.func
        for part in (*call.args, *call.keywords):
            self._visit(part)
        if isinstance(called, ast.Name):
            if imported_module(call) is None:
                self._visit_name(called)
                if called.id in self._own:
                    self._unknown()
        elif isinstance(called, ast.Attribute) and called.attr in MUTATORS:
            self.mutates = True
            self._visit(called.value)
        elif isinstance(called, ast.Attribute):
            self._visit_attribute(called)
        else:
            self._unknown()
            self._visit(called)

    def _visit_attribute(self, node: ast.Attribute) -> None:
        """Judge an attribute that is read or called; a method may be called later, too."""
        if not isinstance(node.ctx, ast.Load) or not self._is_harmless(node):
            self._unknown()
        if not is_module(node.value):
            self._visit(node.value)

    def _is_harmless(self, node: ast.Attribute) -> bool:
        if isinstance(node.value, ast.Name) and node.value.id == self._view:
            return True  # what else a view has is judged where its parameter is
        if node.attr in PURE_ATTRIBUTES or node.attr in PURE_METHODS:
            return True
        return is_module_path(node, self._own)

    def _visit_name(self, node: ast.Name) -> None:
        known = node.id in PURE_BUILTINS or node.id in EXCEPTIONS or node.id in self._own
        if not known and node.id not in MODULES and node.id not in NAMES:
            self._unknown()


def is_module_path(node: ast.expr, own_names: frozenset[str]) -> bool:
    """Tell whether `node` is a path from a pure module, as `re.sub` or `__import__('time').time`,
    or from what such a path or `now` gave when called, as `datetime.datetime.now().year`."""
    path: list[str] = []
    while not is_module(node):
        if isinstance(node, ast.Name) and node.id == "now" and node.id not in own_names:
            return not any(name in MUTATORS or name.startswith("_") for name in path)
        if isinstance(node, ast.Attribute):
            path.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return False
    module = module_of(node)
    if module is None or (isinstance(node, ast.Name) and node.id in own_names):
        return False
    if not path or (module, path[-1]) in IMPURE_MODULE_FUNCTIONS:
        return False
    later = path[:-1]
    return path[-1] in MODULES[module] and not any(
        name in MUTATORS or name.startswith("_") for name in later
    )


def is_module(node: ast.expr) -> bool:
    return module_of(node) is not None


def module_of(node: ast.expr) -> str | None:
    """Return the pure module that `node` names or imports in place, if it does.

    The generator `rng` has the functions of `random`.
    """
    if isinstance(node, ast.Name):
        if node.id == "rng":
            return "random"
        return node.id if node.id in MODULES else None
    return imported_module(node) if isinstance(node, ast.Call) else None


def imported_module(call: ast.Call) -> str | None:
    """Return the pure module that `call` imports, as in `__import__('time')`, if it does."""
    if not isinstance(call.func, ast.Name) or call.func.id != "__import__":
        return None
    match call.args, call.keywords:
        case [ast.Constant(value=str(name))], [] if name in MODULES:
            return name
    return None
