"""Tests of lives: which objects have one."""

from __future__ import annotations

from functools import partial
from typing import Any

from statepipe.functions.life import life_of


class Both:
    def __call__(self, state: Any) -> None: ...

    def set_up(self) -> None: ...

    async def tear_down(self) -> None: ...


class OnlyTearDown:
    def __call__(self, state: Any) -> None: ...

    def tear_down(self) -> None: ...


def test_an_object_with_one_of_the_methods_has_a_life() -> None:
    both, one = life_of(Both(), "both"), life_of(OnlyTearDown(), "one")

    assert both is not None and both.is_async and both.set_up is not None
    assert one is not None and not one.is_async and one.set_up is None


def test_functions_classes_and_plain_objects_have_none() -> None:
    targets = [len, Both, partial(Both()), Both().__call__, lambda state: state, object()]

    assert [life_of(target, "x") for target in targets] == [None] * len(targets)
