"""A secret of a resource is nowhere to be seen: not in errors, letters, configs, digests, logs."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from statepipe import AsyncSimpleFSM, ConfigError, SimpleFSM, StreamConfig
from statepipe.api.secrets import Secrets, secrets_of
from statepipe.cli.main import main
from statepipe.config.load import load_config
from tests.connectors.services import Answer, serving
from tests.resources.conftest import machine

CANARY = "canary-7c1d"
ASK = "lambda s: s.resources['r'].get('/x')"
ASYNC_ASK = "async def f(s):\n    return await s.resources['r'].get('/x')"
SELECT = "lambda s: s.resources['r'].query('select * from nowhere')"
ASYNC_SELECT = "async def f(s):\n    return await s.resources['r'].query('select 1')"


def http(**options: Any) -> dict[str, Any]:
    url = f"http://127.0.0.1:9/{CANARY}"  # where nobody listens
    secret = {"base_url": url, "token": CANARY, "headers": {"X-Key": CANARY}}
    return {"name": "r", "provider": "http", "retries": 0, **secret, **options}


def sql(url: str) -> dict[str, Any]:
    return {"name": "r", "provider": "sql", "url": url}


def own(**secrets: Any) -> dict[str, Any]:
    return {
        "name": "r",
        "provider": "custom",
        "module": "tests.resources.own",
        "class": "Noted",
        "params": {"path": "/dev/null", **secrets.pop("params", {})},
        "secrets": {"secret": CANARY},
    }


NO_SUCH_FILE = f"sqlite:////nowhere/{CANARY}/x.db"
FAILING: dict[str, tuple[dict[str, Any], str]] = {
    "http": (http(), ASK),
    "http async": (http(), ASYNC_ASK),
    "sql connect": (sql(NO_SUCH_FILE), SELECT),
    "sql connect async": (sql(NO_SUCH_FILE), ASYNC_SELECT),
    "sql statement": (sql("sqlite://"), SELECT),
    "custom open": (own(params={"fail": "open"}), "lambda s: s.resources['r'].use()"),
    "custom method": (own(params={"fail": "use"}), "lambda s: s.resources['r'].use()"),
    "raised by the author": (
        own(),
        "def f(s):\n    try:\n        1 / 0\n    except Exception as e:\n"
        "        raise KeyError('no ' + s.resources['r'].secret) from e",
    ),
    "condition": (own(), "lambda s: s.data"),
}


SAY_NOTHING = ("http", "http async", "sql connect", "sql connect async", "sql statement")
"""Whose message has nothing to hide: what is below it would."""


def config_of(name: str, **state: Any) -> dict[str, Any]:
    resource, code = FAILING[name]
    config = machine(code, resource, **state)
    if name == "condition":
        config["arcs"][0]["condition"] = "lambda s: {}[s.resources['r'].secret]"
    return config


@pytest.fixture(autouse=True)
def quiet_logs(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever is logged by anyone is looked through when the test is over."""
    caplog.set_level(logging.DEBUG)
    yield
    assert CANARY not in caplog.text


def shown(error: BaseException) -> str:
    """Return all that an error shows: text, repr, what led to it, and its traceback."""
    parts = [str(error), repr(error), "".join(traceback.format_exception(error))]
    for other in (error.__cause__, error.__context__):
        parts += [shown(other)] if other is not None else []
    return "\n".join(parts)


@pytest.mark.parametrize("name", FAILING)
@pytest.mark.parametrize("named", [{}, {"resources": ["r"]}], ids=["lazily", "named"])
def test_no_error_of_a_record_shows_it(name: str, named: Any) -> None:
    result = SimpleFSM(config_of(name, **named)).process({"n": 1})

    assert not result.success and result.record_error is not None
    assert CANARY not in shown(result.record_error)
    assert CANARY not in repr(result)
    if name not in SAY_NOTHING:
        assert "**********" in str(result.error)


@pytest.mark.parametrize("name", FAILING)
@pytest.mark.parametrize("count", [1, 2])
def test_no_dead_letter_shows_it(name: str, count: int, tmp_path: Path) -> None:
    source, letters = tmp_path / "in.jsonl", tmp_path / "dead.jsonl"
    source.write_text('{"n": 1}\n{"n": 2}\n', encoding="utf-8")
    result = SimpleFSM(config_of(name)).process_stream(
        source,
        tmp_path / "out.jsonl",
        dead_letters=letters,
        stream_config=StreamConfig(parallelism=count),
    )
    text = letters.read_text(encoding="utf-8")

    assert len(text.splitlines()) == result.failed == 2
    assert CANARY not in text
    assert all(CANARY not in shown(error) for error in result.errors)


@pytest.mark.parametrize("name", FAILING)
def test_what_catches_an_error_does_not_see_it(name: str) -> None:
    config = config_of(name, on_error="rescue")
    rescue = {"name": "rescue", "transform": "lambda s: {'told': str(s.error)}", "is_end": True}
    config["states"].append(rescue)
    result = SimpleFSM(config).process({"n": 1})

    assert result.final_state == "rescue"
    assert "told" in result.data and CANARY not in result.data["told"]


@pytest.mark.parametrize("name", FAILING)
def test_no_error_of_an_async_fsm_shows_it(name: str) -> None:
    async def run() -> Any:
        async with AsyncSimpleFSM(config_of(name)) as fsm:
            return await fsm.process({"n": 1}), await fsm.validate({"n": 1})

    result, validation = asyncio.run(run())
    assert CANARY not in shown(result.record_error)
    assert CANARY not in repr(validation)


@pytest.mark.parametrize("name", FAILING)
def test_the_config_and_the_machine_do_not_show_it(name: str) -> None:
    fsm = SimpleFSM(config_of(name))
    machine, plan = fsm._core.machine, fsm._core.plan

    for value in (
        fsm.config,
        machine,
        machine.resources,
        plan,
        plan.resources,
        fsm._core.resources,
    ):
        assert CANARY not in repr(value)
    assert CANARY not in json.dumps(fsm.config, default=repr)


def test_closing_that_fails_does_not_show_it() -> None:
    fsm = SimpleFSM(
        machine("lambda s: {'n': s.resources['r'].use()}", own(params={"fail": "close"}))
    )
    fsm.process({})
    with pytest.raises(Exception, match=r"closing it failed: ValueError: close with \*+") as caught:
        fsm.close()

    assert CANARY not in shown(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"nosuch://user:{CANARY}@host/db",
        f"{CANARY} is no address",
        f"sqlite+{CANARY}://x",
        f"mysql+pymysql://user:{CANARY}@host/db",
    ],
)
def test_a_database_that_cannot_be_is_a_config_error_that_does_not_show_it(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        SimpleFSM(machine("1", sql(url)))

    assert "the database: " in str(caught.value)
    assert CANARY not in shown(caught.value)


def test_a_service_that_answers_with_what_it_was_sent_does_not_show_it() -> None:
    def echo(request: Any, number: int) -> Answer:
        return Answer(400, json.dumps(request.headers).encode())

    with serving(echo) as service:
        api = http(base_url=service.url)
        code = "lambda s: s.resources['r'].get('/x')"
        own_words = (
            "def f(s):\n    try:\n        s.resources['r'].get('/x')\n"
            "    except Exception as e:\n        raise ValueError(e.reply.text)"
        )
        for transform in (code, own_words):
            result = SimpleFSM(machine(transform, api)).process({})
            assert not result.success
            assert CANARY not in shown(result.record_error)  # type: ignore[arg-type]  # it failed


@pytest.mark.parametrize("command", ["check", "show"])
def test_no_command_shows_it(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setenv("SECRET", CANARY)
    flow = tmp_path / "flow.json"
    config = machine("lambda s: s.data", http(token="${SECRET}"), own())
    config["resources"][1]["name"] = "own"
    flow.write_text(json.dumps(config), encoding="utf-8")
    main([command, "--trust", str(flow)])
    told = capsys.readouterr()

    assert CANARY not in told.out + told.err


def test_no_checkpoint_holds_it(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"n": 1}\n', encoding="utf-8")
    SimpleFSM(config_of("http")).process_stream(
        source, tmp_path / "out.jsonl", checkpoint=tmp_path / "cp"
    )

    for path in tmp_path.rglob("*"):
        assert path.is_dir() or CANARY.encode() not in path.read_bytes()


def test_every_way_a_secret_is_written_is_struck_out() -> None:
    hide = Secrets([["p@ss/w'ord ü", "abc"]])

    assert hide("it is p@ss/w'ord ü") == "it is **********"
    assert (
        hide("p%40ss%2Fw%27ord%20%C3%BC and p%40ss/w%27ord%20%C3%BC") == "********** and **********"
    )
    assert hide("abc stays: it is too short") == "abc stays: it is too short"
    assert (bool(hide), bool(Secrets([["abc"]]))) == (True, False)
    assert "p@ss" not in repr(hide)


def test_all_that_is_secret_is_found() -> None:
    loaded = load_config(
        machine(
            "1",
            {**http(), "token": None, "headers": {}, "username": "u", "password": "pass-1"},
            {**sql("x://user:pass-2@host/db?key=pass-3"), "name": "s"},
            {**own(), "name": "o"},
        )
    )
    found = [secret for one in loaded.model.resources for secret in secrets_of(one)]

    assert {"pass-1", "dTpwYXNzLTE=", "pass-2", "key=pass-3", CANARY} <= set(found)
