"""Life: what a callable object of the author's wants done before and after its runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, Protocol, runtime_checkable

from statepipe.functions.signature import is_async


@runtime_checkable
class HasSetUp(Protocol):
    """An object that is set up before a run."""

    def set_up(self) -> Any: ...


@runtime_checkable
class HasTearDown(Protocol):
    """An object that is torn down after a run."""

    def tear_down(self) -> Any: ...


@dataclass(frozen=True, slots=True, eq=False)
class Life:
    """The two methods of `target`, of which one may be missing. `label` names it in messages."""

    target: object
    label: str
    set_up: Callable[[], Any] | None  # what they give is awaited if they are async
    tear_down: Callable[[], Any] | None

    @property
    def is_async(self) -> bool:
        return any(each is not None and is_async(each) for each in (self.set_up, self.tear_down))


def life_of(target: object, label: str) -> Life | None:
    """Return the life of an object that has one. Functions and classes have none."""
    if isinstance(target, FunctionType | MethodType | BuiltinFunctionType | partial | type):
        return None
    set_up = target.set_up if isinstance(target, HasSetUp) else None
    tear_down = target.tear_down if isinstance(target, HasTearDown) else None
    if set_up is None and tear_down is None:
        return None
    return Life(target, label, set_up, tear_down)
