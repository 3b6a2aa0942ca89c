"""Tests of dead letters: to a line, and back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from statepipe.errors import Place, RecordError, Span
from statepipe.letters.envelope import Kept
from statepipe.letters.letter import (
    REASONS,
    DeadLetter,
    NoLetterError,
    Obstacle,
    fields_of,
    letter_in,
)
from tests.letters.samples import letter, letters


def facts_of(error: RecordError) -> dict[str, Any]:
    return {key: value for key, value in vars(error).items() if key not in ("place", "span")}


def span_facts(error: RecordError) -> Any:
    span = error.span
    return None if span is None else (span.place.line, span.text, span.start, span.end)


@given(letters)
def test_a_letter_comes_back_from_its_line(drawn: DeadLetter) -> None:
    line = drawn.to_line()
    back = letter_in(line)

    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert facts_of(back.error) == facts_of(drawn.error)
    assert span_facts(back.error) == span_facts(drawn.error)
    assert replace(back, error=drawn.error) == drawn
    assert back.to_line() == line


def test_the_error_of_a_letter_is_told_as_it_was() -> None:
    place = Place("states[1]", "flow.yaml", 7, 6)
    known = letter(place=place, span=Span(place, "  x: d['price']", 5, 15), hint="use .get")

    assert str(letter_in(known.to_line()).error) == str(known.error)
    assert str(known.error).splitlines()[:3] == [
        "flow.yaml:7:6: KeyError: 'price'",
        "    7 |   x: d['price']",
        "      |      ^^^^^^^^^^",
    ]


def test_of_a_very_long_line_only_what_is_around_the_span_is_kept() -> None:
    span = Span(Place("flow.json"), "x" * 5000 + "PIECE" + "y" * 5000, 5000, 5005)

    kept = fields_of(letter(span=span))["span"]

    assert len(kept["text"]) < 1000
    assert kept["text"][kept["start"] : kept["end"]] == "PIECE"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"version":1,"orig', "it is no JSON"),
        (b"", "it is no JSON"),
        (b"\xff", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b"[1]", "it is no object"),
        (b'{"id": 5}', "it has no 'version'"),
    ],
)
def test_a_line_that_is_no_letter_says_why(line: bytes, problem: str) -> None:
    with pytest.raises(NoLetterError, match=problem):
        letter_in(line)


@pytest.mark.parametrize("original", [{"original_base64": "no base64!"}, {"original": "\ud800"}])
def test_an_original_that_is_no_bytes_makes_no_letter(original: dict[str, str]) -> None:
    fields = fields_of(letter())
    del fields["original"]

    with pytest.raises(NoLetterError, match="its original cannot be read"):
        letter_in(json.dumps(fields | original).encode())


@pytest.mark.parametrize(
    ("found", "obstacle"),
    [
        (letter(), None),
        (letter(machines=("First", "Shop")), Obstacle.OTHER_MACHINE),
        (letter(machines=("Mill",)), Obstacle.OTHER_MACHINE),
        (letter(kept=Kept.HEAD), Obstacle.HEAD),
        (letter(kept=Kept.INEXACT), Obstacle.INEXACT),
        (letter(None), Obstacle.INEXACT),
        (letter(format=None), Obstacle.UNKNOWN_FORMAT),
    ],
)
def test_what_cannot_be_run_again_says_why(found: DeadLetter, obstacle: Obstacle | None) -> None:
    assert found.obstacle(("Shop",)) is obstacle


def test_every_obstacle_has_words() -> None:
    assert set(REASONS) == set(Obstacle)
