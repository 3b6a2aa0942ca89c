"""Resources in a config: what is wrong is told with its place, and never with a secret."""

from __future__ import annotations

from typing import Any

import pytest

from statepipe.config.load import LoadedConfig, load_config
from statepipe.config.resource_rules import is_in_memory

ONE = {"states": [{"name": "a", "is_start": True, "is_end": True}]}


def load(*resources: Any, env: dict[str, str] | None = None) -> LoadedConfig:
    return load_config({**ONE, "resources": list(resources)}, env=env or {})


def told(*resources: Any) -> list[str]:
    return [str(problem) for problem in load(*resources).problems]


def sql(**options: Any) -> dict[str, Any]:
    return {"name": "r", "provider": "sql", "path": "x.db"} | options


def http(**options: Any) -> dict[str, Any]:
    return {"name": "r", "provider": "http", "base_url": "http://h"} | options


def custom(**options: Any) -> dict[str, Any]:
    return {"name": "r", "provider": "custom", "module": "m", "class": "C"} | options


def test_defaults_are_written_out() -> None:
    [found] = load(sql()).model.resources
    values = found.model_dump()

    assert values == {
        "name": "r",
        "provider": "sql",
        "url": None,
        "path": "x.db",
        "pool_size": 5,
        "timeout_s": 10.0,
        "check_after_s": 60.0,
        "max_rows": 10_000,
        "lookup": None,
    }


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (
            {"name": "r", "provider": "sqll"},
            "resources[0].provider: unknown provider 'sqll'\n    help: did you mean 'sql'?",
        ),
        (
            {"name": "r", "provider": "kafka"},
            "resources[0].provider: unknown provider 'kafka'\n"
            "    help: known here: cache, custom, filesystem, http, sql",
        ),
        (
            {"name": "r"},
            "resources[0]: the resource has no provider\n"
            "    help: add  provider: cache | custom | filesystem | http | sql",
        ),
        (
            {"name": "r", "provider": ["sql"]},
            "resources[0].provider: 'provider' must be text\n"
            "    help: one of cache, custom, filesystem, http, sql",
        ),
        (
            {"name": "r", "provider": "cache", "max_entires": 5},
            "resources[0].max_entires: unknown option 'max_entires' of the provider 'cache'\n"
            "    help: did you mean 'max_entries'?",
        ),
        (
            sql(pool_size=0),
            "resources[0].pool_size: 'pool_size' must be at least 1, not the number 0",
        ),
        (
            {"name": "r", "provider": "filesystem"},
            "resources[0]: 'path' is missing\n    help: add  path: ...",
        ),
        (
            {"provider": "cache"},
            "resources[0]: 'name' is missing\n    help: add  name: ...",
        ),
        (5, "resources[0]: an item of 'resources' must be a mapping, not the number 5"),
    ],
)
def test_a_wrong_provider_or_option_is_told(resource: Any, message: str) -> None:
    assert told(resource) == [message]


def test_two_of_one_name_are_told() -> None:
    cache = {"name": "r", "provider": "cache"}

    assert told(cache, cache) == [
        "resources[1].name: two resources are called 'r'\n    help: rename one of them"
    ]


@pytest.mark.parametrize(
    ("resource", "messages"),
    [
        (sql(path=None), ["a database needs either 'url' or 'path'"]),
        (sql(url="sqlite://"), ["a database needs either 'url' or 'path'"]),
        (
            {**sql(url="sqlite://", pool_size=2), "path": None},
            ["an SQLite database in memory is there for one connection only"],
        ),
        ({**sql(url="sqlite://", pool_size=1), "path": None}, []),
        (http(base_url="ftp://h"), ["'base_url' is no address"]),
        (http(base_url="http://["), ["'base_url' is no address"]),
        (http(base_url="http://u:canary@h"), ["'base_url' holds a user or a password"]),
        (http(base_url="http://h?key=canary"), ["'base_url' has a query or a fragment"]),
        (http(base_url=None, token="canary"), ["credentials or headers without 'base_url'"]),
        (http(username="u"), ["'username' and 'password' go together"]),
        (http(password="canary"), ["'username' and 'password' go together"]),
        (
            http(token="canary", headers={"authorization": "canary"}),
            ["more than one of 'token', 'username' and the header Authorization"],
        ),
        (http(retries=0, backoff_s=1), ["'backoff_s' without retries"]),
        (http(retries=0, retry_unsafe=True), ["'retry_unsafe' without retries"]),
        (http(retries=0), []),
        (
            custom(params={"api_key": "canary"}),
            ["the parameter 'api_key' looks like a secret, and 'params' may be shown"],
        ),
        (
            custom(params={"address": "x://u:canary@h"}),
            ["the parameter 'address' looks like a secret, and 'params' may be shown"],
        ),
        (custom(params={"keys": 3, "tokens": 5, "address": "x://h/a@b"}), []),
        (
            custom(params={"a": 1}, secrets={"a": "canary"}),
            ["'a' stands in both 'params' and 'secrets'"],
        ),
    ],
)
def test_options_that_do_not_go_together_are_told(resource: Any, messages: list[str]) -> None:
    problems = load(resource).problems

    assert [problem.message for problem in problems] == messages
    assert "canary" not in str(problems)


@pytest.mark.parametrize(
    "resource",
    [
        {"name": "canary0", "provider": "sql", "url": 987654321},
        http(base_url=["987654321"]),
        http(headers={"X-Key": 987654321}),
        http(headers="987654321"),
        http(token=987654321),
        http(username="u", password=987654321),
        custom(secrets={"key": 987654321}),
        custom(secrets=987654321),
    ],
)
def test_a_secret_of_the_wrong_kind_is_not_shown(resource: Any) -> None:
    text = "\n".join(told(resource))

    assert "must be" in text
    assert "987654321" not in text


def test_a_line_of_a_file_that_may_hold_secrets_is_not_shown(tmp_path: Any) -> None:
    path = tmp_path / "flow.yaml"
    path.write_text(
        "states: [{name: a, is_start: true, is_end: true}]\n"
        "resources:\n"
        "  - {name: r, provider: sqll, url: 'x://canary', token: '${NOT_SET}', pasword: canary}\n"
        "  - {name: h, provider: http, pasword: canary}\n",
        encoding="utf-8",
    )
    problems = load_config(path, env={}).problems
    text = "\n".join(map(str, problems))

    assert "canary" not in text
    assert "flow.yaml:3:25: unknown provider 'sqll'" in text
    assert "the environment variable NOT_SET is not set" in text
    assert "unknown option 'pasword' of the provider 'http'" in text
    assert all(problem.place.line for problem in problems)


def test_secrets_come_from_the_environment_and_are_not_in_the_config_that_is_shown() -> None:
    loaded = load(
        http(token="${TOKEN}", headers={"X": "canary-2"}),
        {"name": "d", "provider": "sql", "url": "x://u:${TOKEN}@h"},
        custom(name="c", secrets={"key": "${TOKEN}"}),
        env={"TOKEN": "canary"},
    )

    for shown in (repr(loaded.model), str(loaded.model), str(loaded.model.model_dump())):
        assert "canary" not in shown
    assert "canary" not in loaded.model.model_dump_json()
    assert "**********" in loaded.model.model_dump_json()


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("sqlite://", True),
        ("sqlite:///:memory:", True),
        ("sqlite+pysqlite://", True),
        ("sqlite://?cache=shared", True),
        ("sqlite:///x.db", False),
        ("sqlite:////:memory:/x", False),
        ("postgresql://h/x", False),
    ],
)
def test_databases_in_memory_are_known(url: str, found: bool) -> None:
    assert is_in_memory(url) is found
