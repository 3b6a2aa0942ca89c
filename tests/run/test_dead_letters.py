"""Tests of what is written down of every record that failed."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from statepipe.errors import Place, RecordError, SinkError, Span
from statepipe.record import Position
from statepipe.run.bell import ThreadBell
from statepipe.run.blocking_driver import run_blocking
from statepipe.run.chunk import Failure
from statepipe.run.dead_letters import DeadLetters, Sender, dead_letter
from statepipe.run.outlets import ByteOutlet
from tests.run.sinks import PaperSink

FORMAT = {"name": "json", "skip_empty_lines": True}
SENDER = Sender("in.jsonl", (("First", "abc"), ("Second", "def")), lambda: FORMAT)

KNOWN = ("arc", "hint", "place", "span", "record", "notes")


def letters_to(sink: PaperSink) -> DeadLetters:
    return DeadLetters(sink, SENDER, ByteOutlet(sink, ThreadBell()))


def failure(original: bytes | None = b"{}", **facts: Any) -> Failure:
    error = RecordError(
        facts.pop("message", "'price'"),
        role="transform",
        error_type="KeyError",
        state="enrich",
        path=("in", "enrich"),
        position=Position(41, 900, 43),
        **{name: facts.pop(name) for name in KNOWN if name in facts},
    )
    return Failure(error, 1, offset=900, line=43, original=original, **facts)


def letter(failed: Failure) -> Any:
    line = dead_letter(failed, SENDER).to_line()
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    return json.loads(line)


def test_a_dead_letter_says_all_that_is_known() -> None:
    place = Place("networks[0].states[1]", "flow.yaml", 7, 3)
    facts = {"span": Span(place, "  x: d['price']", 5, 15), "record": {"id": 1}}
    told = letter(failure(arc="a->b", hint="use .get", place=place, retries=2, stage=1, **facts))

    assert told == {
        "version": 1,
        "original": "{}",
        "kept": "whole",
        "source": "in.jsonl",
        "format": {"name": "json", "skip_empty_lines": True},
        "position": {"record": 41, "line": 43, "offset": 900},
        "machine": "Second",
        "machines": ["First", "Second"],
        "path": ["in", "enrich"],
        "state": "enrich",
        "arc": "a->b",
        "role": "transform",
        "error_type": "KeyError",
        "message": "'price'",
        "hint": "use .get",
        "notes": [],
        "place": "flow.yaml:7:3",
        "span": {"line": 7, "text": "  x: d['price']", "start": 5, "end": 15},
        "record": "{'id': 1}",
        "config_hash": "def",
        "attempts": 3,
    }


def test_what_is_not_known_is_null() -> None:
    error = RecordError("not an object", role="read", error_type="MalformedRecord")
    told = letter(Failure(error, 0))

    assert told["position"] == {"record": None, "line": None, "offset": None}
    unknown = ("original", "state", "arc", "hint", "place", "span", "record")
    assert [told[name] for name in unknown] == [None] * 7
    assert (told["path"], told["attempts"], told["machine"]) == ([], 1, "First")


@given(st.binary(max_size=50))
def test_the_bytes_of_the_record_come_back(original: bytes) -> None:
    told = letter(failure(original))

    if "original" in told:
        assert told["original"].encode() == original
        assert "original_base64" not in told
    else:
        assert b64decode(told["original_base64"]) == original
        with pytest.raises(UnicodeDecodeError):
            original.decode()


@given(st.text(st.characters(categories=["Cs", "Cc", "Zl", "Lu"])))
@example("\ud800\udc00")
def test_any_message_is_one_line_of_utf8(message: str) -> None:
    line = dead_letter(failure(message=message), SENDER).to_line()

    # Two lone surrogates that stand side by side are one character to JSON.
    paired = message.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    assert json.loads(line.decode())["message"] == paired


def test_text_stays_readable() -> None:
    told = dead_letter(failure(message="ключ 'é' 😀"), SENDER)

    assert "ключ 'é' 😀".encode() in told.to_line()


def test_the_format_is_asked_when_a_letter_is_written_and_no_earlier() -> None:
    columns: list[str] = []
    sender = Sender("in.csv", (("First", "abc"),), lambda: {"name": "csv", "columns": columns})
    columns.append("id")

    assert dead_letter(failure(), sender).format == {"name": "csv", "columns": ["id"]}


def test_the_file_is_made_when_the_first_letter_comes() -> None:
    sink = PaperSink(name="dead.jsonl")
    letters = letters_to(sink)
    before = (letters.path, list(sink.events))
    run_blocking(letters.write([failure(), failure(b"\xff")]))
    run_blocking(letters.write([failure()]))
    run_blocking(letters.commit())

    assert before == (None, [])
    assert letters.path == "dead.jsonl"
    assert sink.events == ["open", "commit"]
    originals = [json.loads(line).get("original") for line in sink.text.splitlines()]
    assert originals == ["{}", None, "{}"]


def test_without_a_letter_there_is_no_file() -> None:
    sink = PaperSink()
    letters = letters_to(sink)
    run_blocking(letters.commit())
    run_blocking(letters.abort())

    assert sink.events == []
    assert letters.path is None


def test_a_place_that_cannot_be_written_is_found_before_and_left_as_it_was() -> None:
    sink = PaperSink()
    letters_to(sink).prepare()

    assert sink.events == ["open", "abort"]
    broken = PaperSink(open_error=SinkError("read-only"))
    with pytest.raises(SinkError, match="read-only"):
        letters_to(broken).prepare()


def test_an_abort_leaves_no_letters() -> None:
    sink = PaperSink()
    letters = letters_to(sink)
    run_blocking(letters.write([failure()]))
    run_blocking(letters.abort())

    assert sink.events == ["open", "abort"]


def test_notes_stand_in_the_letter() -> None:
    noted = letter(failure(notes=("caught before",)))

    assert noted == {**letter(failure()), "notes": ["caught before"]}
