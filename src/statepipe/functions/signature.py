"""What a Python callable of the author's wants to be given, and whether it is async."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, TypeAlias

CallStyle: TypeAlias = Literal["view", "data_context", "record"]
"""How a function wants its record: as one `StateView`, as `(data, context)`, or bare."""

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
STYLES: dict[int, CallStyle] = {1: "view", 2: "data_context"}


class SignatureError(Exception):
    """A callable cannot be called with one or two arguments: what is wrong, in words."""


def call_style(target: Callable[..., Any]) -> CallStyle:
    """Return how `target` wants its record, by the parameters that must be given.

    A callable without a readable signature, as some builtins are, gets one argument. Raises
    SignatureError.
    """
    try:
        parameters = inspect.signature(target).parameters.values()
    except (ValueError, TypeError):
        return "view"
    required = [p for p in parameters if p.default is p.empty]
    named = [p.name for p in required if p.kind is p.KEYWORD_ONLY]
    if named:
        raise SignatureError(f"needs the keyword argument {named[0]!r}, which nothing gives")
    count = sum(p.kind in POSITIONAL for p in required)
    optional = sum(p.kind in POSITIONAL for p in parameters) - count
    if count == 0 and optional:
        count = 1
    if count == 0 and any(p.kind is p.VAR_POSITIONAL for p in parameters):
        raise SignatureError(
            "takes any number of arguments, so that it is not known what to give it "
            "(a decorator without functools.wraps?)"
        )
    if count not in STYLES:
        raise SignatureError(f"takes {count} arguments")
    return STYLES[count]


def is_async(target: Callable[..., Any]) -> bool:
    """Tell whether calling `target` gives an awaitable."""
    return _has(inspect.iscoroutinefunction, target)


def is_generator(target: Callable[..., Any]) -> bool:
    """Tell whether calling `target` gives a generator, sync or async, and no value."""
    return _has(inspect.isgeneratorfunction, target) or _has(inspect.isasyncgenfunction, target)


def _has(fact: Callable[[object], bool], target: Callable[..., Any]) -> bool:
    while isinstance(target, partial):
        target = target.func
    return fact(target) or fact(type(target).__call__)
