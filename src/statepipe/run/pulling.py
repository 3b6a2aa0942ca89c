"""Source objects of the user's, as iterators that can be closed."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from statepipe.errors import SourceError, named_type
from statepipe.ports import Source
from statepipe.record import Record
from statepipe.run.awaiting import settled


class Pulled(Iterator[Record]):
    """The records of a source object whose `read` blocks."""

    def __init__(self, source: Source, limit: int) -> None:
        self._source = source
        self._limit = limit
        self._records: deque[Record] = deque()

    def __next__(self) -> Record:
        if not self._records:
            try:
                given = self._source.read(self._limit)
            except StopIteration as exc:
                raise stopped(self._source, exc) from exc
            self._records.extend(checked(self._source, given))
        if not self._records:
            raise StopIteration
        return self._records.popleft()

    async def aclose(self) -> None:
        """Close the source, whether it was read or not."""
        await settled(self._source.close())


class PulledAsync(AsyncIterator[Record]):
    """The records of a source object whose `read` is to be awaited."""

    def __init__(self, source: Source, limit: int) -> None:
        self._source = source
        self._limit = limit
        self._records: deque[Record] = deque()

    async def __anext__(self) -> Record:
        if not self._records:
            try:
                given = await settled(self._source.read(self._limit))
            except StopAsyncIteration as exc:
                raise stopped(self._source, exc) from exc
            self._records.extend(checked(self._source, given))
        if not self._records:
            raise StopAsyncIteration
        return self._records.popleft()

    async def aclose(self) -> None:
        """Close the source, whether it was read or not."""
        await settled(self._source.close())


def stopped(source: Source, error: Exception) -> SourceError:
    """Return the error of a `read` that ended like an iterator: what it held may be lost."""
    name, kind = type(source).__name__, type(error).__name__
    return SourceError(f"{name}.read raised {kind}; at the end it must give an empty list")


def checked(source: Source, given: object) -> Sequence[Any]:
    """Return what `read` gave if it can be records; SourceError says what it is instead."""
    if isinstance(given, Sequence) and not isinstance(given, str | bytes):
        return given
    if inspect.iscoroutine(given):
        given.close()
    name, kind = type(source).__name__, named_type(given)
    raise SourceError(
        f"{name}.read must give a list of records, not {kind}; to await, declare it `async def`"
    )
