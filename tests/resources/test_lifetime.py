"""When resources are opened and closed: by each process for itself, on every way out."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from statepipe import AsyncSimpleFSM, SimpleFSM, StreamConfig, UsageError
from statepipe.run import pool
from tests.connectors.services import Answer, Asked, serving
from tests.resources.conftest import Run, machine
from tests.resources.own import notes
from tests.run.sources import WAIT_S

USE = "lambda s: {**s.data, 'by': s.resources['own'].use()}"
ASYNC_USE = "async def f(s):\n    return {**s.data, 'by': await s.resources['own'].use()}"


def own(path: Path, name: str = "Noted", **params: Any) -> dict[str, Any]:
    return {
        "name": "own",
        "provider": "custom",
        "module": "tests.resources.own",
        "class": name,
        "params": {"path": str(path), **params},
    }


def two(count: int = 2) -> StreamConfig:
    return StreamConfig(parallelism=count, chunk_size=5)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  # it comes true in a thread or another process
        await asyncio.sleep(0.005)


def words(log: Path) -> list[str]:
    return [word for word, _ in notes(log)]


@pytest.mark.parametrize("code", ["1", USE], ids=["unused", "used"])
def test_what_is_not_named_is_opened_by_who_takes_it_first(run: Run, log: Path, code: str) -> None:
    run(machine(f"({code}) and None" if code == "1" else code, own(log)), [{}] * 3)

    assert ("open" in words(log)) is (code == USE)


@pytest.mark.parametrize(("name", "code"), [("Noted", USE), ("AsyncNoted", ASYNC_USE)])
def test_every_process_opens_its_own_once_and_closes_it(
    run: Run, log: Path, name: str, code: str
) -> None:
    found = run(machine(code, own(log, name), resources=["own"]), [{"n": n} for n in range(30)])
    by_process: dict[int, list[str]] = {}
    for word, pid in notes(log):
        by_process.setdefault(pid, []).append(word)

    assert all(error is None for _, error in found)
    assert {data["by"] for data, _ in found if data} == set(by_process)
    for told in by_process.values():
        assert told[0] == "open" and told[-1] == "close"
        assert told.count("open") == told.count("close")


def test_records_of_one_machine_share_what_is_open(log: Path) -> None:
    with SimpleFSM(machine(USE, own(log))) as fsm:
        for _ in range(3):
            fsm.process({})
        fsm.process_batch([{}] * 3)
        assert words(log) == ["open"] + ["use"] * 6

    assert words(log)[-1] == "close"
    fsm.close()
    assert words(log).count("close") == 1


def test_a_stream_closes_what_it_opened(log: Path) -> None:
    fsm = SimpleFSM(machine(USE, own(log)))
    fsm.process_stream([{}, {}], [].append)
    assert words(log) == ["open", "use", "use", "close"]
    fsm.process_stream([{}], [].append)

    assert words(log)[4:] == ["open", "use", "close"]


def test_a_stream_leaves_open_what_was_open_before(log: Path) -> None:
    with SimpleFSM(machine(USE, own(log))) as fsm:
        fsm.process({})
        fsm.process_stream([{}], [].append)
        fsm.process({})
        assert words(log) == ["open", "use", "use", "use"]


def test_a_machine_that_nobody_closes_closes_when_it_is_forgotten(log: Path) -> None:
    fsm = SimpleFSM(machine(USE, own(log)))
    fsm.process({})
    del fsm
    gc.collect()

    assert words(log) == ["open", "use", "close"]


@pytest.mark.parametrize("count", [1, 2])
def test_a_source_that_breaks_closes_them(log: Path, count: int) -> None:
    def source() -> Any:
        yield from ({"n": n} for n in range(40))
        raise OSError("the source broke")

    with pytest.raises(OSError, match="the source broke"):
        SimpleFSM(machine(USE, own(log))).process_stream(
            source(), [].append, stream_config=two(count)
        )
    told = words(log)

    assert told.count("open") == told.count("close") > 0


@pytest.mark.parametrize("count", [1, 2])
def test_a_sink_that_breaks_closes_them(log: Path, count: int) -> None:
    def sink(record: Any) -> None:
        raise OSError("the sink broke")

    with pytest.raises(Exception, match="the sink broke"):
        SimpleFSM(machine(USE, own(log))).process_stream(
            [{"n": n} for n in range(400)], sink, stream_config=two(count)
        )

    assert words(log).count("open") == words(log).count("close") > 0


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(("name", "code"), [("Noted", USE), ("AsyncNoted", ASYNC_USE)])
async def test_a_cancelled_stream_closes_them(log: Path, count: int, name: str, code: str) -> None:
    async def source() -> Any:
        for n in range(20):
            yield {"n": n}
        came.set()
        await asyncio.sleep(60)

    came = asyncio.Event()
    fsm = AsyncSimpleFSM(machine(code, own(log, name), resources=["own"]))
    task = asyncio.create_task(fsm.process_stream(source(), [].append, stream_config=two(count)))
    await came.wait()
    await until(lambda: "use" in words(log))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert words(log).count("open") == words(log).count("close") > 0


async def test_a_cancelled_record_leaves_them_open_for_the_next_and_aclose_ends_it(
    log: Path,
) -> None:
    code = "import asyncio\nasync def f(s):\n    await s.resources['own'].use()\n" + (
        "    await asyncio.sleep(s.data['s'])"
    )
    async with AsyncSimpleFSM(machine(code, own(log, "AsyncNoted"), resources=["own"])) as fsm:
        task = asyncio.create_task(fsm.process({"s": 60}))
        await until(lambda: "use" in words(log))
        task.cancel()
        await asyncio.wait([task])
        assert (await fsm.process({"s": 0})).success
        assert words(log) == ["open", "use", "use"]

    assert words(log)[-1] == "close"


STILL = "\n".join(
    [
        "import time",
        "def f(s):",
        "    time.sleep(s.data['before'])",
        "    s.resources['own'].use()",
        "    time.sleep(s.data['s'])",
    ]
)


def broken_off(log: Path, config: dict[str, Any]) -> BaseException:
    """Break a stream of two workers off in the midst of their work; return its error.

    One is done with its first record when the other has just begun to open what it needs.
    """

    def sink(record: Any) -> None:
        late_s = time.monotonic() + WAIT_S
        while words(log).count("open") < 2 and time.monotonic() < late_s:
            time.sleep(0.001)
        raise OSError("the sink broke")

    records = [{"before": 0, "s": 0}, *({"before": 0.6, "s": 60} for _ in range(20))]
    once = StreamConfig(parallelism=2, chunk_size=1)
    with pytest.raises(Exception, match="the sink broke") as caught:
        SimpleFSM(config).process_stream(records, sink, stream_config=once)
    return caught.value


@pytest.mark.parametrize("name", ["Noted", "SlowNoted"])
def test_workers_that_still_work_when_the_stream_ends_close_them_too(log: Path, name: str) -> None:
    """They are told by a signal, in the midst of a record, or of opening what it needs."""
    broken_off(log, machine(STILL, own(log, name)))

    assert words(log).count("open") == words(log).count("close") == 2


@pytest.mark.parametrize("wait", ["await asyncio.sleep(s.data['s'])", "time.sleep(s.data['s'])"])
def test_workers_with_async_functions_close_them_too(log: Path, wait: str) -> None:
    code = "import asyncio, time\nasync def f(s):\n    await s.resources['own'].use()\n    " + wait
    broken_off(log, machine(code, own(log, "AsyncNoted"), resources=["own"]))

    assert words(log).count("open") == words(log).count("close") == 2
    for pid in {pid for _, pid in notes(log)}:
        assert [word for word, by in notes(log) if by == pid][-1] == "close"


def test_what_workers_did_not_close_in_time_is_told(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "STOP_S", 0.5)
    error = broken_off(log, machine(STILL, own(log, "StuckNoted")))

    [note] = [note for note in error.__notes__ if "worker" in note]
    assert note == (
        "2 of 2 worker processes had not ended after 0.5 s, and were killed: "
        "what they had set up or opened was not torn down or closed"
    )


def test_connections_are_not_shared_with_workers(prices: str) -> None:
    code = "lambda s: {**s.data, **s.resources['db'].one('select count(*) as n from prices')}"
    database = {"name": "db", "provider": "sql", "path": prices}
    out: list[Any] = []
    with SimpleFSM(machine(code, database)) as fsm:
        before = fsm.process({}).data["n"]
        fsm.process_stream([{"i": i} for i in range(40)], out.append, stream_config=two())
        after = fsm.process({}).data["n"]

    assert (before, after, {record["n"] for record in out}) == (99, 99, {99})


async def test_the_loop_turns_while_a_function_waits_for_a_resource() -> None:
    """A service that answers only once the loop has: it would wait for ever otherwise."""
    turned = threading.Event()

    def answer(request: Asked, number: int) -> Answer:
        return Answer(200 if turned.wait(20) else 500)

    with serving(answer) as service:
        api = {"name": "api", "provider": "http", "base_url": service.url, "retries": 0}
        code = "lambda s: {'status': s.resources['api'].get('/x').status}"
        async with AsyncSimpleFSM(machine(code, api, validator="True")) as fsm:
            for work, went_well in (
                (fsm.process({}), lambda result: result.success),
                (fsm.process_batch([{}]), lambda results: results[0].success),
                (fsm.process_stream([{}], [].append), lambda result: result.successful == 1),
                (fsm.validate({}), bool),
            ):
                turned.clear()
                task = asyncio.ensure_future(work)
                await until(lambda: len(service.asked) > 0)
                service.asked.clear()
                turned.set()
                assert went_well(await task)


async def test_a_blocking_function_in_an_async_network_keeps_off_the_loop() -> None:
    turned = threading.Event()

    def answer(request: Asked, number: int) -> Answer:
        return Answer(200 if turned.wait(20) else 500)

    with serving(answer) as service:
        api = {"name": "api", "provider": "http", "base_url": service.url, "retries": 0}
        code = [
            "lambda s: {'status': s.resources['api'].get('/x').status}",
            "async def f(s):\n    return s.data",
        ]
        async with AsyncSimpleFSM(machine(code, api)) as fsm:
            task = asyncio.ensure_future(fsm.process({}))
            await until(lambda: len(service.asked) > 0)
            turned.set()
            assert (await task).data == {"status": 200}


def test_a_function_that_does_not_await_cannot_use_what_opens_by_awaiting(
    run: Run, log: Path
) -> None:
    [(data, error)] = run(machine(USE, own(log, "AsyncNoted")), [{}])

    assert data is None
    assert error == (
        "ResourceError: resource 'own': it opens asynchronously: only async functions can use it"
    )


def test_what_has_to_be_awaited_must_be_named_by_the_state(run: Run, log: Path) -> None:
    [(data, error)] = run(machine(ASYNC_USE, own(log, "AsyncNoted")), [{}])

    assert data is None and error is not None
    assert error.endswith("name it in `resources` of the state")


async def test_closing_without_awaiting_says_what_is_still_open(log: Path) -> None:
    fsm = AsyncSimpleFSM(machine(ASYNC_USE, own(log, "AsyncNoted"), resources=["own"]))
    await fsm.process({})
    with pytest.raises(UsageError, match=r"the resource 'own' is open in an event loop"):
        fsm.close()
    await fsm.aclose()

    assert words(log) == ["open", "use", "close"]


def test_an_fsm_without_records_opens_nothing(log: Path) -> None:
    with SimpleFSM(machine(USE, own(log), resources=["own"])) as fsm:
        assert fsm.get_resources() == ["own"]

    assert words(log) == []
