"""Functions reach resources alike however records are run: see `conftest.WAYS`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from statepipe import DataHandlingMode
from tests.connectors.services import Answer, Asked, serving
from tests.resources.conftest import Run, machine

PRICE = "lambda s: {**s.data, 'price': s.resources['db'].get(s.data['sku'])['price']}"
ASYNC_PRICE = """async def price(state):
    row = await state.resources['db'].get(state.data['sku'])
    return {**state.data, 'price': row['price']}
"""
RECORDS = [{"sku": f"s{n}"} for n in range(1, 24)]
PRICED = [({"sku": f"s{n}", "price": n}, None) for n in range(1, 24)]


def database(path: str, **options: Any) -> dict[str, Any]:
    lookup = "select * from prices where sku = :key"
    return {"name": "db", "provider": "sql", "path": path, "lookup": lookup, **options}


@pytest.mark.parametrize("names", [{}, {"resources": ["db"]}], ids=["lazily", "named"])
@pytest.mark.parametrize("code", [PRICE, ASYNC_PRICE], ids=["sync", "async"])
def test_a_database_enriches_records(run: Run, prices: str, code: str, names: Any) -> None:
    assert run(machine(code, database(prices), **names), RECORDS) == PRICED


def test_both_kinds_of_function_use_it_in_one_network(run: Run, prices: str) -> None:
    config = machine([PRICE, ASYNC_PRICE], database(prices))
    config["arcs"][0]["condition"] = "lambda s: s.resources['db'].get(s.data['sku']) is not None"

    assert run(config, RECORDS) == PRICED


def test_a_context_has_them_too(run: Run, prices: str) -> None:
    code = "lambda d, c: {**d, 'price': c.resources['db'].get(d['sku'])['price']}"

    assert run(machine(code, database(prices)), RECORDS) == PRICED


def test_a_network_may_write_to_a_database(run: Run, prices: str) -> None:
    code = """
state.resources['db'].execute('insert into prices values (:sku, :n)', sku=data['id'], n=data['n'])
return {'found': state.resources['db'].get(data['id'])['price']}
"""
    records = [{"id": f"new{n}", "n": n} for n in range(8)]

    assert run(machine(code, database(prices, timeout_s=20)), records) == [
        ({"found": n}, None) for n in range(8)
    ]


def test_a_pool_that_is_used_up_fails_the_record_by_its_name(run: Run, prices: str) -> None:
    code = """
held = state.resources['db']._engine.connect()
try:
    return {'n': state.resources['db'].get(data['sku'])}
finally:
    held.close()
"""
    config = machine(code, database(prices, pool_size=1, timeout_s=0.01))

    [outcome] = run(config, RECORDS[:1])
    assert outcome == (
        None,
        "ResourceTimeoutError: resource 'db': none of the 1 connections was free within 0.01 s",
    )


@pytest.mark.parametrize(
    "code",
    [
        "lambda s: s.resources['api'].get('/x', params={'n': s.data['n']}).json()",
        "async def f(s):\n    reply = await s.resources['api'].get('/x', params={'n': s.data['n']})"
        "\n    return reply.json()",
    ],
    ids=["sync", "async"],
)
def test_a_service_is_asked(run: Run, code: str) -> None:
    def answer(request: Asked, number: int) -> Answer:
        value = request.path.partition("n=")[2]
        assert request.headers["authorization"] == "Bearer canary"
        return Answer(body=f'{{"got": {value}}}'.encode())

    with serving(answer) as service:
        api = {"name": "api", "provider": "http", "base_url": service.url, "token": "canary"}
        found = run(machine(code, api), [{"n": n} for n in range(12)])

    assert found == [({"got": n}, None) for n in range(12)]


@pytest.mark.parametrize(
    "code",
    [
        "lambda s: {'text': s.resources['files'].read_text(s.data['path'])}",
        "async def f(s):\n    files = s.resources['files']\n"
        "    return {'text': await files.read_text(s.data['path'])}",
    ],
    ids=["sync", "async"],
)
def test_files_of_a_folder_are_read_and_no_others(run: Run, tmp_path: Path, code: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_text("inside", encoding="utf-8")
    (tmp_path / "b").write_text("outside", encoding="utf-8")
    files = {"name": "files", "provider": "filesystem", "path": str(tmp_path / "in")}
    found = run(machine(code, files), [{"path": "a"}, {"path": "../b"}, {"path": "c"}])

    assert [data for data, _ in found] == [{"text": "inside"}, None, None]
    assert found[1][1] == (
        "ResourceError: resource 'files': '../b' leads out of the folder: "
        "give a path below it, without '..'"
    )


def test_a_cache_keeps_values_from_record_to_record(run: Run) -> None:
    """Each worker has its own, so that only what one process does to another's is left open."""
    code = """
cache = state.resources['seen']
cache.put('all', cache.get('all', 0) + 1)
return {'n': data['n'], 'all': cache.get('all')}
"""
    cache = {"name": "seen", "provider": "cache"}
    found = run(machine(code, cache), [{"n": n} for n in range(12)])

    counts = [data["all"] for data, _ in found if data is not None]
    assert len(counts) == 12
    assert max(counts) <= 12
    assert sorted(set(counts)) == list(range(1, max(counts) + 1))


def test_a_cached_value_is_no_alias_of_a_record(run: Run) -> None:
    code = [
        "def f(s):\n    s.resources['c'].put('x', s.data['l'])\n    return s.data",
        "def g(s):\n    s.data['l'].append(1)\n    return s.data",
        "lambda s: {'cached': s.resources['c'].get('x'), 'l': s.data['l']}",
    ]
    config = machine(code, {"name": "c", "provider": "cache"})

    [(data, _)] = run(config, [{"l": []}], data_mode=DataHandlingMode.COPY)
    assert data == {"cached": [], "l": [1]}


def test_what_a_program_gives_takes_the_place_of_what_the_config_declares(
    run: Run, prices: str
) -> None:
    config = machine(PRICE, database(prices), resources=["db"])
    given = {"db": {record["sku"]: {"price": 5} for record in RECORDS}}

    assert [data["price"] for data, _ in run(config, RECORDS, resources=given) if data] == [5] * 23


def test_a_resource_that_is_not_there_fails_the_record_and_names_those_that_are(
    run: Run, prices: str
) -> None:
    config = machine("lambda s: s.resources['dbs']", database(prices))

    assert run(config, [{}]) == [
        (
            None,
            "UnknownResourceError: resource 'dbs': there is none of that name; "
            "did you mean 'db'? there are: db",
        )
    ]


def test_a_state_shows_only_what_it_names(run: Run, prices: str) -> None:
    code = "lambda s: {'seen': sorted(s.resources), 'other': s.resources.get('c') is None}"
    config = machine(code, database(prices), {"name": "c", "provider": "cache"}, resources=["db"])

    assert run(config, [{}]) == [({"seen": ["db"], "other": True}, None)]


def test_one_that_cannot_be_opened_fails_the_record_before_its_functions(
    run: Run, tmp_path: Path
) -> None:
    files = {"name": "files", "provider": "filesystem", "path": str(tmp_path / "none")}
    config = machine("1 / 0", files, resources=["files"])
    message = f"the folder {str(tmp_path / 'none')!r}: No such file or directory"

    assert run(config, [{}]) == [(None, f"ResourceError: resource 'files': {message}")]


def test_a_state_that_retries_or_catches_hears_of_it(run: Run, tmp_path: Path) -> None:
    files = {"name": "files", "provider": "filesystem", "path": str(tmp_path / "none")}
    config = machine(
        "1 / 0", files, resources=["files"], catch=[{"errors": ["ResourceError"], "to": "z"}]
    )

    assert run(config, [{"n": 1}]) == [({"n": 1}, None)]
