"""Tests of estimating what records take in memory."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from statepipe.run.weighing import FARTHEST, Scales, weight


@pytest.mark.parametrize("value", ["x" * 10_000, 5, 1.5, None, True, b"abc", object()])
def test_a_value_without_members_weighs_what_python_says(value: Any) -> None:
    assert weight(value) == sys.getsizeof(value)


def test_members_are_counted_and_the_rest_is_taken_to_be_like_them() -> None:
    one = {"name": "x" * 1000}
    many = [dict(one) for _ in range(1000)]

    assert 1000 < weight(one) < 1600
    assert 1_000_000 < weight(many) < 1_600_000
    assert weight({str(n): "x" * 1000 for n in range(1000)}) > 1_000_000


def test_a_value_that_holds_itself_has_a_weight() -> None:
    value: list[Any] = []
    value += [value] * 2

    assert weight(value) < 1_000_000


def filled(scales: Scales, one: dict[str, Any], most: int = 10_000) -> tuple[int, int]:
    """Return how many records like `one` are let in, and how many of them were weighed."""
    records, probe, shown = list[dict[str, Any]](), 1, 0
    while len(records) < most:
        records.append(one)
        if len(records) == probe:
            shown += 1
            probe = scales.show(records)
            if not probe:
                break
    return len(records), shown


def test_records_are_let_in_up_to_the_limit() -> None:
    one = {"text": "x" * 100_000}
    count, _ = filled(Scales(1_000_000), one)

    assert count == 1_000_000 // weight(one) + 1


def test_few_of_many_small_records_are_weighed() -> None:
    count, shown = filled(Scales(1 << 30), {"n": 1})

    assert count == 10_000
    assert shown <= 10_000 // FARTHEST + 1


def test_a_record_larger_than_the_limit_is_alone() -> None:
    assert filled(Scales(10), {"text": "x" * 1000}) == (1, 1)


def test_the_rest_counts_like_the_mean() -> None:
    scales, records = Scales(1 << 30), [{"n": 1}]
    scales.show(records)

    assert scales.of(records * 10) == 10 * weight({"n": 1})
    assert Scales(1).of([]) == 0
