"""Tests of parse_date and format_date."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe import ConfigError
from tests.functions.library.running import machine, outcome

PARSED: list[tuple[Any, dict[str, Any], Any]] = [
    ("2025-12-24", {}, "2025-12-24T00:00:00"),
    ("2025-12-24", {"only_date": True}, "2025-12-24"),
    ("24.12.2025", {"format": "%d.%m.%Y"}, "2025-12-24T00:00:00"),
    ("12/24/25", {"format": ["iso", "%m/%d/%y"]}, "2025-12-24T00:00:00"),
    ("2025-07-01T12:00", {"zone": "Europe/Berlin"}, "2025-07-01T12:00:00+02:00"),
    ("2025-07-01T12:00", {"zone": "Europe/Berlin", "utc": True}, "2025-07-01T10:00:00+00:00"),
    (0, {"format": "epoch"}, "1970-01-01T00:00:00+00:00"),
    (1500, {"format": "epoch_ms"}, "1970-01-01T00:00:01.500000+00:00"),
    ("tomorrow", {}, "field 'a': 'tomorrow' is no date as iso (rule 'parse_date')"),
    (10**30, {"format": "epoch"}, f"field 'a': {10**30} is no date as epoch (rule 'parse_date')"),
    (True, {"format": "epoch"}, "field 'a': True is no date as epoch (rule 'parse_date')"),
    (
        "2025-07-01",
        {"utc": True},
        "field 'a': '2025-07-01' has no time zone, nor has `zone` (rule 'parse_date')",
    ),
    (
        "0001-01-01",
        {"zone": "Asia/Tokyo", "utc": True},
        "field 'a': there is no such year in that time zone (rule 'parse_date')",
    ),
    (None, {}, None),
]
FORMATTED: list[tuple[Any, dict[str, Any], Any]] = [
    ("2025-12-24", {"format": "%d.%m.%Y"}, "24.12.2025"),
    ("2025-12-24T18:30:00+01:00", {"format": "iso", "zone": "UTC"}, "2025-12-24T17:30:00+00:00"),
    ("1970-01-01T00:00:01", {"format": "epoch"}, 1),
    ("1970-01-01T00:00:00.5+00:00", {"format": "epoch_ms"}, 500),
    (5, {"format": "iso"}, "field 'a': is a number, not a date in ISO 8601 (rule 'format_date')"),
    ("x", {"format": "iso"}, "field 'a': 'x' is no date as iso (rule 'format_date')"),
]


def changed(name: str, value: Any, params: dict[str, Any]) -> Any:
    given = outcome(name, {"a": value}, fields="a", **params)
    return given["a"] if isinstance(given, dict) else given


@pytest.mark.parametrize(("value", "params", "expected"), PARSED)
def test_how_a_date_is_read(value: Any, params: dict[str, Any], expected: Any) -> None:
    assert changed("parse_date", value, params) == expected


@pytest.mark.parametrize(("value", "params", "expected"), FORMATTED)
def test_how_a_date_is_written(value: Any, params: dict[str, Any], expected: Any) -> None:
    assert changed("format_date", value, params) == expected


@pytest.mark.parametrize(
    ("params", "message", "advice"),
    [
        ({"zone": "Europe/Berln"}, "no time zone 'Europe/Berln'", "did you mean 'Europe/Berlin'?"),
        ({"zone": "../../etc/passwd"}, "no time zone", "a name as Europe/Berlin, or UTC"),
        ({"format": "%Y-%Q"}, "'%Y-%Q' is no format", "`iso`"),
        ({"format": "yyyy"}, "'yyyy' is no format", "`iso`"),
    ],
)
def test_zones_and_formats_that_are_none(params: dict[str, Any], message: str, advice: str) -> None:
    with pytest.raises(ConfigError) as caught:
        machine("parse_date", fields="a", **params)

    [problem] = caught.value.problems
    assert message in problem.message
    assert advice in (problem.advice or "")


@given(st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC)))
def test_a_date_comes_back_from_any_format(moment: datetime) -> None:
    text = moment.replace(microsecond=0).isoformat()
    form = {"format": "%d.%m.%Y %H:%M:%S %z"}

    assert changed("parse_date", changed("format_date", text, form), form) == text
