"""From what a config declares to what functions reach: what is missing is told at once."""

from __future__ import annotations

import subprocess
import sys
from importlib import util
from pathlib import Path
from typing import Any

import pytest
import yaml

from statepipe import ConfigError, SimpleFSM
from tests.resources.conftest import machine

CACHE = {"name": "c", "provider": "cache"}


def problem(*resources: Any, **options: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        SimpleFSM(machine("1", *resources), **options)
    [found] = caught.value.problems
    return str(found)


@pytest.mark.parametrize(
    ("resource", "package"),
    [
        ({"name": "r", "provider": "sql", "path": "x.db"}, "sqlalchemy"),
        ({"name": "r", "provider": "http"}, "httpx"),
    ],
)
def test_a_package_that_is_missing_is_told_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, resource: dict[str, Any], package: str
) -> None:
    real = util.find_spec
    found = lambda name: None if name == package else real(name)  # noqa: E731  # one expression
    monkeypatch.setattr("statepipe.api.providing.find_spec", found)
    provider = resource["provider"]

    assert problem(resource) == (
        f"resources[0]: the provider '{provider}' needs a package that is not installed\n"
        f"    help: pip install 'statepipe[{provider}]'"
    )


def test_a_database_without_a_driver_is_told() -> None:
    assert problem({"name": "r", "provider": "sql", "url": "nosuch://h/x"}) == (
        "resources[0]: the database: SQLAlchemy knows no database of this kind\n"
        "    help: as in  postgresql+psycopg://host/name"
    )


def test_a_class_that_is_not_there_is_told() -> None:
    own = {"name": "r", "provider": "custom", "module": "tests.resources.own", "class": "Nothing"}

    assert problem(own) == (
        "resources[0]: the module 'tests.resources.own' has no class or function 'Nothing'"
    )
    assert problem({**own, "module": "no.such"}).startswith(
        "resources[0]: the module 'no.such' cannot be imported: ModuleNotFoundError"
    )
    assert problem({**own, "class": "__doc__"}).endswith("has no class or function '__doc__'")


def test_what_is_given_in_code_need_not_be_possible_in_the_config() -> None:
    own = {"name": "r", "provider": "custom", "module": "no.such", "class": "Nothing"}
    fsm = SimpleFSM(machine("lambda s: {'n': s.resources['r']}", own), resources={"r": 5})

    assert fsm.process({}).data == {"n": 5}
    assert fsm.get_resources() == ["r"]


def test_the_names_are_those_declared_then_those_given() -> None:
    fsm = SimpleFSM(machine("1", CACHE), resources={"mine": 1})

    assert fsm.get_resources() == ["c", "mine"]


@pytest.mark.parametrize("package", ["sqlalchemy", "httpx"])
def test_packages_are_loaded_only_where_a_config_needs_them(package: str) -> None:
    code = (
        "import sys; from statepipe import SimpleFSM; "
        "SimpleFSM({'states': {'a': {'start': True}}, 'resources': "
        "[{'name': 'c', 'provider': 'cache'}]}); "
        f"print({package!r} in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    "code",
    [
        "lambda s: {'n': s.resources['c'].get('k', 5)}",
        "def f(s):\n    s.resources['c'].put('k', 5)\n    return {'n': s.resources['c'].get('k')}",
        "lambda s: {'n': 5 if 'k' not in s.resources['c'] else 0}",
        "lambda s: {'n': int(s.resources['f'].read_text('n'))}",
        "lambda s: {'n': 5 if s.resources['f'].exists('n') else 0}",
    ],
)
def test_an_untrusted_file_may_use_its_cache_and_read_its_folder(tmp_path: Path, code: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "n").write_text("5", encoding="utf-8")
    folder = {"name": "f", "provider": "filesystem", "path": "data"}
    flow = tmp_path / "flow.yaml"
    flow.write_text(yaml.safe_dump(machine(code, CACHE, folder)), encoding="utf-8")

    assert SimpleFSM(flow).process({}).data == {"n": 5}


@pytest.mark.parametrize(
    ("code", "attribute"),
    [
        ("lambda s: s.resources['c'].query('select 1')", "query"),
        ("lambda s: s.resources['c'].execute('drop table x')", "execute"),
        ("lambda s: s.resources['c'].request('GET', 'http://h')", "request"),
        ("lambda s: s.resources['c'].post('/x')", "post"),
        ("lambda s: s.resources['c'].write_text('x', 'y')", "write_text"),
        ("lambda s: s.resources['c']._provider", "_provider"),
    ],
)
def test_an_untrusted_file_may_do_nothing_else_with_resources(
    tmp_path: Path, code: str, attribute: str
) -> None:
    flow = tmp_path / "flow.yaml"
    flow.write_text(yaml.safe_dump(machine(code, CACHE)), encoding="utf-8")

    with pytest.raises(ConfigError, match=f"'{attribute}' is not allowed in the inline code"):
        SimpleFSM(flow)
