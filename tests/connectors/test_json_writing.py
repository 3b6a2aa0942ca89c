"""Tests of the slow twin for output: the fast codec's bytes, and what that cannot write."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.connectors.json_writing import holds_only_finite, write_json
from statepipe.ports.formats import UnwritableError


class Colour(Enum):
    RED = "red"
    NAN = math.nan


class Size(IntEnum):
    LARGE = 3


class Name(str):
    """A text of an own type."""


class Metres(float):
    """A float of an own type, as numpy's are."""


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Row:
    x: int


values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(exclude_categories=["Cs"])),
        st.datetimes(),
        st.dates(),
        st.uuids(),
        st.sampled_from([Colour.RED, Size.LARGE, Name("n"), (1, "x")]),
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(max_size=3), inner)),
    max_leaves=8,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), values))
def test_the_bytes_are_those_of_the_fast_codec(record: dict[str, Any]) -> None:
    assert write_json(record) == orjson.dumps(record)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, 6, UTC), '"2026-01-02T03:04:05.000006+00:00"'),
        (date(2026, 1, 2), '"2026-01-02"'),
        (time(3, 4), '"03:04:00"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        ((Colour.RED, Size.LARGE), '["red",3]'),
        (Point(1, 2), "[1,2]"),
        (Metres(1.5), "1.5"),
        (OrderedDict({Name("k"): Name("v")}), '{"k":"v"}'),
        (2**64, "18446744073709551616"),
        ("é\ud800\U0001f600", '"\\u00e9\\ud800\\ud83d\\ude00"'),
        ([], "[]"),
    ],
)
def test_values_have_their_documented_form(value: Any, text: str) -> None:
    assert write_json({"a": value}).decode() == f'{{"a":{text}}}'
    assert json.loads(write_json({"a": value}))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Row(1), "JSON cannot hold a Row; return text, numbers, booleans, None, lists and dicts"),
        (Decimal("1.5"), "JSON cannot hold a Decimal; use str(...) or float(...)"),
        (timedelta(1), "JSON cannot hold a timedelta; use .total_seconds()"),
        (time(1, tzinfo=UTC), "datetime.time must not have tzinfo set"),
        (Colour.NAN, "nan is no JSON value; use None or a string"),
        (frozenset(), "JSON cannot hold a frozenset; use sorted(...) or list(...)"),
        ({None: 1}, "the key is None, and JSON's are strings; use str(key)"),
    ],
)
def test_a_refused_value_says_what_to_do(value: Any, reason: str) -> None:
    with pytest.raises(UnwritableError) as caught:
        write_json({"ok": [], "a": [value]})

    assert caught.value.reason == reason
    assert caught.value.field_path.startswith("a[0]")


@pytest.mark.parametrize(
    ("value", "finite"),
    [
        ({"a": [1.5, {"b": None}], "c": (1e308,)}, True),
        ({"a": [1.5, {"b": math.inf}]}, False),
        ({"c": (1, math.nan)}, False),
        ({"c": Colour.NAN}, False),
        ({"c": Colour.RED}, True),
    ],
)
def test_hidden_nans_are_found(value: Any, finite: bool) -> None:
    assert holds_only_finite(value) is finite
