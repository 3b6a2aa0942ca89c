"""Compiling inline code, so that Python's tracebacks show the config's own lines and columns."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable
from dataclasses import dataclass, replace
from textwrap import dedent
from traceback import walk_tb
from types import CodeType
from typing import Any

from statepipe.errors import ConfigError, Problem, Span
from statepipe.functions.asking import ASKER, asked_names, may_ask, take_from_asker
from statepipe.functions.inline import ParsedInline
from statepipe.functions.names import namespace
from statepipe.functions.parsing import TOO_DEEP, described, shift_error
from statepipe.functions.positions import Positions
from statepipe.functions.scopes import FunctionNode, free_names
from statepipe.functions.signature import CallStyle
from statepipe.functions.view import Context, StateView, view_in
from statepipe.record import Record
from statepipe.source_text import SourceText

VIEW = "__statepipe_view__"  # a name that untrusted code cannot use, for what we add to code
RESULT = "__statepipe_function__"
OUTER = "__statepipe_outer__"


@dataclass(frozen=True, slots=True)
class Compiled:
    """Inline code, ready to be called as `style` says.

    Unless it is a body that uses both `state` and `context`, `call` is a plain Python function
    whose `__globals__` hold everything that the code's free names stand for. `asks` and `named`
    are as in `Function`.
    """

    call: Callable[..., Any]  # user code: anything may come back
    style: CallStyle
    asks: bool
    named: bool


def compile_inline(parsed: ParsedInline, *, trusted: bool) -> Compiled:
    """Compile checked inline code. Nothing of it runs but the imports above a `def`.

    Raises ConfigError for what only Python's compiler finds, as a `break` outside a loop.
    """
    warn_of_escapes(parsed)
    named = any(asked_names(parsed.tree))
    style = _style(parsed)
    if named and style == "record":
        style = "view"  # there has to be something to ask
    both = parsed.form == "body" and style == "data_context" and _uses(parsed, "state")
    function = _with_parameters(parsed, style, keep_all=both)
    if named:
        function = _with_asker(parsed, function)
    names = {name.id for name in free_names(parsed.tree)}
    scope = namespace(names, trusted=trusted)
    scope[VIEW] = view_in
    call = _define(parsed, function, scope)
    if both:
        call = _with_state(call, is_async=parsed.is_async)
    asks = named or (style != "record" and may_ask(parsed.tree))
    return Compiled(call, style, asks, named)


def warn_of_escapes(parsed: ParsedInline) -> None:
    """Let Python warn of invalid escapes, as `'\\d'`: once, with the config's file and line.

    Of all else that it warns of, it does so when it compiles. Raises ConfigError where warnings
    are errors.
    """
    source = parsed.code.source
    if "\\" not in source.text:
        return
    above, bracket = source.locate(0)[0] - 1, parsed.code.expression is not None
    text = f"({source.text}\n)" if bracket else dedent(source.text)
    try:
        ast.parse("\n" * above + text, file_name(source))
    except SyntaxError as error:
        if "invalid escape" in error.msg:
            shift_error(error, above, int(bracket))
            raise ConfigError([described(source, error)]) from error


def _style(parsed: ParsedInline) -> CallStyle:
    """Return how the code wants its record; without parameters, by the names that it uses."""
    parameters = parsed.code.parameters
    if parameters:
        return "view" if len(parameters) == 1 else "data_context"
    if _uses(parsed, "context"):
        return "data_context"
    return "view" if _uses(parsed, "state") else "record"


def _uses(parsed: ParsedInline, name: str) -> bool:
    nodes = ast.walk(parsed.function)
    return any(isinstance(node, ast.Name) and node.id == name for node in nodes)


def _with_parameters(parsed: ParsedInline, style: CallStyle, *, keep_all: bool) -> FunctionNode:
    """Return the function in config positions, with the parameters that `style` gives."""
    function = Positions(parsed.code.source).in_config(parsed.function)
    if parsed.code.parameters or keep_all or isinstance(function, ast.Lambda):
        return function
    given = {"view": ("state",), "record": ("data",), "data_context": ("data", "context")}[style]
    function.args.args = [arg for arg in function.args.args if arg.arg in given]
    for name, value in (
        ("data", "state.data"),
        ("state", f"{VIEW}(context, data)"),
    ):
        if name not in given and _uses(parsed, name):
            [assignment] = ast.parse(f"{name} = {value}").body
            for node in ast.walk(assignment):
                ast.copy_location(node, function)
            function.body.insert(0, assignment)
    return function


def _with_asker(parsed: ParsedInline, function: FunctionNode) -> FunctionNode:
    """Return the function with one more parameter, which `now`, `uuid` and `rng` come from.

    A `def` may call itself, with its own parameters only, and so stands inside another.
    """
    last = ast.Expr(function) if isinstance(function, ast.Lambda) else function
    take_from_asker(ast.Module([*parsed.before, last], []))
    if parsed.form != "def" or isinstance(function, ast.Lambda):
        function.args.args.append(ast.copy_location(ast.arg(ASKER, None), function))
        return function
    given = ", ".join(f"__statepipe_{number}__" for number in range(len(parsed.code.parameters)))
    text = f"def {OUTER}({given}, {ASKER}): return {function.name}({given})"
    [outer] = ast.parse(text).body
    assert isinstance(outer, ast.FunctionDef)
    for node in ast.walk(outer):
        ast.copy_location(node, function)
    outer.body.insert(0, function)
    return outer


def _define(parsed: ParsedInline, function: FunctionNode, scope: dict[str, Any]) -> Any:
    """Run the definition of `function` in `scope` and return the function."""
    source = parsed.code.source
    if isinstance(function, ast.Lambda):
        return eval(_code(source, ast.Expression(function)), scope)
    positions = Positions(source)
    before = [positions.in_config(statement) for statement in parsed.before]
    target = ast.copy_location(ast.Name(RESULT, ast.Store()), function)
    value = ast.copy_location(ast.Name(function.name, ast.Load()), function)
    keep = ast.copy_location(ast.Assign([target], value), function)
    code = _code(source, ast.Module([*before, function, keep], []))
    try:
        exec(code, scope)
    except Exception as error:  # an import, a decorator, a default: user code that runs now
        raise ConfigError([_definition_problem(source, error)]) from error
    return scope.pop(RESULT)


def _definition_problem(source: SourceText, error: Exception) -> Problem:
    """Return the problem at the line of the author's that was running last."""
    name, line = file_name(source), None
    for frame, number in walk_tb(error.__traceback__):
        if frame.f_code.co_filename == name:
            line = number
    place = replace(source.place, line=line) if line else source.place
    reason = f"{type(error).__name__}: {error}"
    return Problem(place, f"the definition of this function fails: {reason}")


def _code(source: SourceText, tree: ast.Expression | ast.Module) -> CodeType:
    mode = "eval" if isinstance(tree, ast.Expression) else "exec"
    try:
        return compile(tree, file_name(source), mode, dont_inherit=True)
    except SyntaxError as error:
        raise ConfigError([_compile_problem(source, error)]) from error
    except (RecursionError, MemoryError) as error:
        raise ConfigError([Problem(source.place, TOO_DEEP)]) from error


def _compile_problem(source: SourceText, error: SyntaxError) -> Problem:
    message = f"this is not valid Python: {error.msg}"
    if error.lineno is None or not 0 < error.lineno <= len(source.lines):
        return Problem(source.place, message)
    text, column = source.lines[error.lineno - 1], error.offset or 1
    place = replace(source.place, line=error.lineno, column=column)
    end = (error.end_offset or 0) - 1 if error.end_lineno == error.lineno else len(text)
    return Problem(place, message, None, Span(place, text, column - 1, max(column, end)))


def file_name(source: SourceText) -> str:
    """Return the file that tracebacks name for code of `source`.

    Code of a dict config has none: its text is put into `linecache` under a name made of its
    keys. Different texts under the same keys, as in two configs, get different names.
    """
    if source.place.file is not None:
        return source.place.file
    lines = [line + "\n" for line in source.lines]
    name, number = f"<statepipe {source.place.keys}>", 1
    while name in linecache.cache and linecache.getlines(name) != lines:
        number += 1
        name = f"<statepipe {source.place.keys} ({number})>"
    linecache.cache[name] = (len(source.text), None, lines, name)
    return name


def is_code_of(filename: str, source: SourceText) -> bool:
    """Tell whether `file_name` has given `filename` to code of `source`, now or before.

    It may give another name by now: anyone may clear `linecache`.
    """
    if source.place.file is not None:
        return filename == source.place.file
    name = f"<statepipe {source.place.keys}"
    return filename == f"{name}>" or filename.startswith(f"{name} (")


def _with_state(inline: Callable[..., Any], *, is_async: bool) -> Callable[..., Any]:
    """Give `inline(data, state, context)` its state, and keep what it assigns to `state.data`."""

    def finish(value: Any, state: StateView, data: Record) -> Any:
        return state.data if value is None and state.data is not data else value

    def call(data: Record, context: Context, *asker: Context) -> Any:
        state = view_in(context, data)
        return finish(inline(data, state, context, *asker), state, data)

    async def call_async(data: Record, context: Context, *asker: Context) -> Any:
        state = view_in(context, data)
        return finish(await inline(data, state, context, *asker), state, data)

    return call_async if is_async else call
