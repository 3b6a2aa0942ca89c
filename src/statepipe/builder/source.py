"""Sources: from a Python function back to the text that it was written as.

A lambda is found by its code: of all that begin on its line, the one that compiles to the same
instructions at the same columns. So several on one line are told apart, and a file that was
changed since is noticed.
"""

from __future__ import annotations
import __future__

import ast
import linecache
import textwrap
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, FunctionType
from typing import TypeAlias

Definition: TypeAlias = ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef
FUTURES = sum(vars(__future__)[name].compiler_flag for name in __future__.all_feature_names)


class NoSourceError(Exception):
    """The text of a function cannot be had: the reason, and what to do about it."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice


WRITE_CODE = "give the code as a text, or put the function into a module of its own"


def definition_of(function: FunctionType) -> tuple[Definition, str]:
    """Return the tree of a function's definition, and the text of the file around it.

    Raises NoSourceError where there is no text, or another than was compiled.
    """
    code = function.__code__
    lines = linecache.getlines(code.co_filename, function.__globals__)
    if not lines:
        raise NoSourceError(f"the file it is from, {code.co_filename}, cannot be read", WRITE_CODE)
    text = "".join(lines)
    try:
        tree = parsed(text)
    except (SyntaxError, ValueError) as error:
        raise NoSourceError(f"{code.co_filename} is no Python any more", WRITE_CODE) from error
    imports = list(imports_of(tree))
    for node in definitions(tree, code):
        if compiles_to(node, code, imports):
            return node, text
    where = f"{code.co_filename}:{code.co_firstlineno}"
    raise NoSourceError(f"what stands at {where} is not what was loaded from there", WRITE_CODE)


@lru_cache(maxsize=8)
def parsed(text: str) -> ast.Module:
    """Return the tree of a file, which most functions of a machine share."""
    return ast.parse(text)


def definitions(tree: ast.AST, code: CodeType) -> Iterator[Definition]:
    """Yield the definitions in `tree` that begin where `code` does and are called as it is."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda):
            if code.co_name == "<lambda>" and node.lineno == code.co_firstlineno:
                yield node
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            if node.name == code.co_name and first == code.co_firstlineno:
                yield node


def imports_of(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the imports of a module, which Python looks at when it compiles its functions.

    A method of what was imported is called with other instructions than one of a value.
    """
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            todo.extend(reversed(list(ast.iter_child_nodes(node))))


def compiles_to(node: Definition, code: CodeType, imports: list[ast.stmt]) -> bool:
    """Tell whether a definition gives the instructions of `code`, at the same lines and columns."""
    mine = compiled(node, code, imports)
    return (
        mine is not None
        and same_code(mine, code)
        and list(mine.co_positions()) == list(code.co_positions())
    )


def same_code(one: CodeType, other: CodeType) -> bool:
    """Tell whether two functions do the same, wherever they stand."""
    if len(one.co_consts) != len(other.co_consts):
        return False
    pairs = zip(one.co_consts, other.co_consts, strict=True)
    return (
        one.co_varnames == other.co_varnames
        and one.co_names == other.co_names
        and one.co_code == other.co_code
        and all(same_constant(mine, its) for mine, its in pairs)
    )


def same_constant(one: object, other: object) -> bool:
    if isinstance(one, CodeType) and isinstance(other, CodeType):
        return same_code(one, other)
    qualified = isinstance(one, str) and isinstance(other, str) and "<locals>" in other
    return qualified or (type(one) is type(other) and repr(one) == repr(other))


def compiled(node: Definition, like: CodeType, imports: list[ast.stmt]) -> CodeType | None:
    """Return the code of a definition that stands alone; None where it cannot stand so.

    What `like` takes from the function around it, is taken from one here.
    """
    statement = ast.Expr(node) if isinstance(node, ast.Lambda) else node
    body: list[ast.stmt] = [statement]
    if like.co_freevars:
        [outer] = ast.parse(f"def outer({', '.join(like.co_freevars)}): pass").body
        assert isinstance(outer, ast.FunctionDef)
        outer.body = body
        body = [outer]
    module = ast.fix_missing_locations(ast.Module([*imports, *body], []))
    flags = like.co_flags & FUTURES
    try:
        whole = compile(module, "<statepipe source>", "exec", flags, dont_inherit=True)
    except SyntaxError:
        return None
    start = (like.co_name, like.co_firstlineno)
    return next((c for c in codes_in(whole) if (c.co_name, c.co_firstlineno) == start), None)


def codes_in(code: CodeType) -> Iterator[CodeType]:
    """Yield the codes of the functions in `code`, outer ones first."""
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from codes_in(each)


def text_of(node: Definition, text: str) -> str:
    """Return a definition as it stands in `text`, but for annotations, which inline code drops.

    Where only its meaning can be kept, as of a text that goes on at the left margin, Python
    writes it anew.
    """
    extent = Extent(text)
    own = extent.of(node)
    if isinstance(node, ast.Lambda):
        return moved_left(own, extent.margin(node))
    plain = ast.parse(ast.unparse(node)).body[0]
    for each in ast.walk(plain):
        if isinstance(each, ast.arg):
            each.annotation = None
        elif isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            each.returns = None
    moved = textwrap.dedent(" " * node.col_offset + own)
    return moved if means(moved, plain) else ast.unparse(plain)


def moved_left(text: str, margin: int) -> str:
    """Return a lambda with its later lines moved left by `margin`, where that changes nothing."""
    first, *others = text.split("\n")
    moved = "\n".join([first, *(line[min(margin, indent(line)) :] for line in others)])
    same = ast.dump(ast.parse(f"({text}\n)")) == ast.dump(ast.parse(f"({moved}\n)"))
    return moved if same else text


def indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def means(text: str, node: ast.stmt) -> bool:
    try:
        [statement] = ast.parse(text).body
    except (SyntaxError, ValueError):
        return False
    return ast.dump(statement) == ast.dump(node)


class Extent:
    """A text and where its lines begin: from Python's lines and UTF-8 columns to characters."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))

    def at(self, line: int, column: int) -> int:
        before = self.lines[line - 1].encode()[:column]
        return self.starts[line - 1] + len(before.decode())

    def bounds(self, node: ast.expr | ast.stmt | ast.arg) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self.at(node.lineno, node.col_offset), self.at(node.end_lineno, node.end_col_offset)

    def margin(self, node: Definition) -> int:
        """Return by how much the line is indented on which a definition begins."""
        return indent(self.lines[node.lineno - 1])

    def of(self, node: Definition) -> str:
        """Return the text of a definition, annotations of functions cut out of it."""
        start, end = self.bounds(node)
        pieces, position = [], start
        for first, last in sorted(self.annotations(node)):
            pieces.append(self.text[position:first])
            position = last
        return "".join([*pieces, self.text[position:end]])

    def annotations(self, node: Definition) -> Iterator[tuple[int, int]]:
        """Yield the bounds of `: type` and `-> type` of each function in `node`."""
        for each in ast.walk(node):
            if isinstance(each, ast.arg) and each.annotation is not None:
                name = self.at(each.lineno, each.col_offset) + len(each.arg)
                yield name, self.bounds(each.annotation)[1]
            elif isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.returns:
                first, last = self.bounds(each.returns)
                arrow = self.text.rindex("->", 0, first)
                yield len(self.text[:arrow].rstrip()), last
