"""Tests of values whose fields are attributes and keys."""

from dataclasses import dataclass

import pytest

from statepipe.api.fields import Fields


@dataclass(frozen=True, slots=True, eq=False)
class Pair(Fields):
    one: int
    other: str = "x"


def test_fields_are_keys() -> None:
    pair = Pair(1)

    assert dict(pair) == {"one": 1, "other": "x"}
    assert (pair["one"], pair.get("none", 3), len(pair)) == (1, 3, 2)


def test_what_is_no_field_is_no_key() -> None:
    with pytest.raises(KeyError, match="keys"):
        Pair(1)["keys"]


def test_two_values_are_equal_only_if_they_are_one() -> None:
    pair = Pair(1)

    same = pair

    assert pair == same
    assert pair != Pair(1)
    assert len({pair, Pair(1)}) == 2
