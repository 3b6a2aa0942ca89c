from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from operator import itemgetter
from typing import Any

import pytest

from statepipe.functions.signature import SignatureError, call_style, is_async, is_generator


def one(state): ...
def two(data, context): ...
def one_and_options(state, limit=3, *rest, strict=False, **more): ...
def option(state=None): ...
def three(a, b, c): ...
def none(): ...
def keyword(state, *, limit): ...
def rest(*arguments, **more): ...
async def waits(state): ...
def gives(state) -> Iterator[int]:
    yield 1


async def gives_later(state) -> AsyncIterator[int]:
    yield 1


class Sync:
    def __call__(self, data, context): ...
    def method(self, state): ...


class Async:
    async def __call__(self, state): ...


@pytest.mark.parametrize(
    ("target", "style"),
    [
        (one, "view"),
        (two, "data_context"),
        (one_and_options, "view"),
        (option, "view"),
        (lambda s: s, "view"),
        (lambda d, c: d, "data_context"),
        (partial(three, 1), "data_context"),
        (partial(three, 1, 2), "view"),
        (partial(two, context=None), "view"),
        (Sync(), "data_context"),
        (Sync().method, "view"),
        (len, "view"),
        (dict, "view"),
        (itemgetter("a"), "view"),
        (waits, "view"),
    ],
)
def test_the_parameters_that_must_be_given_decide(target: Callable[..., Any], style: str) -> None:
    assert call_style(target) == style


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (three, "takes 3 arguments"),
        (none, "takes 0 arguments"),
        (Sync.__call__, "takes 3 arguments"),
        (keyword, "needs the keyword argument 'limit', which nothing gives"),
        (rest, "takes any number of arguments, so that it is not known what to give it"),
    ],
)
def test_what_cannot_be_called_is_told(target: Callable[..., Any], message: str) -> None:
    with pytest.raises(SignatureError) as caught:
        call_style(target)

    assert str(caught.value).startswith(message)


def test_async_is_seen_through_partials_and_objects() -> None:
    assert all(
        map(is_async, [waits, partial(waits, 1), Async(), partial(Async()), Async().__call__])
    )
    assert not any(map(is_async, [one, Sync(), Async, len, partial(one), gives_later]))


def test_generators_are_seen() -> None:
    assert all(map(is_generator, [gives, gives_later, partial(gives)]))
    assert not any(map(is_generator, [one, waits, Sync()]))
