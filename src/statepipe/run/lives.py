"""Lives: functions set up before a run and torn down after it, whichever way it ends."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any

from statepipe.errors import LifecycleError
from statepipe.functions.life import Life
from statepipe.interruption import delicate

Kind = type[BaseException] | None


def failure(life: Life, what: str, error: Exception) -> LifecycleError:
    return LifecycleError(f"{life.label}: {what} failed: {type(error).__name__}: {error}")


@contextmanager
def alive(lives: Sequence[Life]) -> Iterator[None]:
    """Set up `lives` in order; tear down in reverse what was set up.

    A failing `tear_down` becomes a note on the error that ended the run, or else a
    LifecycleError, after the others have been torn down.
    """
    with ExitStack() as stack:
        for life in lives:
            try:
                done(life.set_up)
            except Exception as error:
                raise failure(life, "set_up", error) from error
            stack.push(lambda kind, error, trace, life=life: leave(life, error))
        yield


@asynccontextmanager
async def alive_async(lives: Sequence[Life]) -> AsyncIterator[None]:
    """As `alive`, awaiting what has to be awaited."""
    async with AsyncExitStack() as stack:
        for life in lives:
            try:
                await done_async(life.set_up)
            except Exception as error:
                raise failure(life, "set_up", error) from error

            async def leaving(
                _kind: Kind,
                error: BaseException | None,
                _trace: TracebackType | None,
                life: Life = life,
            ) -> None:
                try:
                    await done_async(life.tear_down)
                except Exception as failed:
                    tell(life, error, failed)

            stack.push_async_exit(leaving)
        yield


def leave(life: Life, error: BaseException | None) -> None:
    try:
        done(life.tear_down)
    except Exception as failed:
        tell(life, error, failed)


def tell(life: Life, error: BaseException | None, failed: Exception) -> None:
    """Note on `error` that a `tear_down` failed, or raise it where there is none."""
    told = failure(life, "tear_down", failed)
    if error is None:
        raise told from failed
    error.add_note(str(told))


@delicate
def done(method: Callable[[], Any] | None) -> None:
    given = None if method is None else method()
    if inspect.iscoroutine(given):
        given.close()
        raise TypeError("it gave something to await; declare it with `async def`")


@delicate
async def done_async(method: Callable[[], Any] | None) -> None:
    given = None if method is None else method()
    if inspect.isawaitable(given):
        await given
