"""What a function reads, changes, calls and gives; whether its code can be written elsewhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from statepipe.functions.function import Function, InlineCode
from statepipe.functions.parsing import READING
from statepipe.functions.positions import Positions
from statepipe.functions.scopes import free_names
from statepipe.plan.additions import additions_of
from statepipe.plan.effects import Effects, imported_module
from statepipe.plan.facts import HARMLESS, UNKNOWN, Edit, Facts, Fusion, Replacement
from statepipe.plan.vocabulary import (
    BOOL_METHODS,
    EAGER_BUILTINS,
    KEYED_BUILTINS,
    PLAIN_BUILTINS,
    SCOPE_BUILTINS,
)

VIEW_METHODS = frozenset({"get", "keys", "values", "items"})

UNFUSABLE = (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)
"""Bind or suspend in the scope they stand in, which must stay the author's own."""


def analyse(function: Function) -> Facts:
    """Return the facts of `function`, proved from its expression; `UNKNOWN` without one.

    Of a pure builtin they are what its maker vouches for.
    """
    if function.pure:
        return facts_of_builtin(function)
    code = function.code
    if code is None or code.expression is None:
        return UNKNOWN
    try:
        return facts_of(function, code, code.expression)
    except RecursionError:  # hundreds of operators in one expression
        return UNKNOWN


def facts_of(function: Function, code: InlineCode, expression: ast.expr) -> Facts:
    uses = RecordUses(code)
    own_names = frozenset(bound_names(expression)) | uses.names
    effects = Effects(expression, uses.view, own_names)
    facts = Facts(
        mutates=effects.mutates,
        leaks=effects.leaks or bool(uses.bare),
        always_dict=gives_dict(expression),
        never_tuple=never_tuple(expression),
        fresh=gives_dict(expression),
        fusion=None if function.is_async or function.named else fusion_of(code, uses),
    )
    if facts.fusion is None or facts.mutates or facts.leaks:
        return facts
    additions = additions_of(expression, facts.fusion, uses.edits, uses.positions)
    return replace(facts, additions=additions)


def facts_of_builtin(function: Function) -> Facts:
    code = function.expression
    if code is None:
        return HARMLESS
    # A verdict is never written as a dict, and a transform as nothing else: see `expressions`.
    return replace(HARMLESS, always_dict=True, fusion=fusion_of(code, RecordUses(code)))


class RecordUses:
    """Where an expression uses its record: `edits` by node, and `bare` uses of the parameters."""

    def __init__(self, code: InlineCode) -> None:
        self.positions = Positions(code.source)
        self.view, self.record, self.context = parameter_names(code.parameters)
        self.names = frozenset({self.view, self.record, self.context} - {""})
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
        if node.attr == "data" and isinstance(node.ctx, ast.Load):
            self._edit(node, "record")
        elif node.attr == "name":
            self._edit(node, "state_name")
        elif node.attr == "error" and isinstance(node.ctx, ast.Load):
            self._edit(node, "error")
        elif node.attr in VIEW_METHODS:  # the view's are the record's
            self._edit(node.value, "record")
        else:
            assert isinstance(node.value, ast.Name)
            self.bare.append(node.value)

    def _visit_name(self, node: ast.Name, parent: ast.AST | None) -> None:
        subscripted = isinstance(parent, ast.Subscript) and parent.value is node
        if node.id == self.record or (node.id == self.view and subscripted):
            self._edit(node, "record")
        elif node.id in (self.view, self.context):
            self.bare.append(node)

    def _edit(self, node: ast.expr, by: Replacement) -> None:
        start, end = self.positions.extent(node)
        self.edits[node] = Edit(start, end, by)


def parameter_names(parameters: tuple[str, ...]) -> tuple[str, str, str]:
    """Return the names of the view, the record and the context; "" for one that is not there."""
    if len(parameters) == 1:
        return parameters[0], "", ""
    if len(parameters) == 2:
        return "", parameters[0], parameters[1]
    return "state", "data", "context"


def is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


# -- what may be written elsewhere ---------------------------------------------------------


def fusion_of(code: InlineCode, uses: RecordUses) -> Fusion | None:
    """Return how to fuse the code's expression, or None where it must be called instead."""
    expression = code.expression
    assert expression is not None
    bound = bound_names(expression)
    if uses.bare or bound & {uses.view, uses.record, uses.context}:
        return None
    if not keeps_to_itself(expression):
        return None
    if any(captures_record(node, uses) for node in lazy_parts(expression)):
        return None
    start, end = uses.positions.extent(expression)
    edits = sorted(uses.edits.values(), key=lambda edit: edit.start)
    inside = {name for node in uses.edits for name in names_in(node)}
    free = {node.id for node in free_names(expression)} - inside
    fusion = Fusion(start, end, tuple(edits), frozenset(free), frozenset(bound))
    return fusion if says_the_same(code, fusion, uses) else None


def keeps_to_itself(expression: ast.expr) -> bool:
    """Tell whether an expression neither binds in the scope it stands in nor looks at it."""
    imports = set()
    for node in ast.walk(expression):
        if isinstance(node, UNFUSABLE):
            return False
        if isinstance(node, ast.Call) and imported_module(node) is not None:
            imports.add(node.func)
        if isinstance(node, ast.Name) and node.id in SCOPE_BUILTINS and node not in imports:
            return False
    return True


def says_the_same(code: InlineCode, fusion: Fusion, uses: RecordUses) -> bool:
    """Tell whether the edited text, parsed again, is the expression with its nodes replaced.

    Python 3.11 gives wrong positions to some parts of f-strings; there, edits go astray.
    """
    text, at = "", fusion.start
    for edit in fusion.edits:
        text += code.source.text[at : edit.start] + STAND_INS[edit.by]
        at = edit.end
    text += code.source.text[at : fusion.end]
    try:
        again = ast.parse(f"((\n{text}))", READING, mode="eval").body
    except SyntaxError:
        return False
    assert code.expression is not None
    return same(code.expression, again, uses)


STAND_INS: dict[Replacement, str] = {
    "record": "data",
    "state_name": "'state'",
    "error": "no_error",
}


def same(old: ast.AST, new: ast.AST, uses: RecordUses) -> bool:
    """Tell whether `new` is `old` with the nodes of `uses.edits` replaced by their stand-ins."""
    if old in uses.edits:
        stand_in = ast.parse(STAND_INS[uses.edits[old].by], mode="eval").body
        return ast.dump(stand_in) == ast.dump(new)
    if type(old) is not type(new):
        return False
    olds, news = list(ast.iter_child_nodes(old)), list(ast.iter_child_nodes(new))
    if len(olds) != len(news) or constants_of(old) != constants_of(new):
        return False
    return all(same(*pair, uses) for pair in zip(olds, news, strict=True))


def constants_of(node: ast.AST) -> list[str]:
    """Return the fields of `node` that are no nodes: names, operators' kinds, constants."""
    values = (value for _, value in ast.iter_fields(node))
    return [repr(value) for value in values if not isinstance(value, ast.AST | list)]


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
        if isinstance(node, ast.Call):
            eager.update(used_up_by(node))
    for node in ast.walk(expression):
        if isinstance(node, ast.GeneratorExp | ast.Lambda) and node not in eager:
            yield node


def used_up_by(call: ast.Call) -> Iterator[ast.AST]:
    """Yield the iterator and the key function that a call is done with when it returns."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    joins = isinstance(call.func, ast.Attribute) and call.func.attr == "join"
    if len(call.args) == 1 and (name in EAGER_BUILTINS or joins):
        yield call.args[0]
    sorts = isinstance(call.func, ast.Attribute) and call.func.attr == "sort"
    if name in KEYED_BUILTINS or sorts:
        yield from (keyword.value for keyword in call.keywords if keyword.arg == "key")


def captures_record(node: ast.AST, uses: RecordUses) -> bool:
    return any(part in uses.edits for part in ast.walk(node))


# -- what it gives -------------------------------------------------------------------------


def gives_dict(node: ast.expr) -> bool:
    """Tell whether `node`, if it has a value at all, has a plain dict.

    The record itself counts for nothing: a caller's may be of a subclass.
    """
    if isinstance(node, ast.Dict | ast.DictComp):
        return True
    if isinstance(node, ast.Call):
        return is_name(node.func, "dict")
    if isinstance(node, ast.IfExp):
        return gives_dict(node.body) and gives_dict(node.orelse)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return gives_dict(node.left) and gives_dict(node.right)
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
