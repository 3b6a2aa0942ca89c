"""SQL databases: queries, transactions, the pool and its limits, on real SQLite files."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from statepipe.connectors.sql_resource import OpenSql, Sql, SqlProvider, database_at, driver_fault
from statepipe.errors import ResourceError, ResourceTimeoutError
from statepipe.testing import ManualClock

PRICES = [("apple", 3), ("pear", 4)]


@pytest.fixture
def url(tmp_path: Path) -> str:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table prices (sku text primary key, price int)")
        connection.executemany("insert into prices values (?, ?)", PRICES)
    connection.close()
    return f"sqlite:///{path}"


class Opener:
    """Opens databases, and closes them when the test is over."""

    def __init__(self) -> None:
        self.opened: list[OpenSql] = []
        self.clock = ManualClock()

    def __call__(self, url: Any, **options: Any) -> Sql:
        opened = SqlProvider("db", url, lambda text: text, self.clock, **options).open()
        self.opened.append(opened)
        handle = opened.handle(awaits=False)
        assert isinstance(handle, Sql)
        return handle


@pytest.fixture
def opener() -> Iterator[Opener]:
    opener = Opener()
    yield opener
    for opened in opener.opened:
        opened.close()


def test_a_query_gives_rows_as_dicts_and_binds_its_values(opener: Opener, url: str) -> None:
    db = opener(url)
    evil = "x'; drop table prices; --"

    assert db.query("select * from prices where price > :low", low=3) == [
        {"sku": "pear", "price": 4}
    ]
    assert db.query("select * from prices where sku = :sku", sku=evil) == []
    assert len(db.query("select * from prices")) == 2


def test_one_row_none_or_too_many(opener: Opener, url: str) -> None:
    db = opener(url)

    assert db.one("select price from prices where sku = 'pear'") == {"price": 4}
    assert db.one("select price from prices where sku = 'fig'") is None
    with pytest.raises(ResourceError, match="2 rows where one was asked for"):
        db.one("select price from prices")


def test_changes_are_committed_and_counted(opener: Opener, url: str) -> None:
    assert opener(url).execute("update prices set price = price + :d", d=1) == 2
    rows = [{"sku": "fig", "price": 9}, {"sku": "kiwi", "price": 8}]
    assert opener(url).execute_many("insert into prices values (:sku, :price)", rows) == 2
    assert opener(url).execute_many("insert into prices values (:sku, :price)", []) == 0

    assert [row["price"] for row in opener(url).query("select price from prices")] == [4, 5, 9, 8]


def test_many_rows_are_one_transaction(opener: Opener, url: str) -> None:
    db = opener(url)
    rows = [{"sku": "fig", "price": 9}, {"sku": "pear", "price": 8}]

    with pytest.raises(ResourceError, match="UNIQUE constraint failed"):
        db.execute_many("insert into prices values (:sku, :price)", rows)
    assert len(db.query("select * from prices")) == 2


def test_a_lookup_finds_one_row_by_its_key(opener: Opener, url: str) -> None:
    db = opener(url, lookup="select * from prices where sku = :key")

    assert (db.get("apple"), db.get("fig")) == ({"sku": "apple", "price": 3}, None)
    with pytest.raises(ResourceError, match="'get' needs a statement: add  lookup: select"):
        opener(url).get("apple")


def test_more_rows_than_allowed_are_refused_and_not_cut_off(opener: Opener, url: str) -> None:
    assert len(opener(url, max_rows=2).query("select * from prices")) == 2
    with pytest.raises(ResourceError, match="more than max_rows, 1: ask for fewer"):
        opener(url, max_rows=1).query("select * from prices")


def test_a_query_without_rows_says_what_to_call(opener: Opener, url: str) -> None:
    db = opener(url)

    with pytest.raises(ResourceError, match="the statement gives no rows: use execute"):
        db.query("update prices set price = 0")
    assert db.query("select sum(price) as s from prices") == [{"s": 7}]


def test_what_the_database_says_is_told_without_cause_or_footnotes(
    opener: Opener, url: str
) -> None:
    with pytest.raises(ResourceError) as caught:
        opener(url).query("select * from nowhere")

    assert str(caught.value) == "resource 'db': OperationalError: no such table: nowhere"
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_connections_are_pooled_and_waiting_for_one_has_an_end(opener: Opener, url: str) -> None:
    db = opener(url, pool_size=1, timeout_s=0.05)
    held = db._engine.connect()

    with pytest.raises(ResourceTimeoutError) as caught:
        db.query("select 1")
    held.close()

    assert str(caught.value) == ("resource 'db': none of the 1 connections was free within 0.05 s")
    assert db.query("select 1 as n") == [{"n": 1}]
    assert connections_made(db) == 1


def connections_made(db: Sql) -> int:
    pool: Any = db._engine.pool
    return int(pool.checkedin() + pool.checkedout())


def test_an_idle_connection_is_tried_before_it_is_used(opener: Opener, url: str) -> None:
    db = opener(url, pool_size=1, check_after_s=30.0)
    db.query("select 1")
    with db._engine.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
    driver.close()

    with pytest.raises(ResourceError, match="Cannot operate on a closed database"):
        db.query("select 1 as n")
    opener.clock.advance(31)
    assert db.query("select 1 as n") == [{"n": 1}]


def test_a_connection_that_is_in_use_is_not_tried(opener: Opener, url: str) -> None:
    db = opener(url, pool_size=1, check_after_s=30.0)
    pings: list[object] = []
    ping = db._engine.dialect.do_ping
    db._engine.dialect.do_ping = lambda given: pings.append(given) or ping(given)  # type: ignore[method-assign,func-returns-value]  # counts

    for seconds in (0, 29, 29, 31, 1):
        opener.clock.advance(seconds)
        db.query("select 1")

    assert len(pings) == 1


def test_a_database_in_memory_is_one_for_all_threads(opener: Opener) -> None:
    db = opener("sqlite://", pool_size=1)
    db.execute("create table t (n int)")
    thread = threading.Thread(target=db.execute, args=("insert into t values (1)",))
    thread.start()
    thread.join()

    assert db.query("select n from t") == [{"n": 1}]


def test_async_functions_await_the_same_in_a_thread(opener: Opener, url: str) -> None:
    opener(url, lookup="select * from prices where sku = :key")
    db: Any = opener.opened[0].handle(awaits=True)

    async def work() -> list[Any]:
        return [
            await db.query("select * from prices where sku = :sku", sku="pear"),
            await db.one("select price from prices where sku = 'pear'"),
            await db.execute("update prices set price = 5 where sku = 'pear'"),
            await db.execute_many("insert into prices values (:s, 1)", [{"s": "fig"}]),
            await db.get("pear"),
        ]

    found = asyncio.run(work())
    assert found == [[{"sku": "pear", "price": 4}], {"price": 4}, 1, 1, {"sku": "pear", "price": 5}]


def test_the_loop_goes_on_while_the_database_is_waited_for(opener: Opener, url: str) -> None:
    opener(url, pool_size=1, timeout_s=20)
    db: Any = opener.opened[0].handle(awaits=True)
    held = opener.opened[0].sql._engine.connect()

    async def work() -> str:
        waiting = asyncio.create_task(db.query("select 1 as n"))
        await asyncio.sleep(0)
        await asyncio.to_thread(held.close)
        return str(await waiting)

    assert asyncio.run(work()) == "[{'n': 1}]"


def test_async_work_that_gets_no_thread_in_time_says_so(opener: Opener, url: str) -> None:
    opener(url, pool_size=1, timeout_s=5)
    opened, gate = opener.opened[0], threading.Event()

    async def work() -> Any:
        busy = [asyncio.ensure_future(opened.aside(gate.wait)) for _ in range(2)]
        late = asyncio.ensure_future(opened.aside(lambda: 1))
        await asyncio.sleep(0)
        opener.clock.advance(6)
        gate.set()
        await asyncio.gather(*busy)
        return await late

    with pytest.raises(ResourceTimeoutError, match="no thread was free for it within 5 s"):
        asyncio.run(work())


def test_a_file_may_be_called_anything(opener: Opener, tmp_path: Path) -> None:
    for name in ("50% ?x=1#.db", ":memory:"):
        path = tmp_path / name
        opener(database_at(str(path))).execute("create table t (n int)")
        assert path.stat().st_size > 0


def test_closing_closes_the_connections(opener: Opener, url: str) -> None:
    db = opener(url)
    db.query("select 1")
    with db._engine.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
    opener.opened.pop().close()

    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        driver.execute("select 1")


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("sqlite://", None),
        ("sqlite:///x.db", None),
        ("nosuch://h/x", "SQLAlchemy knows no database of this kind"),
        ("no address", "its address cannot be read"),
        ("mysql+pymysql://h/x", "its driver is not installed: pymysql"),
    ],
)
def test_an_address_is_looked_at_before_anything_is_opened(url: str, fault: str | None) -> None:
    assert driver_fault(url) == fault


def test_nothing_of_a_handle_shows_the_address(opener: Opener) -> None:
    opener("sqlite:///canary.db")

    assert repr(opener.opened[0].handle(awaits=False)) == "<sql resource 'db'>"
    assert repr(opener.opened[0].handle(awaits=True)) == "<sql resource 'db'>"
