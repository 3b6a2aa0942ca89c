"""Tests of lookup in the resources that a config declares, on real databases."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from statepipe import ConfigError, SimpleFSM
from tests.behaviour.conftest import Run
from tests.behaviour.engines import Config
from tests.functions.library.running import builtin, config_of

LOOKUP = "select name, city from customers where id = :key"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("create table customers (id integer primary key, name text, city text)")
        connection.execute("insert into customers values (7, 'Ann', 'Rome'), (8, 'Bob', null)")
    connection.close()
    return path


def joining(database: Path, **params: Any) -> Config:
    shop = {"name": "shop", "provider": "sql", "path": str(database), "lookup": LOOKUP}
    step = builtin("lookup", field="customer", resource="shop", **params)
    return {**config_of(step), "resources": [shop]}


def test_a_row_of_a_table_is_joined_by_every_engine(run: Run, database: Path) -> None:
    seen = run(joining(database, to="who"), {"customer": 7})

    assert seen.data == {"customer": 7, "who": {"name": "Ann", "city": "Rome"}}


def test_a_column_that_is_null_is_no_missing_row(run: Run, database: Path) -> None:
    assert run(joining(database), {"customer": 8}).data == {
        "customer": 8,
        "name": "Bob",
        "city": None,
    }


@pytest.mark.parametrize(
    ("missing", "data"),
    [
        ("ignore", {"customer": 9}),
        ("null", {"customer": 9, "name": None}),
    ],
)
def test_what_becomes_of_a_record_without_a_row(
    run: Run,
    database: Path,
    missing: str,
    data: Any,
) -> None:
    config = joining(database, missing=missing, take={"name": "name"})

    assert run(config, {"customer": 9}).data == data


def test_a_record_without_a_row_fails_unless_told(run: Run, database: Path) -> None:
    message = "field 'customer': nothing is known of 9 (rule 'lookup')"

    assert run(joining(database), {"customer": 9}).error == ("FieldError", message)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["other"], "names others in `resources`: other"),
        ([], "names none in `resources`"),
    ],
)
def test_a_state_sees_only_the_resources_that_it_names(
    database: Path, names: list[str], said: str
) -> None:
    config = joining(database)
    config["resources"].append({"name": "other", "provider": "cache"})
    config["states"][0]["resources"] = names
    error = SimpleFSM(config).process({"customer": 7}).error

    assert error == f"UnknownResourceError: resource 'shop': state 'a' {said}; add it there"


def test_a_table_that_is_not_there_fails_the_record_by_the_resources_name(tmp_path: Path) -> None:
    error = SimpleFSM(joining(tmp_path / "empty.db")).process({"customer": 7}).error

    assert error == ("ResourceError: resource 'shop': OperationalError: no such table: customers")


@pytest.mark.parametrize(
    ("resource", "message", "advice"),
    [
        ({"name": "shopp", "provider": "cache"}, "there is no resource 'shop'", "'shopp'"),
        (
            {"name": "shop", "provider": "sql", "path": "x.db"},
            "'shop' has no statement to look rows up with",
            "lookup: select",
        ),
        ({"name": "shop", "provider": "filesystem", "path": "."}, "'shop' has no rows", "sql"),
        (
            {"name": "shop", "provider": "http", "base_url": "http://localhost"},
            "'shop' has no rows",
            "sql",
        ),
    ],
)
def test_what_gives_no_rows_is_a_problem_at_the_parameter(
    database: Path, resource: Any, message: str, advice: str
) -> None:
    config = {**joining(database), "resources": [resource]}
    with pytest.raises(ConfigError) as caught:
        SimpleFSM(config)

    [problem] = caught.value.problems
    assert problem.place.keys == "states[0].transforms[0].params.resource"
    assert message in problem.message
    assert advice in str(problem.advice)


def test_what_the_program_gives_is_taken_whatever_is_declared(database: Path) -> None:
    config = {**joining(database), "resources": [{"name": "shop", "provider": "http"}]}
    config["resources"][0]["base_url"] = "http://localhost"
    fsm = SimpleFSM(config, resources={"shop": {7: {"name": "fake"}}})

    assert fsm.process({"customer": 7}).data == {"customer": 7, "name": "fake"}


def test_a_broken_resource_is_the_only_problem(database: Path) -> None:
    config = {**joining(database), "resources": [{"name": "shop", "provider": "sq"}]}
    with pytest.raises(ConfigError) as caught:
        SimpleFSM(config)

    assert ["shop" in problem.message for problem in caught.value.problems] == [False]
