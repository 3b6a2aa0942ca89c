"""Tests of failures: what is kept of a record that failed."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.errors import RecordError
from statepipe.letters.envelope import Kept
from statepipe.ports.items import Unreadable
from statepipe.run.chunk import ByteChunk, RecordChunk
from statepipe.run.failures import failure_of, malformed_error, original_of, record_text

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def error_of(message: str = "no") -> RecordError:
    return RecordError(message, role="transform", error_type="KeyError", state="a")


def test_a_failure_knows_where_its_item_stood() -> None:
    chunk = ByteChunk([b"{}", b"", b"{1"], offset=100, line=7, size=8)
    failure = failure_of(chunk, 1, 2, error_of())

    assert (failure.index, failure.offset, failure.line) == (1, 104, 9)
    assert failure.original == b"{1"


def test_a_failure_of_an_iterators_record_has_no_place_in_bytes() -> None:
    failure = failure_of(RecordChunk([{"n": 0}, {"n": 1}]), 1, 1, error_of())

    assert (failure.index, failure.offset, failure.line) == (1, None, None)
    assert failure.original == b'{"n":1}'


def test_a_failure_does_not_keep_the_causes_of_its_error() -> None:
    error = error_of()
    error.__cause__ = error.__context__ = KeyError("n")
    failure = failure_of(RecordChunk([{}]), 0, 0, error)

    assert failure.error is error
    assert error.__cause__ is None and error.__context__ is None


def test_of_an_oversized_item_the_head_is_kept() -> None:
    chunk = ByteChunk([Unreadable("too long", b"{head", 9_999)], 0, 1, 10_000)

    assert original_of(chunk, 0) == (b"{head", Kept.HEAD)


def test_what_could_not_be_read_failed_while_reading() -> None:
    error = malformed_error("not an object")

    assert (error.role, error.error_type, error.state) == ("read", "MalformedRecord", None)
    assert error.message == "not an object"


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_a_record_is_kept_as_json_without_change(record: dict[str, Any]) -> None:
    text, exact = record_text(record)

    assert json.loads(text) == record
    assert exact


def test_numbers_that_other_encoders_change_are_kept() -> None:
    text, _ = record_text({"big": 2**70, "none": float("nan"), "half": "\ud800"})

    assert text == b'{"big":1180591620717411303424,"none":NaN,"half":"\\ud800"}'


def test_values_that_json_has_no_word_for_are_told_in_other_words() -> None:
    assert record_text({"day": date(2024, 2, 29)}) == (b'{"day":"2024-02-29"}', False)
    assert record_text({"set": {1}}) == (b'{"set":"{1}"}', False)
    assert record_text({"deep": [{"bytes": b"x"}]})[0] == b'{"deep":[{"bytes":"b\'x\'"}]}'


class Speechless:
    def __repr__(self) -> str:
        raise LookupError("no words")


LOOP: dict[str, Any] = {}
LOOP["loop"] = LOOP


@pytest.mark.parametrize(
    ("record", "text"),
    [
        ({"it": Speechless()}, b"{'it': <Speechless>}"),
        ({"n": 10**5000}, b"{'n': <int of 16610 bits>}"),
        ({(1, 2): "tuple"}, b"{(1, 2): 'tuple'}"),
        (["no", "dict"], b'["no","dict"]'),
        (None, b"null"),
    ],
)
def test_no_record_is_so_odd_that_it_ends_the_stream(record: Any, text: bytes) -> None:
    assert record_text(record)[0] == text


def test_a_record_that_holds_itself_is_told_up_to_some_depth() -> None:
    text, exact = record_text(LOOP)

    assert text.startswith(b"{'loop': {'loop': ")
    assert not exact


@pytest.mark.parametrize(
    "record",
    [
        {"day": date(2024, 2, 29)},
        {"pair": (1, 2)},
        {1: "a number as a key"},
        {"nan": float("nan")},
        {"list": [{"far": float("inf")}]},
        {"side by side": "\ud83d\ude00"},
    ],
)
def test_a_record_that_json_changes_is_kept_inexactly(record: Any) -> None:
    assert original_of(RecordChunk([record]), 0)[1] is Kept.INEXACT


def test_a_record_that_functions_may_have_changed_is_kept_inexactly() -> None:
    assert original_of(RecordChunk([{"n": 1}]), 0) == (b'{"n":1}', Kept.WHOLE)
    assert original_of(RecordChunk([{"n": 1}], shared=True), 0) == (b'{"n":1}', Kept.INEXACT)
