"""Resources of a machine: opened once in each process and loop, seen by name, closed."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from statepipe.errors import ResourceError, UnknownResourceError, UsageError
from statepipe.run.resources import Resources

Told = list[str]


class Opened:
    def __init__(self, told: Told, name: str, broken: bool = False) -> None:
        self.told, self.name, self.broken = told, name, broken
        told.append(f"open {name}")

    def handle(self, *, awaits: bool) -> str:
        return f"{self.name} awaited" if awaits else self.name

    def close(self) -> None:
        self.told.append(f"close {self.name}")
        if self.broken:
            raise ResourceError(self.name, "cannot be closed")


class Looped:
    def __init__(self, told: Told, name: str) -> None:
        self.told, self.name = told, name
        self.is_ready = False

    async def ready(self) -> None:
        self.told.append(f"ready {self.name}")
        self.is_ready = True

    def handle(self) -> str:
        return f"{self.name} in a loop"

    async def close(self) -> None:
        self.told.append(f"aclose {self.name}")


class Maker:
    """A provider that tells what it does."""

    def __init__(
        self,
        told: Told,
        name: str,
        *,
        slow: bool = False,
        looped: bool = False,
        broken: bool = False,
    ) -> None:
        self.told, self.name = told, name
        self.waits, self.slow, self.looped, self.broken = True, slow, looped, broken

    def open(self) -> Opened:
        return Opened(self.told, self.name, self.broken)

    def open_in_loop(self) -> Looped | None:
        return Looped(self.told, self.name) if self.looped else None


def resources(told: Told, *names: str, given: Mapping[str, Any] | None = None, **kind: Any) -> Any:
    return Resources({name: Maker(told, name, **kind) for name in names}, given)


def test_each_is_opened_when_it_is_first_taken_and_once() -> None:
    told: Told = []
    seen = resources(told, "db", "api").seen(None, "", awaits=False)
    assert told == []

    assert [seen["db"], seen["db"], seen.get("api")] == ["db", "db", "api"]
    assert told == ["open db", "open api"]


def test_many_threads_open_one_only_once() -> None:
    told: Told = []
    held, gate = resources(told, "db"), threading.Barrier(8)

    def work() -> None:
        gate.wait()
        held.take("db", awaits=False)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert told == ["open db"]


def test_who_names_some_sees_only_these() -> None:
    seen = resources([], "db", "api").seen(("db",), "state 'a'", awaits=False)

    assert (list(seen), len(seen), "api" in seen, repr(seen)) == (
        ["db"],
        1,
        False,
        "<resources db>",
    )
    with pytest.raises(UnknownResourceError, match="resource 'api': state 'a' names others") as e:
        seen["api"]
    assert str(e.value).endswith("in `resources`: db; add it there")
    assert seen.get("api") is None


@pytest.mark.parametrize(
    ("names", "asked", "message"),
    [
        ((), "db", "there are no resources; declare it under `resources`, or give it in code"),
        (
            ("db", "api"),
            "dbs",
            "there is none of that name; did you mean 'db'? there are: db, api",
        ),
        (("db", "api"), "queue", "there is none of that name; there are: db, api"),
    ],
)
def test_a_name_that_is_none_is_told_with_those_there_are(
    names: tuple[str, ...], asked: str, message: str
) -> None:
    with pytest.raises(UnknownResourceError) as caught:
        resources([], *names).seen(None, "", awaits=False)[asked]

    assert str(caught.value) == f"resource '{asked}': {message}"


def test_what_is_given_goes_first_and_is_left_alone() -> None:
    told: Told = []
    held = resources(told, "db", given={"db": 5, "own": 6})
    seen = held.seen(None, "", awaits=False)

    assert (seen["db"], seen["own"], held.names) == (5, 6, ["db", "own"])
    held.acquire(("db", "own"))
    held.close()
    assert told == []


def test_closing_closes_all_even_if_one_fails_and_twice_is_fine() -> None:
    told: Told = []
    held = resources(told, "a", "b", broken=True)
    held.acquire(("a", "b"))
    with pytest.raises(ResourceError, match="cannot be closed"):
        held.close()
    held.close()

    assert sorted(told) == ["close a", "close b", "open a", "open b"]


def test_what_was_closed_is_opened_again_when_it_is_taken() -> None:
    told: Told = []
    held = resources(told, "db")
    for _ in range(2):
        held.acquire(("db",))
        held.close()

    assert told == ["open db", "close db"] * 2


def test_a_stream_closes_what_it_opened_and_leaves_what_was_open() -> None:
    told: Told = []
    held = resources(told, "before", "during")
    held.take("before", awaits=False)
    held.begin_use()
    held.acquire(("before", "during"))
    held.end_use()

    assert told == ["open before", "open during", "close during"]
    assert held.open_names() == ["before"]


def test_the_last_of_several_streams_closes() -> None:
    told: Told = []
    held = resources(told, "db")
    held.begin_use()
    held.begin_use()
    held.take("db", awaits=False)
    held.end_use()
    assert told == ["open db"]
    held.end_use()

    assert told == ["open db", "close db"]


def test_a_forked_process_opens_its_own_and_leaves_its_parent_s_open() -> None:
    told: Told = []
    held = resources(told, "db")
    held.take("db", awaits=False)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        held.close()  # what the parent has open is not the child's to close
        held.take("db", awaits=False)
        held.close()
        os.write(writer, ",".join(told).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)

    assert os.read(reader, 1000).decode() == "open db,open db,close db"
    assert told == ["open db"]
    os.close(reader)
    held.close()


def test_a_fork_while_one_is_being_opened_does_not_lock_the_child() -> None:
    told: Told = []
    held = resources(told, "db")
    lock = held._declared["db"]._lock
    with lock:
        child = os.fork()
        if child == 0:
            held.take("db", awaits=False)
            os._exit(0)
    _, status = os.waitpid(child, 0)

    assert status == 0


# -- event loops ---------------------------------------------------------------------------


async def test_async_functions_get_what_is_to_be_awaited() -> None:
    held = resources([], "db")

    assert held.seen(None, "", awaits=True)["db"] == "db awaited"


async def test_what_is_bound_to_a_loop_is_opened_and_closed_in_it() -> None:
    told: Told = []
    held = resources(told, "api", looped=True)
    await held.acquire_in_loop(("api",))
    assert held.take("api", awaits=True) == "api in a loop"
    await held.aclose()
    await held.aclose()

    assert told == ["ready api", "aclose api"]


def test_each_loop_has_its_own() -> None:
    told: Told = []
    held = resources(told, "api", looped=True)

    async def work() -> None:
        await held.acquire_in_loop(("api",))
        await held.close_in_loop()

    asyncio.run(work())
    asyncio.run(work())
    assert told == ["ready api", "aclose api"] * 2


async def test_what_may_take_long_to_open_must_be_named_by_the_state() -> None:
    held = resources([], "own", slow=True)
    with pytest.raises(ResourceError, match="name it in `resources` of the state"):
        held.take("own", awaits=True)
    await held.acquire_in_loop(("own",))

    assert held.take("own", awaits=True) == "own awaited"
    await held.aclose()


async def test_closing_without_awaiting_what_needs_it_says_so_and_closes_the_rest() -> None:
    told: Told = []
    held = Resources({"a": Maker(told, "a", looped=True), "b": Maker(told, "b")})
    held.take("a", awaits=True)
    held.take("b", awaits=True)
    with pytest.raises(UsageError, match="the resource 'a' is open in an event loop: close"):
        held.close()
    await held.aclose()

    assert told == ["open b", "close b", "aclose a"]


def test_a_loop_that_is_over_needs_no_closing() -> None:
    held = resources([], "a", looped=True)

    async def work() -> None:
        held.take("a", awaits=True)

    asyncio.run(work())
    held.close()
    assert not held._declared["a"].has_loops()


async def test_a_call_aside_runs_in_a_thread() -> None:
    here = threading.get_ident()
    ident = await resources([]).aside(lambda _: threading.get_ident())(None)

    assert ident != here


def test_only_what_waits_keeps_functions_off_the_loop() -> None:
    held = resources([], "db", given={"own": 1})
    held._declared["db"].provider.waits = False
    assert not held.waits(None)
    held._declared["db"].provider.waits = True

    assert (held.waits(None), held.waits(("own",)), held.waits(("db",)), held.waits(())) == (
        True,
        False,
        True,
        False,
    )


def test_secrets_are_struck_out_if_there_are_any() -> None:
    assert Resources().hide("a secret") == "a secret"
    assert Resources(hide=lambda text: text.replace("secret", "*")).hide("a secret") == "a *"
