from collections import OrderedDict, defaultdict, namedtuple
from typing import Any

import pytest

from statepipe.functions.view import StateView
from statepipe.plan.refusals import InvalidRecordError, ResultTypeError
from statepipe.plan.values import accepts, deep_copy, replace_in_place, require, settle

Verdict = namedtuple("Verdict", "ok reason")


@pytest.mark.parametrize(
    "value",
    [True, 1, "no", [0], {"a": 0}, (True, "x"), (0, 1), (False,), (1, 2, 3), Verdict(True, "")],
)
def test_accepted_by_truth(value: Any) -> None:
    assert accepts(value)


@pytest.mark.parametrize(
    "value", [False, None, 0, "", [], {}, (), (False, "x"), (False, True), Verdict(False, "x")]
)
def test_refused_by_truth(value: Any) -> None:
    assert not accepts(value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (False, "the validator gave False"),
        (None, "the validator gave None"),
        (0, "the validator gave 0"),
        ("", "the validator gave ''"),
        ((False, "too old"), "too old"),
        ((False, ""), r"the validator gave \(False, ''\)"),
        ((False, 3), "3"),
    ],
)
def test_a_refusal_tells_its_reason(value: Any, message: str) -> None:
    with pytest.raises(InvalidRecordError, match=f"^{message}$"):
        require(value)


def test_a_validator_that_accepts_says_nothing() -> None:
    require((True, "whatever"))
    require(1)


def test_none_means_the_record_as_the_function_left_it() -> None:
    record = {"a": 1}
    view = StateView({}, "s")
    view.data = record

    assert settle(None, record) is record
    assert settle(None, view) is record
    assert settle(view, {"b": 2}) is record


def test_a_subclass_of_dict_becomes_a_dict() -> None:
    settled = settle(OrderedDict(a=1), {})

    assert type(settled) is dict
    assert settled == {"a": 1}


@pytest.mark.parametrize("value", [[], 1, "text", ({},), True, {1}])
def test_anything_else_is_no_record(value: Any) -> None:
    kind = type(value).__name__
    message = f"^a transform must give a dict or None, not {kind}$"

    with pytest.raises(ResultTypeError, match=message):
        settle(value, {})


def test_replacing_in_place_keeps_the_object_and_the_new_order() -> None:
    record = {"a": 1, "b": 2}

    replaced = replace_in_place(record, {"c": 3, "a": 4})

    assert replaced is record
    assert list(record.items()) == [("c", 3), ("a", 4)]


def test_replacing_a_record_by_itself_changes_nothing() -> None:
    record = {"a": 1}

    assert replace_in_place(record, record) == {"a": 1}


def test_a_new_record_that_holds_the_old_one_gets_its_content() -> None:
    record: dict[str, Any] = {"a": 1}

    replace_in_place(record, {"old": record, "deep": [{"er": record}], "n": 1})

    assert record == {"old": {"a": 1}, "deep": [{"er": {"a": 1}}], "n": 1}


def test_what_a_new_record_holds_else_stays_the_same_object() -> None:
    record: dict[str, Any] = {}
    part = [1, {"x": [2]}]

    replace_in_place(record, {"old": record, "part": part})

    assert record["part"] is part


def test_a_deep_copy_shares_nothing_that_can_change() -> None:
    value = {"l": [1, {"a": [2]}], "t": ([3],), "s": {4}, "d": defaultdict(list, a=[5])}

    copied = deep_copy(value)
    value["l"][1]["a"].append(0)
    value["t"][0].append(0)
    value["s"].add(0)
    value["d"]["a"].append(0)

    assert copied == {"l": [1, {"a": [2]}], "t": ([3],), "s": {4}, "d": {"a": [5]}}
    assert type(copied["d"]) is defaultdict


def nested(levels: int) -> Any:
    value: Any = {"bottom": {1}}
    for level in range(levels):
        value = {"in": value, "n": 1} if level % 2 else [value]
    return value


@pytest.mark.parametrize("levels", [10, 480, 600, 5000])
def test_a_copy_of_any_depth_shares_nothing(levels: int) -> None:
    value = nested(levels)
    copied = deep_copy(value)
    for level in reversed(range(levels)):
        assert value is not copied
        assert type(value) is type(copied)
        step = "in" if level % 2 else 0
        value, copied = value[step], copied[step]

    assert copied == {"bottom": {1}}
    assert copied["bottom"] is not value["bottom"]


def test_what_holds_itself_cannot_be_copied() -> None:
    value: dict[str, Any] = {"a": 1}
    value["self"] = [value, value]

    with pytest.raises(RecursionError, match="nested deeper than 10000 levels, or in itself"):
        deep_copy(value)
