"""References: what a config says about a function, resolved to it. Builtins: `graph.builtins`."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, Literal, NoReturn, cast

from statepipe.errors import ConfigError, Place, Problem
from statepipe.functions.asking import NAMES, asked_names
from statepipe.functions.compiled import compile_inline
from statepipe.functions.function import Function
from statepipe.functions.inline import IMPLICIT, ParsedInline, read_inline
from statepipe.functions.life import life_of
from statepipe.functions.names import BUILTINS, MODULES, close_match
from statepipe.functions.parsing import TOO_DEEP
from statepipe.functions.positions import Positions
from statepipe.functions.scopes import free_names
from statepipe.functions.signature import SignatureError, call_style, is_async, is_generator
from statepipe.functions.trust import TRUST_ADVICE, untrusted_problems
from statepipe.functions.watching import watch
from statepipe.source_text import SourceText

MAX_UNTRUSTED = 50_000  # characters; checking takes time quadratic in the length of a line
SIGNATURE_ADVICE = "a function takes one argument (the state) or two (data, context)"


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What a config says about one function.

    `code` belongs to inline code; `name` to registered and custom functions, `module` and
    `params` to custom ones; `target` is a callable given in a dict config. `places` tells where
    each of `params` stands.
    """

    kind: Literal["inline", "registered", "custom", "callable"]
    place: Place
    code: SourceText | None = None
    name: str | None = None
    module: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    target: Callable[..., Any] | None = None
    places: Mapping[str, Place] = field(default_factory=dict)


def resolve(
    reference: Reference, *, registered: Mapping[str, Callable[..., Any]], trusted: bool
) -> Function:
    """Return the function that `reference` means.

    Inline code that is not `trusted` is checked before anything of it runs; custom functions
    must be trusted, as importing them runs code. Raises ConfigError with all that is wrong.
    """
    match reference:
        case Reference(kind="inline", code=SourceText() as code):
            return _inline(reference, code, registered, trusted=trusted)
        case Reference(kind="registered", name=str(name)):
            return _registered(reference, name, registered)
        case Reference(kind="custom", module=str(module), name=str(name)):
            return _custom(reference, module, name, trusted=trusted)
        case Reference(kind="callable", target=target) if target is not None:
            return _function(reference, _label_of(target), target)
    raise ValueError(f"incomplete reference: {reference}")


def _fail(reference: Reference, message: str, advice: str | None = None) -> NoReturn:
    raise ConfigError([Problem(reference.place, message, advice)])


def _inline(
    reference: Reference,
    source: SourceText,
    registered: Mapping[str, Callable[..., Any]],
    *,
    trusted: bool,
) -> Function:
    parsed = read_inline(source)
    try:
        if problems := inline_problems(parsed, registered, trusted=trusted):
            raise ConfigError(problems)
        compiled = compile_inline(parsed, trusted=trusted)
    except RecursionError as error:
        raise ConfigError([Problem(source.place, TOO_DEEP)]) from error
    return Function(
        label="inline code",
        call=compiled.call,
        style=compiled.style,
        is_async=parsed.is_async,
        place=reference.place,
        code=parsed.code,
        asks=compiled.asks,
        named=compiled.named,
        watch=partial(watch, parsed, trusted=trusted),
    )


def inline_problems(
    parsed: ParsedInline, registered: Iterable[str], *, trusted: bool
) -> list[Problem]:
    """Return what is wrong with parsed inline code, in the order of the text."""
    source = parsed.code.source
    if not trusted and len(source.text) > MAX_UNTRUSTED:
        message = f"more than {MAX_UNTRUSTED} characters of inline code in an untrusted config"
        return [Problem(source.place, message, TRUST_ADVICE)]
    problems = [*unknown_names(parsed, registered), *names_out_of_reach(parsed)]
    if not trusted:
        # An unknown name is refused by both; the advice on names is the better one.
        known = {problem.place for problem in problems}
        refused = untrusted_problems(parsed.tree, source)
        problems += [problem for problem in refused if problem.place not in known]
    return sorted(problems, key=lambda p: (p.place.line or 0, p.place.column or 0))


def unknown_names(parsed: ParsedInline, registered: Iterable[str]) -> Iterator[Problem]:
    """Yield a problem for each name in the code that nothing would give a value."""
    positions = Positions(parsed.code.source)
    known = BUILTINS | MODULES.keys() | set(NAMES)
    given = {argument.arg for argument in parsed.function.args.args}
    # A name that stands alone may be meant as that of a registered function.
    alone = isinstance(parsed.code.expression, ast.Name)
    candidates = known | given
    what = "is neither a registered function nor a name in" if alone else "is not known to"
    for node in free_names(parsed.tree):
        if node.id not in known:
            yield positions.problem(
                node,
                f"name {node.id!r} {what} inline code",
                _alone_advice(node.id, registered, known)
                if alone
                else _name_advice(node.id, candidates, parsed.code.parameters),
            )


def names_out_of_reach(parsed: ParsedInline) -> Iterator[Problem]:
    """Yield a problem for each `now`, `uuid` or `rng` in code that does not run for a record."""
    function, positions = parsed.function, Positions(parsed.code.source)
    decorators = [] if isinstance(function, ast.Lambda) else function.decorator_list
    outside = {node for part in (*parsed.before, *decorators) for node in ast.walk(part)}
    for name in asked_names(parsed.tree):
        if name in outside:
            message = f"{name.id!r} is there only inside the `def` that gets the record"
            yield positions.problem(name, message, "hand it over as an argument")
        elif decorators:
            message = f"{name.id!r} is not there in a function with a decorator"
            yield positions.problem(name, message, f"take it from the state: `state.{name.id}`")


def _alone_advice(name: str, registered: Iterable[str], known: Iterable[str]) -> str:
    """Return advice on a whole code of one name: it was likely to name a function."""
    if match := close_match(name, registered):
        return f"did you mean {match!r}?"
    giving = f"a program gives its functions as custom_functions={{{name!r}: ...}}"
    match = close_match(name, known)
    return giving if match is None else f"{giving}; or did you mean {match!r}?"


def _name_advice(name: str, candidates: Iterable[str], parameters: tuple[str, ...]) -> str:
    if name in IMPLICIT and parameters:
        return f"the parameter is called {parameters[0]!r} here"
    if match := close_match(name, candidates):
        return f"did you mean {match!r}?"
    names = ", ".join((*(parameters or IMPLICIT), *NAMES))
    return f"known are {names}, Python's builtins, and the modules {', '.join(sorted(MODULES))}"


def _registered(
    reference: Reference, name: str, registered: Mapping[str, Callable[..., Any]]
) -> Function:
    if name in registered:
        return _function(reference, f"registered function {name!r}", registered[name])
    match = close_match(name, registered)
    listed = ", ".join(sorted(registered)) or "none; give them as custom_functions={...}"
    advice = f"registered are: {listed}"
    if match:
        advice = f"did you mean {match!r}? {advice}"
    _fail(reference, f"no function is registered as {name!r}", advice)


def _custom(reference: Reference, module: str, name: str, *, trusted: bool) -> Function:
    label = f"custom function '{module}:{name}'"
    if not trusted:
        _fail(
            reference,
            f"{label}: importing it runs code, which an untrusted config may not",
            TRUST_ADVICE,
        )
    target = _imported(reference, module, name, label)
    _check_params(reference, target, label)
    if isinstance(target, type):
        try:
            target = target(**reference.params)
        except Exception as error:
            _fail(reference, f"{label} cannot be constructed: {_reason(error)}")
        if not callable(target):
            _fail(reference, f"{label} makes objects that cannot be called", "give it `__call__`")
    elif reference.params:
        target = partial(target, **reference.params)
    return _function(reference, label, target)


def _imported(reference: Reference, module: str, name: str, label: str) -> Callable[..., Any]:
    try:
        found = vars(import_module(module))
    except Exception as error:
        _fail(reference, f"module {module!r} cannot be imported: {_reason(error)}")
    if name not in found:
        match = close_match(name, found)
        _fail(
            reference,
            f"module {module!r} has no {name!r}",
            f"did you mean {match!r}?" if match else None,
        )
    target = found[name]
    if not callable(target):
        _fail(reference, f"{label} is {type(target).__name__}, which cannot be called")
    return cast(Callable[..., Any], target)


def _check_params(reference: Reference, target: Callable[..., Any], label: str) -> None:
    """Raise ConfigError for parameters that `target` does not take, a class all that it needs."""
    try:
        signature = inspect.signature(target)
    except (TypeError, ValueError):
        return  # one that does not tell its signature
    known = [each for each in signature.parameters.values() if each.kind in BY_NAME]
    if not any(each.kind is each.VAR_KEYWORD for each in signature.parameters.values()):
        problems = list(_unknown_params(reference, [each.name for each in known], label))
        if problems:
            raise ConfigError(problems)
    try:
        if isinstance(target, type):
            signature.bind(**reference.params)
        else:
            signature.bind_partial(**reference.params)
    except TypeError as error:
        _fail(reference, f"{label}: {error}", "`params` are given as keyword arguments")


BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _unknown_params(reference: Reference, known: list[str], label: str) -> Iterator[Problem]:
    for name in reference.params:
        if name not in known:
            match = close_match(name, known)
            advice = f"did you mean {match!r}?" if match else f"it has {', '.join(known) or 'none'}"
            place = reference.places.get(name, reference.place)
            yield Problem(place, f"{label} has no parameter {name!r}", advice)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _label_of(target: Callable[..., Any]) -> str:
    while isinstance(target, partial):
        target = target.func
    if isinstance(target, FunctionType | MethodType | BuiltinFunctionType | type):
        return f"function {target.__name__!r}"
    return f"function {type(target).__name__!r}"


def _function(reference: Reference, label: str, target: Callable[..., Any]) -> Function:
    if not callable(target):
        _fail(reference, f"{label} is {type(target).__name__}, which cannot be called")
    if is_generator(target):
        _fail(reference, f"{label} is a generator", "give one value: use `return`, not `yield`")
    try:
        style = call_style(target)
    except SignatureError as error:
        _fail(reference, f"{label} {error}", SIGNATURE_ADVICE)
    return Function(
        label,
        target,
        style,
        is_async(target),
        reference.place,
        asks=True,
        life=life_of(target, label),
    )
