"""What a caller's function is given: hooks and the conditions of breakpoints are called alike.

As a function of a config: with one parameter it gets a state view, with two the data and a
context.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from statepipe.errors import UsageError
from statepipe.functions.moment import NO_PROMISE
from statepipe.functions.signature import CallStyle, SignatureError, call_style, is_async
from statepipe.functions.view import EMPTY, Caught, Context, StateView
from statepipe.record import Record


class StepContext(Context):
    """The context of a hook or of a breakpoint's condition: `variables` are those of the run."""

    __slots__ = ("variables",)

    def __init__(
        self,
        state: str,
        network: str,
        variables: dict[str, Any],
        caught: Caught | None = None,
        resources: Mapping[str, Any] = EMPTY,
    ) -> None:
        super().__init__(state, network, resources, NO_PROMISE, 0, caught)
        self.variables = variables


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A function of the caller's, and how it wants its record."""

    call: Callable[..., Any]  # the caller's own
    style: CallStyle
    is_async: bool

    def __call__(self, data: Record, context: StepContext) -> Any:  # the caller's own value
        """Call it; what it gives has to be awaited if it is async."""
        if self.style == "record":
            return self.call(data)
        if self.style == "data_context":
            return self.call(data, context)
        return self.call(StateView(data, context.state, context.resources, caught=context.error))


def answered(given: object, what: str) -> object:
    """Return what a function that is not async gave; UsageError if it is to be awaited."""
    if not inspect.isawaitable(given):
        return given
    if inspect.iscoroutine(given):
        given.close()
    raise UsageError(f"{what} gave something to await; declare it with `async def`")


def asked(target: Callable[..., Any], what: str) -> Asked:
    """Return `target` ready to be called; UsageError names `what` it was to be."""
    if not callable(target):
        raise UsageError(f"{what} must be a function, not {target!r}")
    try:
        style = "view" if takes_anything(target) else call_style(target)
    except SignatureError as error:
        advice = "it gets the state, or the data and a context"
        raise UsageError(f"{what} cannot be called: it {error}; {advice}") from error
    return Asked(target, style, is_async(target))


def takes_anything(target: Callable[..., Any]) -> bool:
    """Tell whether `target` takes any number of arguments, and needs none."""
    try:
        parameters = inspect.signature(target).parameters.values()
    except (ValueError, TypeError):
        return False
    needed = [each for each in parameters if each.default is each.empty]
    loose = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return bool(needed) and needed[0].kind is loose[0] and all(p.kind in loose for p in needed)
