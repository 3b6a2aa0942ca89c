"""Every parameter of every builtin changes what becomes of some record.

A parameter that is added to a builtin and not to the table below makes a test fail.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from statepipe import SimpleFSM, StreamConfig, UsageError
from statepipe.functions.library.catalog import builtins, parameters
from tests.functions.library.running import builtin, config_of

Params = Mapping[str, Any]
Row = tuple[Params, Params, list[dict[str, Any]]]
"""Parameters without the one in question (or with another value), with it, and records."""

TEXT = {"a": " x ", "b": "y"}
NESTED = {"name": "required", "params": {"fields": "a"}}
OTHER = {"name": "required", "params": {"fields": "b"}}
SUM = {"s": {"op": "sum", "of": "n"}}
KEY = "k" * 16
TIMED = [{"n": n, "t": t, "k": n % 2} for n, t in enumerate((0, 4, 20, 21))]
AT = [{"a": "2025-07-01T12:00:00"}]
KEYED = [{"k": n, "n": n} for n in range(4)]


def row(base: Params, changed: Params, *records: dict[str, Any]) -> Row:
    return base, {**base, **changed}, list(records)


TABLE: dict[str, dict[str, Row]] = {
    "aggregate": {
        "results": row({"results": SUM}, {"results": {"s": {"op": "count"}}}, {"n": 5}),
        "by": row({"results": SUM}, {"by": "k"}, *TIMED),
        "count": row({"results": SUM}, {"count": 1}, *TIMED),
        "seconds": row({"results": SUM, "seconds": 100, "time": "t"}, {"seconds": 2}, *TIMED),
        "time": row({"results": SUM, "seconds": 5, "time": "n"}, {"time": "t"}, *TIMED),
        "keys": row({"results": SUM, "by": "k"}, {"keys": 1}, *KEYED),
        "remember": row({"results": SUM, "count": 9}, {"remember": 1}, *KEYED),
    },
    "all": {"of": row({"of": [NESTED]}, {"of": [NESTED, OTHER]}, {"a": 1})},
    "any": {"of": row({"of": [NESTED]}, {"of": [NESTED, OTHER]}, {"b": 1})},
    "not": {"of": row({"of": NESTED}, {"of": OTHER}, {"a": 1})},
    "chain": {
        "steps": row(
            {"steps": [{"name": "filter", "params": {"include": "a"}}]},
            {"steps": [{"name": "filter", "params": {"include": "b"}}]},
            TEXT,
        )
    },
    "convert": {
        "types": row({"types": {"a": "integer"}}, {"types": {"a": "string"}}, {"a": 1.0}),
        "strict": row({"types": {"a": "integer"}}, {"strict": False}, {"a": " 1 "}),
        "on_error": row({"types": {"a": "integer"}}, {"on_error": "null"}, {"a": "x"}),
        "missing": row({"types": {"a": "integer"}}, {"missing": "null"}, {}),
    },
    "deduplicate": {
        "by": row({}, {"by": "k"}, *TIMED),
        "window": row({"by": "a"}, {"window": 1}, {"a": 1}, {"a": 2}, {"a": 1}),
        "seconds": row({"by": "k", "seconds": 99, "time": "t"}, {"seconds": 5}, *TIMED),
        "time": row({"by": "k", "seconds": 5, "time": "n"}, {"time": "t"}, *TIMED),
    },
    "dependency": {
        "field": row({"field": "a", "needs": "c"}, {"field": "x"}, TEXT),
        "value": row({"field": "b", "needs": "c"}, {"value": "z"}, TEXT),
        "needs": row({"field": "a", "needs": "c"}, {"needs": "b"}, TEXT),
    },
    "enrich": {
        "values": row({"values": {"c": 1}}, {"values": {"c": 2}}, TEXT),
        "templates": row({"values": {"c": 1}}, {"templates": {"d": "{b}"}}, TEXT),
        "only_missing": row({"values": {"b": 1}}, {"only_missing": True}, TEXT),
        "missing": row({"templates": {"d": "{c}"}}, {"missing": "skip"}, TEXT),
    },
    "filter": {
        "include": row({"include": "a"}, {"include": "b"}, TEXT),
        "exclude": row({"exclude": "a"}, {"exclude": "b"}, TEXT),
    },
    "flatten": {
        "fields": row({}, {"fields": "b"}, {"a": {"x": 1}}),
        "separator": row({}, {"separator": "_"}, {"a": {"x": 1}}),
        "lists": row({}, {"lists": True}, {"a": [1]}),
    },
    "format_date": {
        "fields": row({"fields": "a", "format": "epoch"}, {"fields": "b"}, *AT),
        "format": row({"fields": "a", "format": "epoch"}, {"format": "%Y"}, *AT),
        "zone": row({"fields": "a", "format": "%H"}, {"zone": "Asia/Tokyo"}, *AT),
        "missing": row({"fields": "b", "format": "%H"}, {"missing": "error"}, *AT),
    },
    "hash": {
        "fields": row({"fields": "a", "key": KEY}, {"fields": "b"}, TEXT),
        "key": row({"fields": "a", "key": KEY}, {"key": KEY + "x"}, TEXT),
        "keyless": ({"fields": "a", "key": KEY}, {"fields": "a", "keyless": True}, [TEXT]),
        "algorithm": row({"fields": "a", "key": KEY}, {"algorithm": "sha512"}, TEXT),
        "length": row({"fields": "a", "key": KEY}, {"length": 8}, TEXT),
        "missing": row({"fields": "c", "key": KEY}, {"missing": "null"}, TEXT),
    },
    "length": {
        "fields": row({"fields": "a", "max": 2}, {"fields": "b"}, TEXT),
        "min": row({"fields": "a", "max": 9}, {"min": 4}, TEXT),
        "max": row({"fields": "a", "min": 1}, {"max": 2}, TEXT),
        "missing": row({"fields": "c", "min": 1}, {"missing": "error"}, TEXT),
    },
    "lookup": {
        "field": row({"field": "a", "resource": "r"}, {"field": "b"}, {"a": "x", "b": "y"}),
        "file": row({"field": "a", "file": "one.csv"}, {"file": "two.csv"}, {"a": "x"}),
        "resource": row({"field": "a", "resource": "r"}, {"resource": "s"}, {"a": "x"}),
        "key": row(
            {"field": "a", "file": "one.csv", "missing": "ignore"}, {"key": "v"}, {"a": "x"}
        ),
        "take": row({"field": "a", "resource": "r"}, {"take": {"w": "v"}}, {"a": "x"}),
        "to": row({"field": "a", "resource": "r"}, {"to": "c"}, {"a": "x"}),
        "missing": row({"field": "a", "resource": "r"}, {"missing": "ignore"}, {"a": "?"}),
    },
    "map": {
        "fields": row({"fields": {"x": "a"}}, {"fields": {"x": "b"}}, TEXT),
        "others": row({"fields": {"x": "a"}}, {"others": "keep"}, TEXT),
        "missing": row({"fields": {"x": "c"}}, {"missing": "null"}, TEXT),
    },
    "mask": {
        "fields": row({"fields": "a"}, {"fields": "b"}, TEXT),
        "keep_first": row({"fields": "a"}, {"keep_first": 1}, {"a": "abc"}),
        "keep_last": row({"fields": "a"}, {"keep_last": 1}, {"a": "abc"}),
        "by": row({"fields": "a"}, {"by": "#"}, TEXT),
        "length": row({"fields": "a"}, {"length": 9}, TEXT),
        "missing": row({"fields": "c"}, {"missing": "null"}, TEXT),
    },
    "normalize": {
        "fields": row({"fields": "a", "steps": "upper"}, {"fields": "b"}, TEXT),
        "steps": row({"fields": "a", "steps": "trim"}, {"steps": "upper"}, TEXT),
        "missing": row({"fields": "c", "steps": "trim"}, {"missing": "null"}, TEXT),
    },
    "one_of": {
        "fields": row({"fields": "b", "values": ["y"]}, {"fields": "a"}, TEXT),
        "values": row({"fields": "b", "values": ["y"]}, {"values": ["z"]}, TEXT),
        "missing": row({"fields": "c", "values": ["y"]}, {"missing": "error"}, TEXT),
    },
    "parse_date": {
        "fields": row({"fields": "a"}, {"fields": "b"}, {"a": "2025-01-01", "b": "x"}),
        "format": row({"fields": "a"}, {"format": "%Y"}, *AT),
        "zone": row({"fields": "a"}, {"zone": "UTC"}, *AT),
        "utc": row({"fields": "a", "zone": "Asia/Tokyo"}, {"utc": True}, *AT),
        "only_date": row({"fields": "a"}, {"only_date": True}, *AT),
        "missing": row({"fields": "b"}, {"missing": "null"}, *AT),
    },
    "pattern": {
        "fields": row({"fields": "b", "pattern": "y"}, {"fields": "a"}, TEXT),
        "pattern": row({"fields": "b", "pattern": "y"}, {"pattern": "z"}, TEXT),
        "match": row({"fields": "a", "pattern": "x"}, {"match": "anywhere"}, TEXT),
        "missing": row({"fields": "c", "pattern": "y"}, {"missing": "error"}, TEXT),
    },
    "range": {
        "fields": row({"fields": "a", "min": 2}, {"fields": "b"}, {"a": 1, "b": 2}),
        "min": row({"fields": "a", "max": 9}, {"min": 2}, {"a": 1}),
        "max": row({"fields": "a", "min": 0}, {"max": 0}, {"a": 1}),
        "exclusive": row({"fields": "a", "min": 1}, {"exclusive": True}, {"a": 1}),
        "missing": row({"fields": "a", "min": 1}, {"missing": "error"}, {}),
    },
    "rate_limit": {
        "limit": row({"limit": 1, "seconds": 9, "time": "t"}, {"limit": 2}, *TIMED),
        "seconds": row({"limit": 1, "seconds": 9, "time": "t"}, {"seconds": 1}, *TIMED),
        "time": row({"limit": 1, "seconds": 3, "time": "t"}, {"time": "n"}, *TIMED),
        "by": row({"limit": 1, "seconds": 9, "time": "t"}, {"by": "k"}, *TIMED),
        "keys": row({"limit": 1, "seconds": 99, "time": "t", "by": "k"}, {"keys": 1}, *TIMED),
    },
    "regex_extract": {
        "field": row({"field": "a", "pattern": "(?P<c>.)"}, {"field": "b"}, TEXT),
        "pattern": row({"field": "b", "pattern": "(?P<c>.)"}, {"pattern": "(?P<d>.)"}, TEXT),
        "to": row({"field": "b", "pattern": "(?P<c>.)"}, {"to": {"e": 1}}, TEXT),
        "no_match": row({"field": "b", "pattern": "(?P<c>z)"}, {"no_match": "skip"}, TEXT),
        "missing": row({"field": "c", "pattern": "(?P<d>z)"}, {"missing": "skip"}, TEXT),
    },
    "regex_replace": {
        "fields": row({"fields": "a", "pattern": "[xy]"}, {"fields": "b"}, TEXT),
        "pattern": row({"fields": "a", "pattern": "x"}, {"pattern": " "}, TEXT),
        "by": row({"fields": "a", "pattern": "x"}, {"by": "z"}, TEXT),
        "count": row({"fields": "a", "pattern": " "}, {"count": 1}, TEXT),
        "missing": row({"fields": "c", "pattern": " "}, {"missing": "null"}, TEXT),
    },
    "replace": {
        "fields": row({"fields": "a", "values": {"y": 1}}, {"fields": "b"}, TEXT),
        "values": row({"fields": "b", "values": {"y": 1}}, {"values": {"y": 2}}, TEXT),
        "pairs": row({"fields": "b", "values": {"z": 1}}, {"pairs": [["y", 3]]}, TEXT),
        "otherwise": row({"fields": "b", "values": {"z": 1}}, {"otherwise": "null"}, TEXT),
        "missing": row({"fields": "c", "values": {"z": 1}}, {"missing": "null"}, TEXT),
    },
    "required": {
        "fields": row({"fields": "a"}, {"fields": "c"}, TEXT),
        "null": row({"fields": "a"}, {"null": True}, {"a": None}),
        "empty": row({"fields": "a"}, {"empty": False}, {"a": ""}),
    },
    "sample": {
        "rate": row({"rate": 0}, {"rate": 1}, {}),
        "by": row({"rate": 0.5, "by": "a"}, {"by": "b"}, *({"a": 1, "b": n} for n in range(50))),
        "seed": row({"rate": 0.5, "by": "n"}, {"seed": "x"}, *({"n": n} for n in range(50))),
    },
    "schema": {
        "schema": row({"schema": {}}, {"schema": {"required": ["c"]}}, TEXT),
        "file": row({"file": "any.json"}, {"file": "c.json"}, TEXT),
    },
    "split": {
        "field": row({"field": "a"}, {"field": "b"}, TEXT),
        "separator": row({"field": "a"}, {"separator": "x"}, TEXT),
        "to": row({"field": "a"}, {"to": "c"}, TEXT),
        "trim": row({"field": "a", "separator": "x"}, {"trim": False}, TEXT),
        "drop_empty": row({"field": "a", "separator": "x"}, {"drop_empty": True}, TEXT),
        "max": row({"field": "a"}, {"max": 1}, {"a": "1 2 3"}),
        "missing": row({"field": "c"}, {"missing": "null"}, TEXT),
    },
    "type": {
        "types": row({"types": {"a": "string"}}, {"types": {"a": "object"}}, TEXT),
        "missing": row({"types": {"c": "string"}}, {"missing": "error"}, TEXT),
    },
    "unique": {
        "fields": row({"fields": "k"}, {"fields": "n"}, *TIMED),
        "remember": row({"fields": "n"}, {"remember": 2}, *TIMED),
        "when_full": row({"fields": "n", "remember": 2}, {"when_full": "forget"}, *TIMED),
    },
}
ROWS = [(name, param) for name, rows in TABLE.items() for param in rows]
PER_WORKER = ["aggregate", "deduplicate", "rate_limit", "unique"]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put what the rows read into the folder that the paths of a dict config count from."""
    monkeypatch.chdir(tmp_path)
    Path("one.csv").write_text("a,v\nx,1\n")
    Path("two.csv").write_text("a,v\nx,2\n")
    Path("any.json").write_text("{}")
    Path("c.json").write_text('{"required": ["c"]}')


def seen(name: str, params: Params, records: list[dict[str, Any]]) -> str:
    resources = {"r": {"x": {"v": 1}, "y": {"v": 2}}, "s": {"x": {"v": 3}}}
    fsm = SimpleFSM(config_of(builtin(name, **params)), resources=resources)
    results = fsm.process_batch([dict(record) for record in records])
    return json.dumps([(dict(result.data), result.error) for result in results])


def test_every_parameter_has_a_row() -> None:
    for each in builtins():
        named = {parameter.name for parameter in parameters(each)} - {"per_worker"}

        assert named == set(TABLE[each.name]), each.name


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(("name", "param"), ROWS)
def test_a_parameter_changes_what_becomes_of_a_record(name: str, param: str) -> None:
    base, changed, records = TABLE[name][param]

    assert seen(name, base, records) != seen(name, changed, records)


@pytest.mark.parametrize("name", PER_WORKER)
def test_per_worker_admits_several_workers(name: str) -> None:
    first = next(iter(TABLE[name].values()))[0]
    options = StreamConfig(parallelism=2)
    with pytest.raises(UsageError, match="per_worker"):
        SimpleFSM(config_of(builtin(name, **first))).process_stream([], stream_config=options)

    fsm = SimpleFSM(config_of(builtin(name, **first, per_worker=True)))
    assert fsm.process_stream([], stream_config=options).total_records == 0


def test_all_that_remember_have_it() -> None:
    having = [b.name for b in builtins() if "per_worker" in b.params.model_fields]

    assert having == PER_WORKER
