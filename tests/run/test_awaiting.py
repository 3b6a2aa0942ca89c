"""Tests of telling what has to be awaited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from statepipe.run.awaiting import is_async, settled
from statepipe.testing import CollectingSink


async def later(value: object = None) -> object:
    return value


class Callback:
    def __call__(self) -> None:
        return


class AsyncCallback:
    async def __call__(self) -> None:
        return


class AsyncSink(CollectingSink):
    async def commit(self) -> None:  # type: ignore[override]  # a sink's methods may be async
        super().commit()


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (len, False),
        (later, True),
        (Callback(), False),
        (AsyncCallback(), True),
        (CollectingSink(), False),
        (AsyncSink(), True),
        (None, False),
        ("out.jsonl", False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_async_in_one_of_its_calls_has_to_be_awaited(target: Any, expected: bool) -> None:
    assert is_async(target) is expected


@pytest.mark.parametrize("give", [lambda: 5, lambda: later(5)], ids=["value", "coroutine"])
async def test_what_may_be_async_is_awaited_if_it_has_to_be(give: Callable[[], object]) -> None:
    assert await settled(give()) == 5
