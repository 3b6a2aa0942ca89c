"""Trust: what inline code of a config file may do.

A config file is data, so its inline code may only use what is listed here, in `names` and in
`attributes`: kinds of syntax, builtins, attributes of modules and of values. Whatever is not
listed is refused, so that syntax and library that a later Python adds is refused too. The check
reads the tree and runs nothing. It does not limit time or memory, but for constants that are
huge by themselves.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from string import Formatter
from typing import Any

from statepipe.errors import Problem
from statepipe.functions.asking import NAMES
from statepipe.functions.attributes import SAFE_ATTRIBUTES
from statepipe.functions.inline import IMPLICIT
from statepipe.functions.names import BUILTINS, MODULES, SAFE_BUILTINS, attributes_of
from statepipe.functions.positions import Located, Positions
from statepipe.functions.scopes import Meaning, meanings
from statepipe.functions.sizes import too_large, wide
from statepipe.source_text import SourceText

TRUST_ADVICE = "pass trusted=True or --trust if you wrote this config"

SAFE_NODES: frozenset[type[ast.AST]] = frozenset(
    (
        # structure
        *(ast.Module, ast.Expression, ast.Expr, ast.Lambda, ast.FunctionDef),
        *(ast.AsyncFunctionDef, ast.arguments, ast.arg, ast.Return, ast.Import, ast.ImportFrom),
        *(ast.alias, ast.keyword),
        # statements
        *(ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete, ast.For, ast.While, ast.If),
        *(ast.Try, ast.ExceptHandler, ast.Raise, ast.Assert, ast.Pass, ast.Break, ast.Continue),
        # expressions
        *(ast.BoolOp, ast.NamedExpr, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Dict, ast.Set),
        *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.comprehension),
        *(ast.Await, ast.Compare, ast.Call, ast.FormattedValue, ast.JoinedStr, ast.Constant),
        *(ast.Attribute, ast.Subscript, ast.Starred, ast.Name, ast.List, ast.Tuple, ast.Slice),
        *(ast.Load, ast.Store, ast.Del),
        # patterns
        *(ast.Match, ast.match_case, ast.MatchValue, ast.MatchSingleton, ast.MatchSequence),
        *(ast.MatchMapping, ast.MatchStar, ast.MatchAs, ast.MatchOr, ast.MatchClass),
        # operators
        *(ast.And, ast.Or, ast.Not, ast.Invert, ast.UAdd, ast.USub, ast.Add, ast.Sub, ast.Mult),
        *(ast.MatMult, ast.Div, ast.Mod, ast.Pow, ast.LShift, ast.RShift, ast.BitOr, ast.BitXor),
        *(ast.BitAnd, ast.FloorDiv, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE),
        *(ast.Is, ast.IsNot, ast.In, ast.NotIn),
    )
)

# A pattern with one of these matches the value itself; with other classes it reads attributes.
PATTERN_CLASSES = frozenset(
    ("bool", "bytearray", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str")
) | {"tuple"}

# `uuid` that is no attribute's begin is the function.
CALLED_NAMES = frozenset(NAMES) - {"rng"}

# What can take long; it may, but not while a config is only being loaded.
WORK = (ast.Call, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Await)

# String fields of nodes that are no identifiers.
TEXT_FIELDS = {ast.Constant: ("value", "kind"), ast.alias: ("name",), ast.ImportFrom: ("module",)}


def untrusted_problems(tree: ast.AST, source: SourceText) -> list[Problem]:
    """Return what `tree` does that untrusted code may not, in the order of the text.

    Positions in `tree` count lines and UTF-8 columns of `source.text`.
    """
    check = _Check(tree, Positions(source))
    check.visit(tree, None)
    return list(dict.fromkeys(check.problems))


class _Check:
    """One pass over a tree; a node's parent is visited before it."""

    def __init__(self, tree: ast.AST, positions: Positions) -> None:
        self.positions = positions
        self.meanings = meanings(tree)
        self.problems: list[Problem] = []
        # Nodes that are refused elsewhere but stand where they may: modules before the dot of an
        # attribute, `format` of a literal, `state.data` to the left of `=`.
        self.at_home: set[ast.AST] = set(_view_assignments(tree))
        self.at_load: set[ast.AST] = set(_run_at_load(tree))

    def refuse(self, node: Located, what: str, advice: str = TRUST_ADVICE) -> None:
        message = f"{what} not allowed in the inline code of an untrusted config"
        self.problems.append(self.positions.problem(node, message, advice))

    def visit(self, node: ast.AST, place: Located | None) -> None:
        """Check `node` and all below it; `place` is the nearest node above with a position."""
        if isinstance(node, Located):
            place = node
        if type(node) not in SAFE_NODES:
            self.refuse_kind(node, place)
            return
        private = [name for name in _identifiers(node) if name.startswith("_") and name != "_"]
        if private and node not in self.at_home:
            self.refuse_at(node, place, f"the name {private[0]!r} is")
        elif type(node) in RULES:
            RULES[type(node)](self, node)
        if too_large(node):
            self.refuse_at(node, place, "a constant of this size is")
        if node in self.at_load and isinstance(node, WORK):
            self.refuse_at(node, place, "work in a default or annotation, done while loading, is")
        for child in ast.iter_child_nodes(node):
            self.visit(child, place)

    def refuse_kind(self, node: ast.AST, place: Located | None) -> None:
        self.refuse_at(
            node, place, f"`{KEYWORDS.get(type(node).__name__, type(node).__name__)}` is"
        )

    def refuse_at(self, node: ast.AST, place: Located | None, what: str) -> None:
        where = node if isinstance(node, Located) else place
        if where is None:
            message = f"{what} not allowed in the inline code of an untrusted config"
            self.problems.append(Problem(self.positions.source.place, message, TRUST_ADVICE))
        else:
            self.refuse(where, what)

    def meaning(self, node: ast.Name) -> Meaning:
        return self.meanings.get(node, Meaning("mixed"))

    def module_of(self, node: ast.expr) -> str | None:
        """Return the module that `node` stands for, be it allowed or not; None for a value.

        The generator `rng` has the functions of `random`, and may be used as that module may.
        """
        match node:
            case ast.Name(id="rng") if self.meaning(node).kind == "free":
                return "random"
            case ast.Attribute(attr="rng"):
                return "random"
            case ast.Name():
                meaning = self.meaning(node)
                if meaning.kind == "free":
                    return node.id if node.id in MODULES else None
                return meaning.module or None
            case ast.Call(
                func=ast.Name(id="__import__") as function,
                args=[ast.Constant(value=str(name))],
                keywords=[],
            ) if self.meaning(function).kind == "free":
                return name
        return None


def _identifiers(node: ast.AST) -> Iterator[str]:
    """Yield the identifiers that `node` itself holds."""
    texts = TEXT_FIELDS.get(type(node), ())
    for name, value in ast.iter_fields(node):
        if isinstance(value, str) and name not in texts:
            yield value
        elif isinstance(value, list):
            yield from (item for item in value if isinstance(item, str))


def _view_assignments(tree: ast.AST) -> Iterator[ast.Attribute]:
    """Yield the targets `state.data` of assignments, where `state` can only be the state view.

    Any other object could be a class of the standard library, which all code shares.
    """
    match tree:
        case ast.Module(body=[*_, ast.FunctionDef() | ast.AsyncFunctionDef() as entry]):
            parameters = [*entry.args.posonlyargs, *entry.args.args]
        case _:
            return
    if tuple(parameter.arg for parameter in parameters) == IMPLICIT:
        view = parameters[IMPLICIT.index("state")]
    elif len(parameters) == 1:
        view = parameters[0]
    else:
        return
    if any(_binds(node, view.arg) for node in ast.walk(tree) if node is not view):
        return
    if _uses(tree, entry.name):
        return  # it may call itself with something else than a view
    for node in ast.walk(entry):
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            match target:
                case ast.Attribute(value=ast.Name(id=name), attr="data") if name == view.arg:
                    yield target


def _uses(tree: ast.AST, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree))


def _binds(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Name):
        return node.id == name and not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.alias):
        return name in (node.asname, node.name.partition(".")[0])
    return not isinstance(node, ast.Attribute | ast.keyword) and name in _identifiers(node)


def _run_at_load(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that Python evaluates when it defines the functions of `tree`."""
    for function in tree.body if isinstance(tree, ast.Module) else ():
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        evaluated: list[ast.AST] = [function.args]
        if function.returns is not None:
            evaluated.append(function.returns)
        for part in evaluated:
            yield from ast.walk(part)


def _check_name(check: _Check, node: ast.Name) -> None:
    meaning = check.meaning(node)
    if node in check.at_home or (meaning.kind == "free" and node.id in CALLED_NAMES):
        return
    if meaning.kind == "mixed":
        check.refuse(node, f"{node.id!r} for both a module and a value is", "use two names")
    elif check.module_of(node) is not None and isinstance(node.ctx, ast.Load):
        what = f"{node.id!r}" if node.id == "rng" else f"module {node.id!r}"
        check.refuse(node, f"{what} as a value is", "use one of its functions")
    elif meaning.kind == "free" and node.id not in SAFE_BUILTINS and node.id not in MODULES:
        if node.id in BUILTINS:
            check.refuse(node, f"{node.id!r} is")
        else:
            check.refuse(node, f"the unknown name {node.id!r} is")


def _check_attribute(check: _Check, node: ast.Attribute) -> None:
    module = check.module_of(node.value)
    if module is not None:
        _check_module_attribute(check, node, module)
    elif isinstance(node.ctx, ast.Load):
        # Of a name that is refused itself, the attribute would only be a second message.
        if not (node.attr in SAFE_ATTRIBUTES or node in check.at_home or _refused(check, node)):
            check.refuse(node, f"the attribute {node.attr!r} is")
    elif node not in check.at_home:
        check.refuse(
            node, "changing an attribute other than `state.data` is", "change fields of the data"
        )


def _refused(check: _Check, node: ast.Attribute) -> bool:
    name = node.value
    return (
        isinstance(name, ast.Name)
        and check.meaning(name).kind == "free"
        and not (name.id in SAFE_BUILTINS or name.id in MODULES or name.id in NAMES)
    )


def _check_module_attribute(check: _Check, node: ast.Attribute, module: str) -> None:
    check.at_home.add(node.value)
    if isinstance(node.value, ast.Call):
        check.at_home.add(node.value.func)
    if module not in MODULES:
        check.refuse(node.value, f"module {module!r} is")
    elif not isinstance(node.ctx, ast.Load):
        check.refuse(node, "changing a module is")
    elif node.attr not in attributes_of(module):
        check.refuse(node, f"'{module}.{node.attr}' is")


def _check_call(check: _Check, node: ast.Call) -> None:
    function = node.func
    if isinstance(function, ast.Name) and function.id == "__import__":
        if node not in check.at_home:
            check.at_home.add(function)
            check.refuse(
                node,
                "`__import__` other than for an attribute of a module named here is",
                "write `__import__('time').time()`, or just `time.time()`",
            )
        return
    match function:
        case ast.Attribute(attr="format", value=ast.Constant(value=str(text)) as literal):
            check.at_home.add(function)
            _check_format(check, literal, text)


def _check_format(check: _Check, node: ast.expr, text: str) -> None:
    try:
        fields = list(_format_fields(text))
    except ValueError as error:
        # `format` fails on it too, but only after it has read the fields before the fault.
        check.refuse(node, f"a format that cannot be read ({error}) is", "write `{{` for a brace")
        return
    for field, spec in fields:
        if "." in field or "[" in field:
            check.refuse(node, "a format that reads attributes or items is", "use an f-string")
        elif wide(spec):
            check.refuse(node, "a format of this width is")


def _format_fields(text: str) -> Iterator[tuple[str, str]]:
    """Yield the name and spec of each field of a format text, those in specs too.

    Raises ValueError for a text that is no format.
    """
    for _, field, spec, _ in Formatter().parse(text):
        if field is not None:
            yield field, spec or ""
        if spec:
            yield from _format_fields(spec)


def _check_import(check: _Check, node: ast.Import) -> None:
    for alias in node.names:
        if alias.name not in MODULES:
            check.refuse(alias, f"module {alias.name!r} is")


def _check_import_from(check: _Check, node: ast.ImportFrom) -> None:
    module = node.module or ""
    if node.level or module not in MODULES:
        check.refuse(node, f"module {'.' * node.level + module!r} is")
        return
    for alias in node.names:
        if alias.name not in attributes_of(module):
            check.refuse(alias, f"'{module}.{alias.name}' is")


def _check_function(check: _Check, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    for decorator in node.decorator_list:
        check.refuse(decorator, "a decorator is")


def _check_handler(check: _Check, node: ast.ExceptHandler) -> None:
    if node.type is None:
        check.refuse(node, "`except:` without a class is", "write `except Exception:`")


def _check_try(check: _Check, node: ast.Try) -> None:
    # Out of `finally`, these swallow whatever is being raised: a Ctrl-C, a cancellation.
    for jump in _jumps(node.finalbody):
        check.refuse(jump, "leaving `finally` by a jump is", "do it after the `try` statement")


def _jumps(body: Iterable[ast.AST]) -> Iterator[Located]:
    for node in body:
        if isinstance(node, ast.Return | ast.Break | ast.Continue):
            yield node
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _jumps(ast.iter_child_nodes(node))


def _check_comprehension(check: _Check, node: ast.comprehension) -> None:
    if node.is_async:
        check.refuse(node.target, "an async comprehension is")


def _check_class_pattern(check: _Check, node: ast.MatchClass) -> None:
    match node:
        case ast.MatchClass(cls=ast.Name(id=name) as cls, kwd_attrs=[], patterns=[] | [_]):
            if name in PATTERN_CLASSES and check.meaning(cls).kind == "free":
                return
    check.refuse(node, "a pattern that reads attributes is")


RULES: Mapping[type[ast.AST], Callable[[_Check, Any], None]] = {
    ast.Name: _check_name,
    ast.Attribute: _check_attribute,
    ast.Call: _check_call,
    ast.Import: _check_import,
    ast.ImportFrom: _check_import_from,
    ast.FunctionDef: _check_function,
    ast.AsyncFunctionDef: _check_function,
    ast.Try: _check_try,
    ast.ExceptHandler: _check_handler,
    ast.comprehension: _check_comprehension,
    ast.MatchClass: _check_class_pattern,
}

KEYWORDS = {
    "AsyncFor": "async for",
    "AsyncWith": "async with",
    "ClassDef": "class",
    "Global": "global",
    "Nonlocal": "nonlocal",
    "TryStar": "except*",
    "With": "with",
    "Yield": "yield",
    "YieldFrom": "yield from",
}
