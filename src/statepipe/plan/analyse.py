"""What a function reads, changes, calls and gives; whether its code can be written elsewhere."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from statepipe.functions.function import Function, InlineCode
from statepipe.plan.facts import UNKNOWN, Edit, Facts, Fusion
from statepipe.plan.vocabulary import (
    BOOL_METHODS,
    EAGER_BUILTINS,
    MUTATORS,
    PLAIN_BUILTINS,
    PURE_BUILTINS,
    PURE_METHODS,
)
from statepipe.source_text import offset_in

VIEW_METHODS = frozenset({"get", "keys", "values", "items"})

UNFUSABLE = (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)
"""Bind or suspend in the scope they stand in, which must stay the author's own."""

Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def analyse(function: Function) -> Facts:
    """Return the facts of `function`, proved from its expression; `UNKNOWN` without one."""
    code = function.code
    if code is None or code.expression is None:
        return UNKNOWN
    uses = RecordUses(code)
    effects = effects_of(code.expression, uses.names)
    return Facts(
        mutates=effects.mutates,
        leaks=effects.leaks or bool(uses.bare),
        always_dict=gives_dict(code.expression, uses),
        never_tuple=never_tuple(code.expression),
        fusion=None if function.is_async else fusion_of(code, uses),
    )


class RecordUses:
    """Where an expression uses its record: `edits` by node, and `bare` uses of the parameters."""

    def __init__(self, code: InlineCode) -> None:
        self.text = code.source.text
        self.view, self.record, self.context = parameter_names(code.parameters)
        self.names = frozenset({self.view, self.record} - {""})
        self.edits: dict[ast.AST, Edit] = {}
        self.bare: list[ast.Name] = []
        assert code.expression is not None
        self._visit(code.expression, None)

    def _visit(self, node: ast.AST, parent: ast.AST | None) -> None:
        if isinstance(node, ast.Attribute) and is_name(node.value, self.view):
            self._visit_view_attribute(node)
            return
        if isinstance(node, ast.Name):
            self._visit_name(node, parent)
        for child in ast.iter_child_nodes(node):
            self._visit(child, node)

    def _visit_view_attribute(self, node: ast.Attribute) -> None:
        if node.attr == "data":
            self._edit(node, "record")
        elif node.attr == "name":
            self._edit(node, "state_name")
        elif node.attr in VIEW_METHODS:  # the view's are the record's
            self._edit(node.value, "record")
        else:
            assert isinstance(node.value, ast.Name)
            self.bare.append(node.value)

    def _visit_name(self, node: ast.Name, parent: ast.AST | None) -> None:
        if node.id == self.record or (node.id == self.view and isinstance(parent, ast.Subscript) and parent.value is node):
            self._edit(node, "record")
        elif node.id in (self.view, self.context):
            self.bare.append(node)

    def _edit(self, node: ast.expr, by: str) -> None:
        start, end = extent(self.text, node)
        self.edits[node] = Edit(start, end, "record" if by == "record" else "state_name")

    def is_record(self, node: ast.expr) -> bool:
        edit = self.edits.get(node)
        return edit is not None and edit.by == "record"


def parameter_names(parameters: tuple[str, ...]) -> tuple[str, str, str]:
    """Return the names of the view, the record and the context; "" for one that is not there."""
    if len(parameters) == 1:
        return parameters[0], "", ""
    if len(parameters) == 2:
        return "", parameters[0], parameters[1]
    return "state", "data", "context"


def is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def extent(text: str, node: ast.expr) -> tuple[int, int]:
    """Return where `node` starts and ends in `text`, as character offsets."""
    assert node.end_lineno is not None and node.end_col_offset is not None
    start = offset_in(text, node.lineno, node.col_offset)
    return start, offset_in(text, node.end_lineno, node.end_col_offset)


# -- what may be written elsewhere ---------------------------------------------------------


def fusion_of(code: InlineCode, uses: RecordUses) -> Fusion | None:
    """Return how to fuse the code's expression, or None where it must be called instead."""
    expression = code.expression
    assert expression is not None
    bound = bound_names(expression)
    if uses.bare or bound & {uses.view, uses.record, uses.context}:
        return None
    if any(isinstance(node, UNFUSABLE) for node in ast.walk(expression)):
        return None
    if any(captures_record(node, uses) for node in lazy_parts(expression)):
        return None
    start, end = extent(code.source.text, expression)
    edits = sorted(uses.edits.values(), key=lambda edit: edit.start)
    inside = {name for node in uses.edits for name in names_in(node)}
    free = names_in(expression) - bound - inside
    return Fusion(start, end, tuple(edits), frozenset(free), frozenset(bound))


def bound_names(expression: ast.expr) -> set[str]:
    """Return the names that comprehensions and inner lambdas of `expression` bind."""
    bound = set()
    for node in ast.walk(expression):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
    return bound


def names_in(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def lazy_parts(expression: ast.expr) -> Iterator[ast.AST]:
    """Yield the generator expressions and lambdas that may outlive the expression's own value."""
    eager: set[ast.AST] = set()
    for node in ast.walk(expression):
        if isinstance(node, ast.Call) and uses_up_arguments(node.func):
            eager.update(node.args)
            eager.update(keyword.value for keyword in node.keywords)
    for node in ast.walk(expression):
        if isinstance(node, ast.GeneratorExp | ast.Lambda) and node not in eager:
            yield node


def uses_up_arguments(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        return called.id in EAGER_BUILTINS
    return isinstance(called, ast.Attribute) and called.attr == "join"


def captures_record(node: ast.AST, uses: RecordUses) -> bool:
    return any(part in uses.edits for part in ast.walk(node))


# -- what it may do to the record ----------------------------------------------------------


class Effects:
    """Collects what the calls of an expression may do to a record."""

    def __init__(self, record_names: frozenset[str]) -> None:
        self.record_names = record_names
        self.mutates = False
        self.leaks = False

    def visit_call(self, call: ast.Call) -> None:
        called = call.func
        if isinstance(called, ast.Name) and called.id in PURE_BUILTINS:
            return
        if isinstance(called, ast.Attribute):
            if called.attr in PURE_METHODS or is_module_path(called, self.record_names):
                return
            if called.attr in MUTATORS:
                self.mutates = True
                return
        self.mutates = self.leaks = True


def effects_of(expression: ast.expr, record_names: frozenset[str]) -> Effects:
    effects = Effects(record_names)
    for node in ast.walk(expression):
        if isinstance(node, ast.Call):
            effects.visit_call(node)
        elif isinstance(node, ast.Await | ast.Yield | ast.YieldFrom):
            effects.mutates = effects.leaks = True
    return effects


def is_module_path(node: ast.expr, record_names: frozenset[str]) -> bool:
    """Tell whether `node` is an attribute path from a pure module, as in `re.sub` or
    `__import__('time').time`, or from what such a path gave when called."""
    while isinstance(node, ast.Attribute | ast.Call):
        node = node.value if isinstance(node, ast.Attribute) else node.func
    if not isinstance(node, ast.Name) or node.id in record_names:
        return False
    return node.id == "__import__" or node.id in PURE_MODULES


PURE_MODULES = frozenset(
    """base64 calendar collections datetime decimal fractions functools hashlib itertools json
    math operator random re statistics string textwrap time unicodedata uuid zoneinfo""".split()
)
"""Keep nothing of what their functions are given."""


# -- what it gives -------------------------------------------------------------------------


def gives_dict(node: ast.expr, uses: RecordUses) -> bool:
    """Tell whether `node`, if it has a value at all, has a plain dict."""
    if isinstance(node, ast.Dict | ast.DictComp):
        return True
    if isinstance(node, ast.Call):
        return is_name(node.func, "dict")
    if isinstance(node, ast.IfExp):
        return gives_dict(node.body, uses) and gives_dict(node.orelse, uses)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        left = uses.is_record(node.left) or gives_dict(node.left, uses)
        return left and gives_dict(node.right, uses)
    return False


def never_tuple(node: ast.expr) -> bool:
    """Tell whether `node`, over JSON values, can never be a tuple."""
    if isinstance(node, ast.Compare | ast.JoinedStr | ast.Dict | ast.List | ast.Set):
        return True
    if isinstance(node, ast.Constant):
        return not isinstance(node.value, tuple)
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not)
    if isinstance(node, ast.BoolOp):
        return all(map(never_tuple, node.values))
    if isinstance(node, ast.IfExp):
        return never_tuple(node.body) and never_tuple(node.orelse)
    return isinstance(node, ast.Call) and gives_no_tuple(node.func)


def gives_no_tuple(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        return called.id in PLAIN_BUILTINS
    return isinstance(called, ast.Attribute) and called.attr in BOOL_METHODS


def is_builtin(name: str) -> bool:
    return name in vars(builtins)
