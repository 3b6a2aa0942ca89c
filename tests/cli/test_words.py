"""Tests of numbers, times and names as people read them."""

from __future__ import annotations

import pytest

from statepipe.cli.words import (
    counted,
    did_you_mean,
    duration,
    in_options,
    printable,
    rate,
    shortened,
)


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 records"), (1, "1 record"), (12345, "12,345 records")]
)
def test_things_are_counted(number: int, text: str) -> None:
    assert counted(number, "record") == text


@pytest.mark.parametrize(
    ("per_second", "text"),
    [(0, "0.0/s"), (3.44, "3.4/s"), (99.96, "100.0/s"), (450.6, "451/s"), (151_987, "152,000/s")],
)
def test_rates_have_three_digits_that_matter(per_second: float, text: str) -> None:
    assert rate(per_second) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (3599.9, "1 h 00 min"),
        (3725, "1 h 02 min"),
        (200_000, "55 h 33 min"),
    ],
)
def test_durations_are_as_fine_as_they_are_long(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_control_characters_are_written_out() -> None:
    assert printable("a\x1b[2J\n\té→\ud800") == r"a\x1b[2J\n\té→\ud800"


def test_long_text_is_shortened() -> None:
    assert (shortened("abcdef", 6), shortened("abcdef", 5)) == ("abcdef", "abcd…")


def test_the_nearest_name_is_offered_if_one_is_near() -> None:
    assert did_you_mean("rnu", ["run", "check"]) == "; did you mean 'run'?"
    assert did_you_mean("zzz", ["run", "check"]) == ""


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("take_over is for a stream", "--take-over is for a stream"),
        ("no header (csv_has_header=False)", "no header (--no-csv-header)"),
        ("input_format='csv' is", "--input-format='csv' is"),
        ("cannot read take_over.jsonl", "cannot read take_over.jsonl"),
        ("cannot read a/take_over", "cannot read a/take_over"),
        ("my_take_over, take_overs", "my_take_over, take_overs"),
    ],
)
def test_arguments_are_called_as_on_the_command_line_and_files_are_left(
    said: str, told: str
) -> None:
    assert in_options(said) == told
