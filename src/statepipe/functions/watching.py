"""Watching: inline code compiled so that it tells the value of each of its pieces.

Each piece `x` of an expression becomes `SEEN(number, x)`: everything is evaluated as often, and
in the same order, as in the code itself, with the same names and the same positions.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from types import FunctionType
from typing import Any, TypeAlias, cast

from statepipe.errors import ConfigError, Span
from statepipe.functions.compiled import compile_inline
from statepipe.functions.inline import IMPLICIT, ParsedInline
from statepipe.functions.parsing import READING
from statepipe.functions.pieces import Piece, PieceKind, Tell, Watched
from statepipe.functions.positions import Positions
from statepipe.functions.scopes import free_names
from statepipe.source_text import SourceText

SEEN = "__statepipe_seen__"
"""What the pieces are told to. Untrusted code cannot use the name."""

MAX_PIECES = 300
LONGEST = 200  # characters of a piece's text

SCOPE_READERS = frozenset("breakpoint dir eval exec globals locals super vars".split())
"""With these, code may see what was added to it: it is left alone."""

PLAIN = (ast.Constant, ast.Lambda, ast.GeneratorExp, ast.Starred, ast.Slice, ast.FormattedValue)
DISPLAYS = (ast.Dict, ast.List, ast.Set, ast.Tuple)
"""Their values are what stands in them."""

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
UNTOLD = frozenset({"data", "resources", "rng"})
"""Attributes of a view or a context whose values say nothing, or are shown as the record."""

Found: TypeAlias = tuple[ast.expr, tuple[Piece, ...]]


class TooManyPiecesError(Exception):
    """So many pieces explain nothing any more."""


def watch(parsed: ParsedInline, *, trusted: bool) -> Watched | None:
    """Return checked inline code as one that tells; None for code that is no expression.

    None also where the code looks at the names around it, or is too large to be explained.
    """
    if parsed.code.expression is None or reads_scope(parsed):
        return None
    try:
        function, root = told(parsed)
        compiled = compile_inline(replace(parsed, function=function), trusted=trusted)
    except (ConfigError, RecursionError, TooManyPiecesError):
        return None  # the code itself has been compiled; what was added made it too deep
    return Watched(root, partial(telling, compiled.call))


def reads_scope(parsed: ParsedInline) -> bool:
    return any(name.id in SCOPE_READERS for name in free_names(parsed.tree))


def telling(call: Any, tell: Tell) -> Callable[..., Any]:  # a plain function, of an expression
    """Return `call` with a scope of its own, in which its pieces are told to `tell`."""
    return FunctionType(call.__code__, {**call.__globals__, SEEN: tell}, call.__name__)


def told(parsed: ParsedInline) -> tuple[Any, Piece]:  # a function node of the same kind
    """Return a copy of the code's function whose pieces are told, and the whole as a piece."""
    function = copy.deepcopy(parsed.function)
    parameters = set(parsed.code.parameters or IMPLICIT)
    free = {name.id for name in free_names(parsed.tree)} - parameters
    pieces = _Pieces(parsed.code.source, parameters, free)
    if isinstance(function, ast.Lambda):
        function.body, (root,) = pieces.watched(function.body, always=True)
    else:
        [given] = function.body
        value = cast(ast.expr, cast(ast.Return, given).value)
        cast(ast.Return, given).value, (root,) = pieces.watched(value, always=True)
    return function, root


@dataclass(slots=True, eq=False)
class _Pieces:
    """Finds the pieces of an expression, and writes `SEEN(number, ...)` around each, in place."""

    source: SourceText
    parameters: set[str]
    free: set[str]
    positions: Positions = field(init=False)
    count: int = 0
    in_text: bool = False

    def __post_init__(self) -> None:
        self.positions = Positions(self.source)

    def watched(self, node: ast.expr, *, always: bool = False) -> Found:
        """Return `node` with all pieces told, and the topmost of them: itself, if it is one."""
        wanted = always or self._tells_something(node)
        number, text, span = self.count, "", None
        if wanted:
            self.count += 1
            if self.count > MAX_PIECES:
                raise TooManyPiecesError
            text, span = self._text(node)
        kind, weighed = kind_of(node, self.free)
        was_in_text = self.in_text
        self.in_text = was_in_text or isinstance(node, ast.JoinedStr)
        inside, found = self._inside(node, kind, weighed, wanted)
        self.in_text = was_in_text
        if not wanted:
            return node, inside
        piece = Piece(number, text, kind, span, inside, tuple(found))
        return ast.copy_location(seen(number, node), node), (piece,)

    def _inside(
        self, node: Any, kind: PieceKind, weighed: list[ast.expr], wanted: bool
    ) -> tuple[tuple[Piece, ...], list[Piece]]:
        """Tell the pieces inside `node`; return them, and those that it is `weighed` by."""
        pieces: list[Piece] = []
        found: list[Piece] = []

        def swapped(child: ast.expr) -> ast.expr:
            must = any(child is each for each in weighed)
            new, inner = self.watched(child, always=must)
            pieces.extend(inner)
            if must:
                found.extend(inner)
            return new

        if kind in ("any", "all"):
            generator = node.args[0]
            generator.generators[0].iter = swapped(generator.generators[0].iter)
            generator.elt = swapped(generator.elt)
        elif kind == "pair" and wanted:  # its reason is told as such
            node.elts[0] = swapped(node.elts[0])
        else:
            swap_parts(node, swapped)
        return tuple(pieces), found

    def _tells_something(self, node: ast.expr) -> bool:
        if isinstance(node, PLAIN + DISPLAYS) or is_constant(node):
            return False
        if isinstance(node, ast.Name):
            return node.id not in self.free and node.id not in self.parameters
        if isinstance(node, ast.Attribute):
            root = root_of(node)
            if isinstance(root, ast.Name) and root.id in self.free:
                return False  # a module's
            return not (is_parameter(node.value, self.parameters) and node.attr in UNTOLD)
        return True

    def _text(self, node: ast.expr) -> tuple[str, Span | None]:
        """Return the text of a piece on one line, and where it stands."""
        start, end = self.positions.extent(node)
        text = self.source.text[start:end]
        if self.in_text and not says(text, node):
            return ast.unparse(node)[:LONGEST], None
        if "\n" in text:  # perhaps with comments
            text = ast.unparse(node)
        text = " ".join(text.split("\n"))
        short = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
        return short, self.positions.span(node)


def seen(number: int, node: ast.expr) -> ast.Call:
    call = ast.Call(ast.Name(SEEN, ast.Load()), [ast.Constant(number), node], [])
    for part in (call, call.func, call.args[0]):
        ast.copy_location(part, node)
    return call


def says(text: str, node: ast.expr) -> bool:
    """Tell whether `text` is that of `node`: Python 3.11 misplaces what stands in f-strings."""
    try:
        return ast.dump(ast.parse(text.strip(), READING, mode="eval").body) == ast.dump(node)
    except (SyntaxError, ValueError):
        return False


def kind_of(node: ast.expr, free: set[str]) -> tuple[PieceKind, list[ast.expr]]:
    """Return how `node` comes to its truth, and the nodes that it comes from."""
    match node:
        case ast.BoolOp(op=op, values=values):
            return ("and" if isinstance(op, ast.And) else "or"), values
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return "not", [operand]
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return "if", [test, body, orelse]
        case ast.NamedExpr(value=value):
            return "same", [value]
        case ast.Tuple(elts=[verdict, _]) if not isinstance(verdict, ast.Starred):
            return "pair", [verdict]
    return kind_of_call(node, free)


def kind_of_call(node: ast.expr, free: set[str]) -> tuple[PieceKind, list[ast.expr]]:
    match node:
        case ast.Call(func=ast.Name(id=name), args=[only], keywords=[]) if name in free:
            return kind_of_builtin(name, only)
    return "other", []


def kind_of_builtin(name: str, only: ast.expr) -> tuple[PieceKind, list[ast.expr]]:
    if name == "bool" and not isinstance(only, ast.Starred):
        return "same", [only]
    if name not in ("any", "all") or not isinstance(only, ast.GeneratorExp):
        return "other", []
    if any(each.is_async for each in only.generators):
        return "other", []
    return ("any" if name == "any" else "all"), [only.elt]


def swap_parts(node: ast.AST, swapped: Callable[[ast.expr], ast.expr]) -> None:
    """Put `swapped(part)` in the place of each part of `node` that runs once, when it does.

    The bodies of lambdas and of comprehensions run as often as others like, perhaps later.
    """
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, COMPREHENSIONS):
        node.generators[0].iter = swapped(node.generators[0].iter)
        return
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node.func.value = swapped(node.func.value)  # what a method is of, not the method
    for name, value in ast.iter_fields(node):
        if name == "target" or (name == "func" and isinstance(value, ast.Name | ast.Attribute)):
            continue
        if name == "format_spec" and value is not None:
            swap_parts(value, swapped)  # written like a text, and no value
        elif isinstance(value, ast.AST):
            setattr(node, name, swapped_part(value, swapped))
        elif isinstance(value, list):
            value[:] = [swapped_part(part, swapped) for part in value]


def swapped_part(part: Any, swapped: Callable[[ast.expr], ast.expr]) -> Any:  # of a node
    if isinstance(part, LOOSE) or holds_slice(part):
        swap_parts(part, swapped)
        return part
    return swapped(part) if isinstance(part, ast.expr) else part


LOOSE = (ast.Starred, ast.Slice, ast.FormattedValue, ast.keyword)
"""Have parts with values, and none themselves."""


def holds_slice(part: object) -> bool:
    """Tell whether `part` is an index with a slice in it, which stands nowhere else."""
    return isinstance(part, ast.Tuple) and any(isinstance(each, ast.Slice) for each in part.elts)


def root_of(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node


def is_parameter(node: ast.expr, parameters: set[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in parameters


def is_constant(node: ast.expr) -> bool:
    """Tell whether `node` is made of constants alone, as `-1` is."""
    return all(isinstance(part, CONSTANT) for part in ast.walk(node))


CONSTANT = (ast.Constant, ast.UnaryOp, ast.BinOp, ast.operator, ast.unaryop, ast.expr_context)
