"""Tests of dead letters as a source of the records that failed."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path
from typing import Any

import pytest

from statepipe.connectors.csv_format import CsvDecoder
from statepipe.connectors.dead_letter_format import (
    LetterDecoder,
    decoder_of,
    entries,
    format_of,
    letter_source,
)
from statepipe.connectors.filesystem import LocalFiles
from statepipe.connectors.json_codec import JsonDecoder
from statepipe.connectors.text import TextDecoder
from statepipe.errors import SourceError
from statepipe.letters.envelope import problem_with
from statepipe.letters.letter import DeadLetter, fields_of
from statepipe.ports.formats import Malformed
from statepipe.ports.items import Unreadable
from statepipe.saved import Point
from tests.letters.samples import letter

FILES = LocalFiles()
DECODERS = [
    JsonDecoder(),
    JsonDecoder(skip_empty_lines=False),
    TextDecoder("line", False),
    CsvDecoder(";", True, ("id", "naïve")),
]


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_decoder_is_made_again_from_its_description(decoder: Any) -> None:
    described = format_of(decoder)

    assert described is not None
    assert problem_with(fields_of(letter(format=described))) is None
    assert decoder_of(described) == decoder


def test_a_decoder_that_is_not_ours_has_no_description() -> None:
    assert format_of(LetterDecoder(("Shop",))) is None


def line_of(original: bytes = b'{"id":1}', **facts: Any) -> bytes:
    return letter(original, **facts).to_line().rstrip(b"\n")


def test_letters_are_decoded_as_their_sources_were() -> None:
    csv, text = format_of(DECODERS[3]), format_of(DECODERS[2])
    items = [line_of(), line_of(b'1;"a\nb"', format=csv), line_of(b" x\r", format=text)]
    decoder = pickle.loads(pickle.dumps(LetterDecoder(("Shop",))))
    records = [{"id": 1}, {"id": "1", "naïve": "a\nb"}, {"line": " x"}]

    assert decoder.decode(items) == records
    assert decoder.decode_each(items) == records


def test_what_cannot_be_replayed_is_malformed_and_blank_lines_are_nothing() -> None:
    items = [b"", b'{"torn', line_of(machines=("Mill",)), line_of(b"{"), line_of(b" ")]
    decoder = LetterDecoder(("Shop",))
    reasons = [value and value.reason for value in decoder.decode_each(items)]  # type: ignore[union-attr]

    assert reasons[0] is None
    assert str(reasons[1]).startswith("no dead letter: it is no JSON (")
    assert reasons[2:] == [
        "not replayable: of another machine or pipeline",
        "invalid JSON at column 2: expecting property name enclosed in double quotes",
        "the original is blank",
    ]
    with pytest.raises(ValueError, match="not every line"):
        decoder.decode(items)


def test_a_line_too_long_for_a_letter_is_malformed() -> None:
    found = LetterDecoder(("Shop",)).decode_each([Unreadable("too long", b"{", 9_999)])

    assert found == [Malformed("too long")]


def test_the_entries_of_a_file_are_numbered_without_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "out.dead"
    path.write_bytes(line_of() + b"\n\n" + line_of(attempts=2) + b"\r\n" + b'{"torn')

    found = list(entries(str(path), FILES))

    assert [(entry.number, entry.line) for entry in found] == [(1, 1), (2, 3), (3, 4)]
    assert [entry.letter and entry.letter.attempts for entry in found] == [1, 2, None]
    assert [entry.problem is None for entry in found] == [True, True, False]


def test_a_compressed_file_is_read_by_its_suffix(tmp_path: Path) -> None:
    path = tmp_path / "out.dead.jsonl.gz"
    path.write_bytes(gzip.compress(line_of() + b"\n"))

    assert [entry.number for entry in entries(str(path), FILES)] == [1]
    assert not letter_source(str(path), ("Shop",), FILES).splittable


def test_a_letter_may_be_several_times_as_long_as_a_record(tmp_path: Path) -> None:
    path = tmp_path / "dead.jsonl"
    path.write_bytes(line_of(source="x" * 1024 * 1024) + b"\n")
    block = letter_source(str(path), ("Shop",), FILES, max_record_bytes=10).open().read()

    assert block is not None
    assert isinstance(block.items[0], Unreadable)
    assert isinstance(next(entries(str(path), FILES)).letter, DeadLetter)


def test_a_missing_file_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no file"):
        list(entries(str(tmp_path / "nix"), FILES))


def test_letters_are_read_from_a_point_on(tmp_path: Path) -> None:
    path = tmp_path / "dead.jsonl"
    first, second = line_of(), line_of(b'{"id":2}')
    path.write_bytes(first + b"\n" + second + b"\n")

    block = letter_source(str(path), ("Shop",), FILES).open_at(Point(len(first) + 1, 2)).read()

    assert block is not None
    assert (block.items, block.line) == ([second], 2)
