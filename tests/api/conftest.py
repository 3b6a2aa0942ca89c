"""Fixtures: tests of the API run on both kinds of FSM, called alike."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from statepipe import AdvancedFSM, AsyncSimpleFSM, SimpleFSM
from tests.api.steps import Blocking, Caller, InLoop


class Alike:
    """One kind of FSM, whose methods block whichever it is."""

    def __init__(self, kind: Any, *arguments: Any, **options: Any) -> None:
        self.fsm = kind(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.fsm, name)
        return self._blocking(found) if inspect.ismethod(found) else found

    def _blocking(self, method: Any) -> Any:
        def call(*given: Any, **options: Any) -> Any:
            result = method(*given, **options)
            return asyncio.run(result) if inspect.iscoroutine(result) else result

        return call


@pytest.fixture(params=[SimpleFSM, AsyncSimpleFSM], ids=["SimpleFSM", "AsyncSimpleFSM"])
def make(request: pytest.FixtureRequest) -> Any:
    return lambda *given, **options: Alike(request.param, *given, **options)


@pytest.fixture(params=[Blocking, InLoop], ids=["blocking", "in a loop"])
def stepping(request: pytest.FixtureRequest) -> Iterator[Callable[..., Caller]]:
    """Make an AdvancedFSM, and give who steps it."""
    with ExitStack() as stack:

        def make(*given: Any, **options: Any) -> Caller:
            caller: Caller = request.param(AdvancedFSM(*given, **options))
            stack.callback(caller.close)
            return caller

        yield make
