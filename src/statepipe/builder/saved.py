"""Saved functions: what a config file says of a callable, or why it cannot say it."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Callable, Iterator
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, TypeAlias

from statepipe.builder.source import Definition, NoSourceError, definition_of, text_of
from statepipe.errors import ConfigError
from statepipe.functions.asking import asked_names
from statepipe.functions.inline import read_inline
from statepipe.functions.names import BUILTINS, MODULES
from statepipe.functions.scopes import free_names
from statepipe.source_text import SourceText

Saved: TypeAlias = str | dict[str, Any]  # inline code, or a reference with its parameters
TO_MODULE = "write its value into the code, or make this a top-level function of a module"
AS_FUNCTION = "write a lambda that calls it, or a top-level function of a module"


def saved_function(target: Callable[..., Any]) -> Saved:
    """Return inline code that does what `target` does, or a reference to it in its module.

    Raises NoSourceError with the reason where neither is possible.
    """
    if isinstance(target, partial):
        return saved_partial(target)
    if isinstance(target, type):
        reason = f"the class {target.__name__!r} would be constructed once, not called"
        raise NoSourceError(reason, AS_FUNCTION)
    if isinstance(target, MethodType):
        raise NoSourceError("a method belongs to an object, which a file cannot hold", AS_FUNCTION)
    if not isinstance(target, FunctionType | BuiltinFunctionType):
        kind = type(target).__name__
        raise NoSourceError(f"a file cannot hold an object of the class {kind!r}", AS_FUNCTION)
    if stands_in_module(target):
        return {"type": "custom", "module": target.__module__, "name": target.__name__}
    if isinstance(target, BuiltinFunctionType):
        raise NoSourceError(f"{target.__name__!r} is found in no module", AS_FUNCTION)
    return inline_code(target)


def saved_partial(target: partial[Any]) -> Saved:
    """Return the reference for `partial(function, key=value)`, whose keys become its `params`."""
    function = target.func
    if target.args or not isinstance(function, FunctionType) or not stands_in_module(function):
        reason = "a partial can be saved with keyword arguments only, of a module's function"
        raise NoSourceError(reason, AS_FUNCTION)
    reference = {"type": "custom", "module": function.__module__, "name": function.__name__}
    return {**reference, "params": dict(target.keywords)}


def stands_in_module(function: FunctionType | BuiltinFunctionType) -> bool:
    """Tell whether an import finds `function`: a script's own are found by nobody else."""
    name = function.__module__
    module = sys.modules.get(name) if name and name != "__main__" else None
    return module is not None and vars(module).get(function.__name__) is function


def inline_code(function: FunctionType) -> str:
    """Return the text of a function that needs nothing but what inline code knows."""
    if function.__defaults__ or function.__kwdefaults__:
        reason = "it has a parameter default, which inline code has not"
        raise NoSourceError(reason, "write the value into the code")
    for name, value in taken_from_around(function):
        if not is_known(name, value) and not (value is function and name == function.__name__):
            raise NoSourceError(
                f"it uses the variable {name!r} of the function around it", TO_MODULE
            )
    node, file_text = definition_of(function)
    text = text_of(node, file_text)
    for reason, advice in out_of_reach(function, node, text):
        raise NoSourceError(reason, advice)
    try:
        read_inline(SourceText.of_keys(text, ""))
    except ConfigError as error:
        [problem, *_] = error.problems
        raise NoSourceError(problem.message, problem.advice or TO_MODULE) from error
    return text


def taken_from_around(function: FunctionType) -> Iterator[tuple[str, object]]:
    """Yield the variables that a function takes from the one around it; no value yet: an error."""
    cells = function.__closure__ or ()
    for name, cell in zip(function.__code__.co_freevars, cells, strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # it is not bound yet
            yield name, NoSourceError


def out_of_reach(function: FunctionType, node: Definition, text: str) -> Iterator[tuple[str, str]]:
    """Yield what the function uses that inline code does not have, and what to do about it."""
    if not isinstance(node, ast.Lambda) and node.decorator_list:
        yield "it has a decorator", TO_MODULE
    tree = ast.parse(f"({text}\n)" if isinstance(node, ast.Lambda) else text)
    for each in ast.walk(tree):
        if isinstance(each, ast.Global | ast.Nonlocal):
            yield f"it assigns {each.names[0]!r}, which lies outside it", "keep it in the record"
    for asked in asked_names(tree):
        yield (
            f"inline code means the run's own by {asked.id!r}",
            f"take it from the state, as in state.{asked.id}, or rename yours",
        )
    for name in {name.id: None for name in free_names(tree)}:
        if name in function.__code__.co_freevars:
            continue
        if name not in function.__globals__ and name not in BUILTINS:
            yield f"nothing gives the name {name!r} a value", "give it one"
        elif name in function.__globals__ and not is_known(name, function.__globals__[name]):
            yield f"it uses {name!r} of its module, which inline code does not know", TO_MODULE


def is_known(name: str, value: object) -> bool:
    """Tell whether inline code finds this very value under `name`."""
    if name in MODULES:
        return isinstance(value, ModuleType) and value.__name__ == name
    return name in BUILTINS and value is vars(builtins)[name]
