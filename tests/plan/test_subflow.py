from enum import Enum, StrEnum
from typing import Any

import pytest

from statepipe.functions.builtin import FieldError
from statepipe.plan.model import PlannedPush
from statepipe.plan.refusals import NestingLimitError
from statepipe.plan.subflow import as_json, check_nesting, hand_back, hand_in
from tests.plan.machines import field_pairs


def push(
    isolation: Any = "copy",
    give: dict[str, str] | None = None,
    take: dict[str, str] | None = None,
    *,
    copies: bool = False,
    in_place: bool = False,
) -> PlannedPush:
    pairs = [None if each is None else field_pairs(each) for each in (give, take)]
    return PlannedPush(0, "sub", 1, isolation, *pairs, copies=copies, in_place=in_place)


def test_without_mappings_the_whole_record_goes_in_and_comes_back() -> None:
    outer = {"a": 1, "gone": 2}

    assert hand_in(push(), outer) is outer
    assert hand_back(push(), outer, {"a": 2}) == {"a": 2}


def test_only_mapped_fields_go_in_and_what_is_not_there_does_not() -> None:
    record = {"item": {"price": 3}, "n": 1, "other": 2}
    given = hand_in(push(give={"item.price": "price", "n": "deep.n", "no": "x"}), record)

    assert given == {"price": 3, "deep": {"n": 1}}
    assert record == {"item": {"price": 3}, "n": 1, "other": 2}


def test_only_mapped_results_come_back() -> None:
    outer = {"a": 1, "deep": {"x": 1}}
    back = hand_back(push(take={"t": "deep.total", "no": "x"}), outer, {"t": 5, "a": 9})

    assert back == {"a": 1, "deep": {"x": 1, "total": 5}}
    assert outer == {"a": 1, "deep": {"x": 1}}


def test_results_of_a_network_that_got_some_fields_are_laid_over_the_record() -> None:
    outer = {"a": 1, "b": 2}

    assert hand_back(push(give={"a": "n"}), outer, {"n": 1, "b": 3}) == {"a": 1, "b": 3, "n": 1}


def test_a_field_in_the_way_is_an_error_that_names_it() -> None:
    with pytest.raises(FieldError) as caught:
        hand_back(push(take={"t": "a.total"}), {"a": 1}, {"t": 5})

    assert str(caught.value) == (
        "field 'a.total': field 'a' is a number, not an object (rule 'result_mapping')"
    )


def test_a_copy_shares_nothing_and_a_reference_shares_all() -> None:
    record: dict[str, Any] = {"list": [1]}
    copied = hand_in(push(copies=True, give={"list": "l"}), record)
    shared = hand_in(push("reference", give={"list": "l"}), record)

    assert copied == shared == {"l": [1]}
    assert copied["l"] is not record["list"]
    assert shared["l"] is record["list"]
    assert hand_back(push(copies=True), {}, record)["list"] is not record["list"]


def test_a_result_in_place_is_put_into_the_record_that_was_there() -> None:
    outer = {"a": 1, "b": 2}
    back = hand_back(push(in_place=True), outer, {"a": 3})

    assert back is outer
    assert outer == {"a": 3}


class Color(StrEnum):
    RED = "red"


class Level(int, Enum):
    HIGH = 3


def test_serialized_values_are_what_json_makes_of_them() -> None:
    given = {"t": (1, (2,)), "c": Color.RED, "l": Level.HIGH, "n": None, "b": True, "f": 0.5}
    handed = hand_in(push("serialize"), given)

    assert handed == {"t": [1, [2]], "c": "red", "l": 3, "n": None, "b": True, "f": 0.5}
    assert [type(value) for value in handed.values()] == [
        *(list, str, int, type(None), bool, float)
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"x": [{1}]}, "field 'a.x.0': JSON cannot hold a set (rule 'data_isolation')"),
        (float("nan"), "field 'a': JSON cannot hold nan (rule 'data_isolation')"),
        (
            {1: 2},
            "field 'a': JSON cannot hold the key 1, which is a number; use str(key) "
            "(rule 'data_isolation')",
        ),
        (b"x", "field 'a': JSON cannot hold a bytes (rule 'data_isolation')"),
    ],
)
def test_what_json_cannot_hold_is_not_serialized(value: object, message: str) -> None:
    for way in (hand_in, lambda push, record: hand_back(push, {}, record)):
        with pytest.raises(FieldError) as caught:
            way(push("serialize"), {"a": value})

        assert str(caught.value) == message


def test_a_float_of_another_class_becomes_a_float() -> None:
    class Meters(float):
        pass

    assert type(as_json(Meters(1.5), ())) is float


def test_ten_networks_may_be_within_one_another_and_no_more() -> None:
    check_nesting(("n",) * 9, push())
    with pytest.raises(NestingLimitError) as caught:
        check_nesting(("n",) * 10, push())

    way = " -> ".join(["n"] * 10)
    assert str(caught.value) == f"more than 10 networks within one another: {way} -> sub"
