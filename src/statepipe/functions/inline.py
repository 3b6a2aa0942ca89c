"""Inline code: from a text in a config to a parsed function, in any of the forms it may have."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from statepipe.errors import ConfigError, Problem
from statepipe.functions.function import InlineCode
from statepipe.functions.parsing import (
    UNPARSABLE,
    parse_expression,
    parse_statements,
    syntax_problem,
)
from statepipe.functions.positions import Located, Positions
from statepipe.functions.scopes import FUNCTIONS, FunctionNode
from statepipe.source_text import SourceText

Form: TypeAlias = Literal["lambda", "expression", "body", "def"]
IMPLICIT = ("data", "state", "context")
"""The names that code without parameters finds."""

IMPLICIT_NAME = "<inline>"  # no name, so that the code cannot call itself

# Python 3.12 and later want this field of a function.
TYPE_PARAMS: dict[str, Any] = {"type_params": []} if sys.version_info >= (3, 12) else {}

FORMS = "inline code is a lambda, an expression, a body with `return`, or a `def`"
ONE_OR_TWO = "give it one parameter (the state) or two (data, context)"


@dataclass(frozen=True, slots=True, eq=False)
class ParsedInline:
    """Inline code as trees whose positions count lines and UTF-8 columns of `code.source.text`.

    `function` is the author's lambda or `def`; an expression or a body stands in a `def` made
    for it, with the parameters `data`, `state` and `context`. `before` holds the imports and
    helper functions that the author wrote above the `def`.
    """

    form: Form
    code: InlineCode
    function: FunctionNode
    before: tuple[ast.stmt, ...] = ()

    @property
    def is_async(self) -> bool:
        return isinstance(self.function, ast.AsyncFunctionDef)

    @property
    def tree(self) -> ast.Module:
        function = self.function
        last = ast.Expr(function) if isinstance(function, ast.Lambda) else function
        return ast.Module([*self.before, last], [])


def read_inline(source: SourceText) -> ParsedInline:
    """Parse the inline code `source`. Raises ConfigError."""
    # Python counts a lone CR as a line end; with a newline in its place everybody does.
    source = replace(source, text=re.sub(r"\r(?!\n)", "\n", source.text))
    try:
        parsed = _read_expression(source)
    except UNPARSABLE:
        try:
            parsed = _read_statements(source)
        except UNPARSABLE as error:
            raise syntax_problem(source) from error
    if problems := list(_wrong_function(parsed)):
        raise ConfigError(problems)
    return parsed


def _read_expression(source: SourceText) -> ParsedInline:
    expression = parse_expression(source.text)
    if expression is None:
        raise ConfigError([Problem(source.place, "this inline code is empty", FORMS)])
    match expression:
        case ast.Lambda():
            code = InlineCode(source, _parameters(expression), expression.body)
            return ParsedInline("lambda", code, expression)
        case ast.Tuple(elts=[ast.Lambda(), *_]):
            raise ConfigError([_lambda_ends_early(source, expression)])
    body = ast.copy_location(ast.Return(expression), expression)
    return ParsedInline("expression", InlineCode(source, (), expression), _implicit_def([body]))


def _lambda_ends_early(source: SourceText, expression: ast.Tuple) -> Problem:
    return Positions(source).problem(
        expression.elts[-1],
        "the lambda ends at its first comma outside brackets",
        "put its value in brackets: `lambda state: (a, b)`",
    )


def _read_statements(source: SourceText) -> ParsedInline:
    *before, last = parse_statements(source.text)
    returns = any(isinstance(node, ast.Return) for node in _own_nodes([*before, last]))
    if isinstance(last, ast.FunctionDef | ast.AsyncFunctionDef) and not returns:
        code = InlineCode(source, _parameters(last), None)
        return ParsedInline("def", code, last, tuple(before))
    return ParsedInline("body", InlineCode(source, (), None), _implicit_def([*before, last]))


def _parameters(function: FunctionNode) -> tuple[str, ...]:
    return tuple(arg.arg for arg in (*function.args.posonlyargs, *function.args.args))


def _implicit_def(body: list[ast.stmt]) -> FunctionNode:
    first = body[0]
    parameters = [ast.copy_location(ast.arg(name, None), first) for name in IMPLICIT]
    arguments = ast.arguments([], parameters, None, [], [], None, [])
    waits = any(map(_is_async, _own_nodes(body)))
    kind = ast.AsyncFunctionDef if waits else ast.FunctionDef
    function = kind(name=IMPLICIT_NAME, args=arguments, body=body, decorator_list=[], **TYPE_PARAMS)
    function.lineno, function.col_offset = first.lineno, first.col_offset
    function.end_lineno, function.end_col_offset = body[-1].end_lineno, body[-1].end_col_offset
    return function


def _own_nodes(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body, but not those of functions and classes in it."""
    todo: list[ast.AST] = list(body)
    while todo:
        node = todo.pop()
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            yield node
            todo.extend(ast.iter_child_nodes(node))


def _is_async(node: ast.AST) -> bool:
    return isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith) or (
        isinstance(node, ast.comprehension) and bool(node.is_async)
    )


def _wrong_function(parsed: ParsedInline) -> Iterator[Problem]:
    positions = Positions(parsed.code.source)
    if parsed.form in ("lambda", "def"):
        yield from _wrong_parameters(parsed, positions)
    for statement in parsed.before:
        if not isinstance(
            statement, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef
        ):
            yield positions.problem(
                statement,
                "this statement would run once, not for each record",
                "move it into the `def` below",
            )
    function = parsed.function
    body = [function.body] if isinstance(function, ast.Lambda) else function.body
    for node in _own_nodes([_statement(item) for item in body]):
        if isinstance(node, ast.Yield | ast.YieldFrom):
            yield positions.problem(
                node, "`yield` makes this a generator", "give one value: use `return`"
            )
        elif isinstance(function, ast.Lambda) and isinstance(node, ast.Await):
            yield positions.problem(
                node, "a lambda cannot await", "leave `lambda ...:` out, or write an `async def`"
            )


def _statement(node: ast.stmt | ast.expr) -> ast.stmt:
    return ast.Expr(node) if isinstance(node, ast.expr) else node


def _wrong_parameters(parsed: ParsedInline, positions: Positions) -> Iterator[Problem]:
    arguments = parsed.function.args
    what = "this lambda" if parsed.form == "lambda" else "this function"
    for arg in (arguments.vararg, arguments.kwarg, *arguments.kwonlyargs):
        if arg is not None:
            yield positions.problem(
                arg, f"{what} has a parameter that nothing is given for", ONE_OR_TWO
            )
    for default in (*arguments.defaults, *arguments.kw_defaults):
        if default is not None:
            yield positions.problem(default, f"{what} has a parameter default", ONE_OR_TWO)
    if arguments.vararg is not None:
        return
    count = len(arguments.posonlyargs) + len(arguments.args)
    if count not in (1, 2):
        where: Located = parsed.function
        if count:
            where = [*arguments.posonlyargs, *arguments.args][-1]
        yield positions.problem(where, f"{what} has {count} parameters", ONE_OR_TWO)
