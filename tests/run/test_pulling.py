"""Tests of source objects of the user's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from statepipe.errors import SourceError
from statepipe.run.pulling import Pulled, PulledAsync
from statepipe.testing import ABORT, AbortedError, AsyncMemorySource, MemorySource

RECORDS = [{"n": number} for number in range(7)]


class OddSource:
    """A source whose `read` does as it is told."""

    def __init__(self, read: Callable[[int], Any]) -> None:
        self.read = read

    def close(self) -> None:
        return


async def all_of(source: AsyncIterator[Any]) -> list[Any]:
    return [record async for record in source]


def test_records_come_one_by_one_until_a_read_gives_none() -> None:
    source = MemorySource(RECORDS)
    pulled = Pulled(source, 3)
    first = next(pulled)

    assert (first, source.given) == (RECORDS[0], 3)
    assert list(pulled) == RECORDS[1:]
    with pytest.raises(StopIteration):
        next(pulled)


async def test_what_is_awaited_comes_the_same_way() -> None:
    source = AsyncMemorySource(RECORDS)
    pulled = PulledAsync(source, 3)

    assert await anext(pulled) == RECORDS[0]
    assert source.given == 3
    assert await all_of(pulled) == RECORDS[1:]


async def test_what_read_raises_comes_behind_the_records_before_it() -> None:
    pulled = Pulled(MemorySource([*RECORDS, ABORT]), 100)

    assert [next(pulled) for _ in RECORDS] == RECORDS
    with pytest.raises(AbortedError, match="told to abort after 7 records"):
        next(pulled)
    with pytest.raises(AbortedError):
        await all_of(PulledAsync(AsyncMemorySource([ABORT]), 100))


async def test_both_kinds_close_the_source_whether_its_close_is_async_or_not() -> None:
    plain, later = MemorySource([]), AsyncMemorySource([])
    await Pulled(plain, 1).aclose()
    await PulledAsync(later, 1).aclose()

    assert (plain.closed, later.closed) == (1, 1)


def test_a_read_that_stops_like_an_iterator_is_no_end() -> None:
    records: Iterator[Any] = iter(RECORDS)
    pulled = Pulled(OddSource(lambda limit: [next(records) for _ in range(limit)]), 4)
    first = [next(pulled) for _ in range(4)]

    assert first == RECORDS[:4]
    with pytest.raises(SourceError) as caught:
        next(pulled)  # a plain StopIteration here would lose records 4 to 6 without a word
    assert str(caught.value) == (
        "OddSource.read raised StopIteration; at the end it must give an empty list"
    )


async def test_an_async_read_that_stops_like_an_iterator_is_no_end() -> None:
    async def read(limit: int) -> Any:
        raise StopAsyncIteration

    with pytest.raises(SourceError, match="raised StopAsyncIteration; at the end it must give"):
        await all_of(PulledAsync(OddSource(read), 1))


@pytest.mark.parametrize(
    ("given", "kind"), [(None, "None"), ("text", "a str"), ({"n": 1}, "a dict"), (b"", "a bytes")]
)
def test_what_is_no_list_of_records_is_refused(given: Any, kind: str) -> None:
    message = f"OddSource.read must give a list of records, not {kind}; to await, declare"

    with pytest.raises(SourceError, match=message):
        next(Pulled(OddSource(lambda limit: given), 1))


def test_a_read_that_is_async_without_saying_so_is_refused() -> None:
    async def later() -> list[Any]:
        return []

    with pytest.raises(SourceError, match="not a coroutine; to await, declare it `async def`"):
        next(Pulled(OddSource(lambda limit: later()), 1))
