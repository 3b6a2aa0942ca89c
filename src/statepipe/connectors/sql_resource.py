"""SQL databases as a resource: an SQLAlchemy engine with a bounded pool.

Loads SQLAlchemy, which is an extra: imported only where a config names such a resource.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import (
    URL,
    Connection,
    CursorResult,
    Engine,
    create_engine,
    event,
    exc,
    make_url,
    text,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from statepipe.errors import ResourceError, ResourceTimeoutError
from statepipe.ports.clock import Clock

Row: TypeAlias = dict[str, Any]  # a column may hold anything
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class SqlProvider:
    """Opens an engine. `hide` strikes secrets out of a text; `lookup` is the statement of `get`.

    A connection that was idle for `check_after_s` is tried before it is used.
    """

    name: str
    url: str | URL
    hide: Callable[[str], str]
    clock: Clock
    pool_size: int = 5
    timeout_s: float = 10.0
    check_after_s: float = 60.0
    max_rows: int = 10_000
    lookup: str | None = None

    waits = True
    slow = False

    def open(self) -> OpenSql:
        return OpenSql(self)

    def open_in_loop(self) -> None:
        """Async functions share the engine: they use it in threads."""

    def engine(self) -> Engine:
        """Return an engine that has not connected yet."""

        connect_args: Mapping[str, Any] = {}
        if make_url(self.url).get_backend_name() == "sqlite":
            connect_args = {"timeout": self.timeout_s, "check_same_thread": False}
        engine = create_engine(
            self.url,
            poolclass=QueuePool,
            pool_size=self.pool_size,
            max_overflow=0,
            pool_timeout=self.timeout_s,
            hide_parameters=True,
            connect_args=dict(connect_args),
        )
        event.listen(engine, "checkin", self._note_use)
        event.listen(engine, "checkout", partial(self._check_if_idle, engine))
        return engine

    def _note_use(self, _: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        entry.info["used_s"] = self.clock.monotonic_s()

    def _check_if_idle(
        self, engine: Engine, connection: DBAPIConnection, entry: ConnectionPoolEntry, _: object
    ) -> None:
        """Have the pool connect anew where an idle connection has died. Source: its manual."""

        used_s = entry.info.get("used_s")
        if used_s is None or self.clock.monotonic_s() - used_s < self.check_after_s:
            return
        try:
            alive = engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error:
            alive = False
        if not alive:
            raise exc.DisconnectionError

    def attempt(self, work: Callable[[], Found]) -> Found:
        """Do `work`; what breaks in it is told without the address it was sent to."""

        try:
            return work()
        except exc.TimeoutError:
            message = f"none of the {self.pool_size} connections was free within {self.timeout_s} s"
            failed: ResourceError = ResourceTimeoutError(self.name, message)
        except exc.SQLAlchemyError as error:
            failed = ResourceError(self.name, self.hide(reason_of(error)))
        # Not within `except`: the error below holds the address, and would come along.
        raise failed


def database_at(path: str) -> URL:
    """Return the address of the SQLite database in a file, whatever characters its name has."""
    return URL.create("sqlite", database=os.path.abspath(path))


def driver_fault(url: str | URL) -> str | None:
    """Return why `url` means no database that could be connected to here; None if it does."""
    try:
        make_url(url).get_dialect().import_dbapi()
    except exc.NoSuchModuleError:
        return "SQLAlchemy knows no database of this kind"
    except exc.ArgumentError:
        return "its address cannot be read"
    except ImportError as error:
        return f"its driver is not installed: {error.name}"
    return None


def reason_of(error: Exception) -> str:
    """Return what the database says, without SQLAlchemy's footnotes."""

    cause = error.orig if isinstance(error, exc.StatementError) and error.orig else error
    said = " ".join(str(cause).partition("(Background on this error")[0].split())
    return f"{type(cause).__name__}: {said}" if said else type(cause).__name__


class Sql:
    """A database, as functions see it. Values are bound to `:name` in the statement."""

    __slots__ = ("_engine", "_provider")

    def __init__(self, provider: SqlProvider, engine: Engine) -> None:
        self._provider = provider
        self._engine = engine

    def query(self, statement: str, /, **values: Any) -> list[Row]:
        """Return the rows of a statement, at most the resource's `max_rows`."""
        return self._provider.attempt(lambda: self._rows(statement, values))

    def one(self, statement: str, /, **values: Any) -> Row | None:
        """Return the only row, None if there is none; ResourceError if there are several."""
        rows = self.query(statement, **values)
        if len(rows) > 1:
            raise ResourceError(self._provider.name, f"{len(rows)} rows where one was asked for")
        return rows[0] if rows else None

    def execute(self, statement: str, /, **values: Any) -> int:
        """Run a statement in a transaction of its own; return how many rows it changed."""
        return self._provider.attempt(lambda: self._changed(statement, values))

    def execute_many(self, statement: str, rows: Sequence[Mapping[str, Any]], /) -> int:
        """Run a statement for every row, all in one transaction."""
        given = [dict(row) for row in rows]
        return self._provider.attempt(lambda: self._changed(statement, given)) if given else 0

    def get(self, key: Any, /) -> Row | None:  # a key is whatever the column holds
        """Return the row that the resource's `lookup` statement gives for `:key`, if any."""
        if self._provider.lookup is None:
            message = "'get' needs a statement: add  lookup: select ... where ... = :key"
            raise ResourceError(self._provider.name, message)
        return self.one(self._provider.lookup, key=key)

    def _rows(self, statement: str, values: Row) -> list[Row]:
        limit = self._provider.max_rows
        with self._engine.begin() as connection:
            result = run(connection, statement, values)
            if not result.returns_rows:
                raise ResourceError(self._provider.name, "the statement gives no rows: use execute")
            rows = result.mappings().fetchmany(limit + 1)
        if len(rows) > limit:
            raise ResourceError(self._provider.name, f"more than max_rows, {limit}: ask for fewer")
        return [dict(row) for row in rows]

    def _changed(self, statement: str, values: Row | list[Row]) -> int:
        with self._engine.begin() as connection:
            return run(connection, statement, values).rowcount

    def __repr__(self) -> str:
        return f"<sql resource {self._provider.name!r}>"


def run(connection: Connection, statement: str, values: Row | list[Row]) -> CursorResult[Any]:

    return connection.execute(text(statement), values)


class AsyncSql:
    """As `Sql`, to be awaited: the work is done in a thread. One that is cancelled ends there."""

    __slots__ = ("_open",)

    def __init__(self, opened: OpenSql) -> None:
        self._open = opened

    async def query(self, statement: str, /, **values: Any) -> list[Row]:
        return await self._open.aside(partial(self._open.sql.query, statement, **values))

    async def one(self, statement: str, /, **values: Any) -> Row | None:
        return await self._open.aside(partial(self._open.sql.one, statement, **values))

    async def execute(self, statement: str, /, **values: Any) -> int:
        return await self._open.aside(partial(self._open.sql.execute, statement, **values))

    async def execute_many(self, statement: str, rows: Sequence[Mapping[str, Any]], /) -> int:
        return await self._open.aside(partial(self._open.sql.execute_many, statement, rows))

    async def get(self, key: Any, /) -> Row | None:  # as in `Sql`
        return await self._open.aside(partial(self._open.sql.get, key))

    def __repr__(self) -> str:
        return repr(self._open.sql)


class OpenSql:
    """An engine, and the threads that async functions use it in."""

    def __init__(self, provider: SqlProvider) -> None:
        self._provider = provider
        self._engine = provider.attempt(provider.engine)
        # As many again wait for a connection, each with its own end to that.
        self._threads = ThreadPoolExecutor(2 * provider.pool_size, "statepipe-sql")
        self.sql = Sql(provider, self._engine)
        self._awaited = AsyncSql(self)

    def handle(self, *, awaits: bool) -> Sql | AsyncSql:
        return self._awaited if awaits else self.sql

    async def aside(self, work: Callable[[], Found]) -> Found:
        clock, limit_s = self._provider.clock, self._provider.timeout_s
        asked_s = clock.monotonic_s()

        def begin() -> Found:
            if clock.monotonic_s() - asked_s > limit_s:
                message = f"no thread was free for it within {limit_s} s"
                raise ResourceTimeoutError(self._provider.name, message)
            return work()

        return await asyncio.get_running_loop().run_in_executor(self._threads, begin)

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._engine.dispose()
