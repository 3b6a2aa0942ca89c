"""Tests of values as short texts and plain copies."""

from collections import Counter, OrderedDict
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, NamedTuple

import pytest

from statepipe.functions.view import StateView
from statepipe.short import LONG, MANY, Short, shown

short = Short()


class Loud:
    """Complains when any code of its own is run."""

    def __repr__(self) -> str:
        raise AssertionError("its code was run")

    __str__ = __len__ = __iter__ = __bool__ = __eq__ = __hash__ = __repr__  # type: ignore[assignment]  # not to be called


class LoudText(str):
    __slots__ = ()
    __repr__ = __str__ = __len__ = Loud.__repr__  # type: ignore[assignment]  # not to be called


class LoudNumber(int):
    __repr__ = __str__ = __int__ = __eq__ = __hash__ = Loud.__repr__  # type: ignore[assignment]  # not to be called


class LoudFloat(float):
    __repr__ = __str__ = __float__ = __eq__ = __hash__ = Loud.__repr__  # type: ignore[assignment]  # not to be called


class LoudDict(dict[str, Any]):
    __repr__ = __iter__ = items = keys = __len__ = Loud.__repr__  # type: ignore[assignment]  # not to be called


class Zone(tzinfo):
    __repr__ = utcoffset = dst = tzname = Loud.__repr__  # type: ignore[assignment]  # not to be called


class View(StateView):
    __repr__ = __str__ = Loud.__repr__


class Pair(NamedTuple):
    one: int
    two: int


Colour = Enum("Colour", "RED")
Size = IntEnum("Size", "S")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (-0.0, "-0.0"),
        ("it's", '"it\'s"'),
        (b"\x00", "b'\\x00'"),
        ([1, "a", {"b": None}], "[1, 'a', {'b': None}]"),
        ((1,), "(1,)"),
        ((), "()"),
        (Pair(1, 2), "Pair((1, 2))"),
        ({3}, "{3}"),
        (set(), "set()"),
        (frozenset({3}), "frozenset({3})"),
        (frozenset(), "frozenset()"),
        ({"b", "a", 10, 9}, "{9, 10, 'a', 'b'}"),
        (Decimal("1.50"), "Decimal('1.50')"),
        (
            datetime(2020, 1, 2, tzinfo=UTC),
            "datetime.datetime(2020, 1, 2, 0, 0, tzinfo=datetime.timezone.utc)",
        ),
        (timedelta(1), "datetime.timedelta(days=1)"),
        (StateView({"a": 1}, "here"), "<state 'here', 1 field>"),
        (OrderedDict(a=1), "{'a': 1}"),
        (Counter("aa"), "{'a': 2}"),
        (len, "<builtin_function_or_method>"),
        (Colour.RED, "<Colour>"),
        (Size.S, "Size(1)"),
    ],
)
def test_a_value_is_written_as_python_writes_it(value: Any, text: str) -> None:
    assert short(value) == text


def test_no_code_of_a_value_is_run() -> None:
    values = [
        (Loud(), "<Loud>"),
        ([Loud()], "[<Loud>]"),
        (LoudText("a"), "LoudText('a')"),
        (LoudNumber(3), "LoudNumber(3)"),
        (LoudFloat(0.5), "LoudFloat(0.5)"),
        (LoudDict(a=1), "{'a': 1}"),
        (datetime(2020, 1, 2, tzinfo=Zone()), "<datetime>"),
        (View({}, "here"), "<View>"),
    ]

    assert [short(value) for value, _ in values] == [text for _, text in values]


def test_long_values_are_shortened() -> None:
    nested: list[Any] = []
    nested.append(nested)

    assert short(10**5000) == "<int of 16610 bits>"
    assert short("x" * 500) == f"'{'x' * 120}'..."
    assert short(list(range(10**6)), 20) == "[0, 1, 2, 3, 4, 5, ...]"
    assert len(short({str(number): "y" * 500 for number in range(500)})) < 300
    assert short(set(range(1000))) == "{...}"
    assert short(nested) == "[[[[[[...]]]]]]"


@pytest.mark.parametrize(
    "record",
    [
        {"a": "x" * 10**6},
        {"a" * 10**6: 1},
        {str(number): number for number in range(10**6)},
        [[[list(range(1000))] * 100] * 100],
        {"i": 10**3000},
    ],
)
def test_a_large_record_is_shown_shortened(record: Any) -> None:
    text = shown(record)

    assert 20 < len(text) < 300
    assert "..." in text


def test_a_deep_record_is_shown() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]

    assert "..." in shown(deep)


def test_secrets_are_struck_out_before_anything_is_cut() -> None:
    hiding = Short(lambda text: text.replace("s3cret", "***"))

    assert hiding(["a s3cret", {"s3cret": 1}], 60) == "['a ***', {'***': 1}]"
    assert hiding("x" * 117 + "s3cret") == f"'{'x' * 117}***'"
    assert hiding.copied({"s3cret": ["a s3cret"]}) == {"***": ["a ***"]}


def test_a_copy_stays_as_it_is_and_holds_json_values_only() -> None:
    record: dict[Any, Any] = {
        "a": [1, {"b": 2.5}],
        "loud": Loud(),
        "n": float("nan"),
        3: (1,),
        "big": 10**5000,
    }
    copied = short.copied(record)
    record["a"].append(2)

    assert copied == {
        "a": [1, {"b": 2.5}],
        "loud": "<Loud>",
        "n": "nan",
        "3": "(1,)",
        "big": "<int of 16610 bits>",
    }


def test_a_copy_of_something_huge_is_bounded() -> None:
    nested: dict[str, Any] = {}
    nested["self"] = nested

    numbers = short.copied(list(range(2 * MANY)))

    assert (numbers[:2], numbers[MANY - 1 :]) == ([0, 1], [MANY - 1, "..."])
    assert short.copied([[1]] * 2 * MANY)[-1] == "..."
    assert len(short.copied({str(number): {} for number in range(2 * MANY)})) == MANY + 1
    assert len(short.copied("x" * 2 * LONG)) < 200
    assert repr(short.copied(nested)).endswith("'...'" + "}" * 100)
