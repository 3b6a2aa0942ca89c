"""Tests of the options of a stream: what is in range, and what is said of what is not."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from statepipe.errors import UsageError
from statepipe.run.options import (
    BOOLS,
    LEAST,
    MB,
    OPTIONAL,
    WHOLE,
    StreamConfig,
    record_limit,
)

NAMES = sorted(item.name for item in fields(StreamConfig))


def made(name: str, value: Any) -> StreamConfig:
    return StreamConfig(**{name: value})


def test_every_option_has_its_bounds() -> None:
    assert sorted([*BOOLS, *LEAST]) == NAMES
    assert set(LEAST) >= OPTIONAL | WHOLE


@pytest.mark.parametrize("name", sorted(LEAST))
def test_the_least_is_accepted_and_less_is_refused(name: str) -> None:
    least = LEAST[name]
    what = "a whole number" if name in WHOLE else "a number"

    assert getattr(made(name, least), name) == least
    with pytest.raises(UsageError) as caught:
        made(name, least - 1)
    assert str(caught.value) == f"{name} must be {what} of at least {least}, not {least - 1}"


@pytest.mark.parametrize("name", sorted(LEAST))
@pytest.mark.parametrize("value", [True, "5", float("nan"), [1]])
def test_what_is_no_number_is_refused(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"{name} must be a "):
        made(name, value)


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_counts_are_whole(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} must be a whole number of at least"):
        made(name, 2.5)


@pytest.mark.parametrize("name", sorted(LEAST))
def test_only_limits_may_be_left_out(name: str) -> None:
    if name in OPTIONAL:
        assert getattr(made(name, None), name) is None
    else:
        with pytest.raises(UsageError, match="not None"):
            made(name, None)


@pytest.mark.parametrize("name", sorted(BOOLS))
def test_switches_are_true_or_false(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} must be True or False, not 1"):
        made(name, 1)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        StreamConfig(chunk_size=0, parallelism=-1, ordered="yes")  # type: ignore[arg-type]  # wrong

    assert str(caught.value) == (
        "chunk_size must be a whole number of at least 1, not 0; "
        "parallelism must be a whole number of at least 1, not -1; "
        "ordered must be True or False, not 'yes'"
    )


@pytest.mark.parametrize(
    ("limit_mb", "asked", "expected"),
    [(None, 999 * MB, 999 * MB), (160, 16 * MB, 10 * MB), (160, 5, 5), (1024, 16 * MB, 16 * MB)],
)
def test_a_memory_limit_lowers_what_one_record_may_have(
    limit_mb: float | None, asked: int, expected: int
) -> None:
    config = StreamConfig(memory_limit_mb=limit_mb, max_record_bytes=asked)

    assert record_limit(config) == expected
