"""Tests of plain text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.connectors.text import TextDecoder, TextInput, TextOutput
from statepipe.ports.formats import Malformed, UnwritableError
from statepipe.ports.items import Unreadable


def test_a_line_is_a_record_without_its_line_end() -> None:
    items = [b" a\r", "é\u2028".encode()]

    assert TextDecoder().decode(items) == [{"text": " a"}, {"text": "é\u2028"}]
    assert TextDecoder("line").decode_each(items) == [{"line": " a"}, {"line": "é\u2028"}]


def test_a_blank_line_is_no_record_unless_asked_for() -> None:
    items = [b"", b" \r", b"a"]

    assert TextDecoder().decode_each(items) == [None, None, {"text": "a"}]
    assert TextInput(skip_empty_lines=False).decoder.decode_each(items) == [
        {"text": ""},
        {"text": " "},
        {"text": "a"},
    ]


def test_what_is_no_text_is_malformed() -> None:
    items = [b"a\xff", Unreadable("too long", b"x", 9)]

    assert TextDecoder().decode_each(items) == [
        Malformed("invalid UTF-8 at byte 2"),
        Malformed("too long"),
    ]


@pytest.mark.parametrize("item", [b"", b" \r", b"\xff", Unreadable("too long", b"x", 9)])
def test_one_line_that_is_no_record_stops_the_batch(item: bytes | Unreadable) -> None:
    with pytest.raises(ValueError, match=r"."):
        TextDecoder().decode([b"a", item])


lines = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n")).filter(
    lambda text: not text.endswith("\r")
)


@given(st.lists(lines))
def test_lines_are_read_back_as_they_were_written(texts: list[str]) -> None:
    written = TextOutput("line").new_encoder().encode([{"line": text, "x": 1} for text in texts])
    items = written.split(b"\n")[:-1]

    assert TextDecoder("line", skip_empty_lines=False).decode_each(items) == [
        {"line": text} for text in texts
    ]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"a": 1}, "field 'text': a text line needs this field; the record has 'a'"),
        ({"text": 1}, "field 'text': a text line needs a string, not an int; use str(...)"),
        ({"text": "a\nb"}, "field 'text': the text holds a line end; use a JSON lines output"),
        ({"text": "a\r"}, "field 'text': the text holds a line end; use a JSON lines output"),
        ({"text": "\ud800"}, "field 'text': a lone surrogate is no UTF-8 text"),
    ],
)
def test_a_record_without_a_line_is_refused(record: dict[str, Any], message: str) -> None:
    encoder = TextOutput().new_encoder()
    for write in (encoder.encode_one, lambda record: encoder.encode([record])):
        with pytest.raises(UnwritableError) as caught:
            write(record)

        assert str(caught.value) == message
