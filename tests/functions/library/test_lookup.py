"""Tests of lookup: tables from files, and resources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from statepipe import ConfigError, DataHandlingMode, SimpleFSM
from tests.functions.library.running import builtin, config_of, machine, outcome, outcomes

TABLES = {
    "t.csv": "id,name,tags\n7,seven,x\n8,eight,y\n",
    "t.json": '[{"id": 7, "name": "seven", "tags": ["x"]}, {"id": "8", "name": "eight"}]',
    "t.jsonl": '{"id": "7", "name": "seven"}\n\n{"id": 8, "name": "eight", "tags": []}\n',
}


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    for name, text in TABLES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("key", [7, "7"])
def test_a_row_is_found_by_the_text_of_its_key(tables: Path, name: str, key: Any) -> None:
    take = {"n": "name"}

    assert outcome("lookup", {"id": key}, field="id", file=str(tables / name), take=take) == {
        "id": key,
        "n": "seven",
    }


def test_all_columns_but_the_key_are_taken(tables: Path) -> None:
    table = {"file": str(tables / "t.csv"), "key": "id"}

    assert outcome("lookup", {"x": {"no": 8}}, field="x.no", **table) == {
        "x": {"no": 8},
        "name": "eight",
        "tags": "y",
    }
    assert outcome("lookup", {"no": 8}, field="no", to="found.there", **table) == {
        "no": 8,
        "found": {"there": {"name": "eight", "tags": "y"}},
    }


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ("ignore", {"id": 9}),
        ("null", {"id": 9, "name": None, "tags": None}),
        ("error", "field 'id': nothing is known of 9 (rule 'lookup')"),
    ],
)
def test_what_becomes_of_a_record_without_a_row(tables: Path, missing: str, expected: Any) -> None:
    file = str(tables / "t.csv")

    assert outcome("lookup", {"id": 9}, field="id", file=file, missing=missing) == expected


@pytest.mark.parametrize("value", [None, True, 7.0, [7]])
def test_what_is_no_key_finds_nothing(tables: Path, value: Any) -> None:
    file = str(tables / "t.csv")

    assert "nothing is known" in outcome("lookup", {"id": value}, field="id", file=file)


def test_two_records_never_share_a_row(tables: Path) -> None:
    fsm = machine("lookup", field="id", file=str(tables / "t.json"))
    fsm.process({"id": 7}).data["tags"].append("changed")

    assert fsm.process({"id": 7}).data["tags"] == ["x"]


def test_the_table_is_read_once(tables: Path) -> None:
    fsm = machine("lookup", field="id", file=str(tables / "t.csv"))
    (tables / "t.csv").unlink()

    assert fsm.process({"id": 7}).data["name"] == "seven"


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("id,name\n7,x\n7,y\n", "a.csv", "row 2 of '{}' is a second one for id '7'"),
        ("id,name\n7\n", "a.csv", "row 1 has not as many cells as the header"),
        ("no,name\n7,x\n", "a.csv", "row 1 of '{}' has no 'id'"),
        ("{}", "a.json", "it holds an object, not a list of objects"),
        ("[1]", "a.json", "row 1 of '{}' is a number, not an object"),
        ('[{"id": 1.5}]', "a.json", "the 'id' of row 1 of '{}' is neither text nor a whole number"),
        ('{"id": 1}\n{', "a.jsonl", "'{}' cannot be read"),
        ("", "a.parquet", "'{}' is no table that can be read"),
    ],
)
def test_a_file_that_is_no_table(tmp_path: Path, text: str, name: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        machine("lookup", field="id", file=str(path))

    [problem] = caught.value.problems
    assert message.format(path) in problem.message
    assert problem.place.keys == "states[0].transforms[0].params.file"


def test_a_column_that_the_table_lacks_is_a_problem(tables: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        machine("lookup", field="id", file=str(tables / "t.csv"), take={"n": "nmae"})

    assert caught.value.problems[0].advice == "did you mean 'name'?"


class Shop:
    """A resource that counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def get(self, key: Any) -> Any:
        self.asked.append(key)
        return {"price": [key]} if key != 0 else None


def test_a_resource_is_asked_for_each_record() -> None:
    shop = Shop()
    given = outcomes("lookup", {"id": 1}, {"id": 0}, resources={"shop": shop}, field="id",
                     resource="shop", missing="ignore")  # fmt: skip

    assert given == [{"id": 1, "price": [1]}, {"id": 0}]
    assert shop.asked == [1, 0, 1, 0]  # in both engines


def test_what_a_resource_gives_is_copied() -> None:
    rows = {"a": {"list": []}}
    config = config_of(builtin("lookup", field="id", resource="rows"))
    fsm = SimpleFSM(config, resources={"rows": rows}, data_mode=DataHandlingMode.COPY)
    fsm.process({"id": "a"}).data["list"].append(1)

    assert rows == {"a": {"list": []}}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "it needs a file or a resource"),
        ({"resource": "x", "key": "id"}, "a resource has no columns to look in"),
        ({"resource": "x", "missing": "null"}, "it is not known which fields to null"),
        ({"file": "nowhere.csv"}, "there is no file 'nowhere.csv'"),
        ({"resource": "shop"}, "there is no resource 'shop'"),
    ],
)
def test_parameters_that_make_no_sense(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        machine("lookup", field="id", **params)
