"""Tests of the JSON codec: values as Python's json reads them, at any batch."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from statepipe.connectors.json_codec import JsonDecoder, JsonEncoder, cut_off_reason
from statepipe.ports.formats import Malformed, UnwritableError
from statepipe.ports.items import Unreadable

DECODER = JsonDecoder()
ENCODER = JsonEncoder()


def reason_of(item: bytes) -> str:
    [result] = DECODER.decode_each([item])
    assert isinstance(result, Malformed)
    return result.reason


def same(left: Any, right: Any) -> bool:
    """Return whether both are one value with one type: 1 is not 1.0, 0.0 not -0.0."""
    return type(left) is type(right) and repr(left) == repr(right)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (b"{", "invalid JSON at column 2: expecting property name enclosed in double quotes"),
        (b'{"a": 1 "b"}', "invalid JSON at column 9: expecting ',' delimiter"),
        (b'{"a": 1} x', "invalid JSON at column 10: extra data"),
        (b'{"a":\n x}', "invalid JSON at line 2, column 2: expecting value"),
        (b'{"a": "\x01"}', "invalid JSON at column 8: invalid control character at"),
        (b"[1]", "not an object (got array)"),
        (b"1", "not an object (got number)"),
        (b"1.5", "not an object (got number)"),
        (b'"x"', "not an object (got string)"),
        (b"true", "not an object (got boolean)"),
        (b"null", "not an object (got null)"),
        (b'{"a": "\xff"}', "invalid UTF-8 at byte 8"),
        (b'{"a": "\xed\xa0\x80"}', "invalid UTF-8 at byte 8"),
        (b'{"a": NaN}', "NaN at column 7 is not allowed"),
        (b'{"NaN": "NaN", "a": -Infinity}', "-Infinity at column 21 is not allowed"),
        (b'{"a": 1e999}', "number 1e999 is out of range"),
        (b'{"a": 1' + b"0" * 400 + b".5}", "number 10000000000000000000... is out of range"),
        (b'{"a": ' + b"1" * 5000 + b"}", "integer of more than 4300 digits"),
        (b'{"a":' * 1025 + b"1" + b"}" * 1025, "nested deeper than 1024 levels"),
        (b'{"a":' + b"[" * 100_000, "nested deeper than 1024 levels"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested deeper than 1024 levels"),
        (
            b"\xef\xbb\xbf{}",
            "invalid JSON at column 1: expecting value",
        ),
    ],
)
def test_a_malformed_item_says_why_and_where(item: bytes, reason: str) -> None:
    assert reason_of(item) == reason
    with pytest.raises(ValueError, match=r"."):
        DECODER.decode([b"{}", item])


def test_an_unreadable_item_is_malformed_for_its_reason() -> None:
    item = Unreadable("too large", b"{", 99)

    assert DECODER.decode_each([item]) == [Malformed("too large")]
    with pytest.raises(ValueError, match=r"."):
        DECODER.decode([item])


@pytest.mark.parametrize("item", [b"", b" ", b"\r", b" \t\r"])
def test_a_blank_item_is_no_record(item: bytes) -> None:
    assert DECODER.decode_each([item]) == [None]
    assert JsonDecoder(skip_empty_lines=False).decode_each([item]) == [Malformed("empty line")]
    with pytest.raises(ValueError, match=r"."):
        DECODER.decode([item])


@pytest.mark.parametrize(
    "item",
    [
        b'{"a": 1}\r',
        b'  {"a": 1, "a": 2}',
        b'{"a": "\\ud800", "b": "\\udc00\\ud800", "c": "\\ud83d\\ude00"}',
        b'{"a": "\xe2\x80\xa8\xe2\x80\xa9\x7f\xc2\x85"}',
        b'{"a": "\\u0000\\u001f"}',
        b'{"a": 18446744073709551616, "b": -9223372036854775809, "c": 18446744073709551615}',
        b'{"a": 1, "b": [{"c": 123456789012345678901234567890}]}',
        b'{"a": "12345678901234567890", "b": 0.12345678901234567890}',
        b'{"a": 12345678901234567890.5, "b": 12345678901234567890e3}',
        b'{"a": ' + b"7" * 4000 + b"}",
        b'{"a": -0, "b": -0.0, "c": 1e2, "d": 1E-400, "e": 0.1}',
    ],
)
def test_an_item_is_read_exactly_as_pythons_json_reads_it(item: bytes) -> None:
    expected = json.loads(item)

    assert same(DECODER.decode_each([item]), [expected])
    if b"\\ud800" not in item and len(item) < 4000:  # these are left to the slow path
        assert same(DECODER.decode([b"{}", item, b'{"x": 1}']), [{}, expected, {"x": 1}])


def test_nesting_up_to_the_limit_is_read_and_written() -> None:
    item = b'{"a":' * 1024 + b"1" + b"}" * 1024
    [record] = DECODER.decode([item])

    assert ENCODER.encode([record]) == item + b"\n"
    with pytest.raises(UnwritableError, match=r"field 'b.a.a...': nested deeper than 1024 levels"):
        ENCODER.encode([{"b": record}])


def test_nesting_up_to_the_limit_does_not_hinder_what_only_the_slow_path_reads() -> None:
    item = b'{"a":' * 1023 + b'[18446744073709551616,"\\ud800"]' + b"}" * 1023
    [record] = DECODER.decode_each([item])
    assert isinstance(record, dict)

    assert ENCODER.encode([record]) == item + b"\n"
    assert reason_of(item[:-1]) == f"invalid JSON at column {len(item)}: expecting ',' delimiter"


numbers = st.one_of(
    st.integers(),
    st.integers(-(2**80), 2**80),
    st.sampled_from([2**63, 2**63 - 1, -(2**63) - 1, 2**64, 2**64 - 1, 10**18, 10**19, 10**400]),
    st.floats(allow_nan=False, allow_infinity=False),
)
texts = st.one_of(
    # Two halves of a pair side by side are one character to every reader of JSON.
    st.text(st.characters(exclude_categories=[])).filter(lambda t: json.loads(json.dumps(t)) == t),
    st.sampled_from(["null", "\ud800", "x\udfff", "\u2028", "1" * 25, "\x00\x7f", "\U0001f600"]),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(texts, inner)),
    max_leaves=6,
)
records = st.dictionaries(texts, values)


@given(st.lists(records, max_size=3))
def test_what_is_written_is_read_back_with_its_types(batch: list[dict[str, Any]]) -> None:
    items = ENCODER.encode(batch).split(b"\n")[:-1]

    assert same(DECODER.decode_each(items), batch)


@given(st.lists(records, max_size=3))
def test_a_batch_is_written_as_its_records_one_by_one(batch: list[dict[str, Any]]) -> None:
    assert ENCODER.encode(batch) == b"".join(map(ENCODER.encode_one, batch))


@given(st.lists(records, max_size=3))
def test_the_fast_and_the_slow_reading_agree(batch: list[dict[str, Any]]) -> None:
    items = [json.dumps(record).encode() for record in batch]
    try:
        fast = DECODER.decode(items)
    except ValueError:  # lone surrogates: left to the slow path
        return

    assert same(fast, DECODER.decode_each(items))
    assert same(fast, [json.loads(item) for item in items])


FRAGMENTS = ["{", "}", "[", "]", ":", ",", '"', '"a"', "1", "-", "0", ".5", "e9", "\\", "true"]
FRAGMENTS += ["nul", "\\u12", "é", '{"a":', '{"a":1}', " "]
fragments = st.sampled_from([*map(str.encode, FRAGMENTS), b"\xff", b"9" * 20])


def json_reads(item: bytes) -> Any:
    """Return what Python's json reads from UTF-8 text, or None where it refuses."""
    try:
        return json.loads(item.decode())
    except ValueError:
        return None


@given(st.one_of(st.binary(), st.lists(fragments).map(b"".join)))
@example(b'{"a":1}{"a":1}')
@example(b'{"a":-}')
def test_any_bytes_are_accepted_or_refused_as_pythons_json_does(item: bytes) -> None:
    expected = json_reads(item)
    [result] = DECODER.decode_each([item])

    if isinstance(expected, dict):
        assert same(result, expected)
    else:
        assert isinstance(result, Malformed) or (result is None and not item.strip())


@pytest.mark.parametrize("cut", range(1, 50))
def test_a_last_line_that_is_cut_off_is_known(cut: int) -> None:
    line = '{"a": [1, -2.5e3, true, "\\u00e9\\n é"], "b": {}}'.encode()
    reason = cut_off_reason(line[:cut])

    if cut < len(line):
        assert reason is not None
        assert reason.startswith("truncated last line: invalid ")
    else:
        assert reason is None


@pytest.mark.parametrize("line", [b"", b"  ", b"{}", b"[1]", b"garbage", b'{"a" 1}', b"{]"])
def test_a_last_line_that_is_whole_or_wrong_is_not_called_cut_off(line: bytes) -> None:
    assert cut_off_reason(line) is None


class Colour:
    """A type that JSON does not know."""


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"a": {1}}, "field 'a': JSON cannot hold a set; use sorted(...) or list(...)"),
        ({"a": [{"b": b"x"}]}, "field 'a[0].b': JSON cannot hold a bytes; use .decode() or base64"),
        ({"a": {1: 2}}, "field 'a.1': the key is an int, and JSON's are strings; use str(key)"),
        ({"a": math.nan}, "field 'a': nan is no JSON value; use None or a string"),
        (
            {"a": None, "items": [1, 2.5, {"price": -math.inf}]},
            "field 'items[2].price': -inf is no JSON value; use None or a string",
        ),
        (
            {"a": Colour()},
            "field 'a': JSON cannot hold a Colour; "
            "return text, numbers, booleans, None, lists and dicts",
        ),
        ({"a": 10**5000}, "field 'a': integer beyond Python's limit of digits"),
        (
            {"a": (2**64, (1, {2}))},
            "field 'a[1][1]': JSON cannot hold a set; use sorted(...) or list(...)",
        ),
    ],
)
def test_a_value_that_json_cannot_hold_is_refused_by_field(
    record: dict[str, Any], message: str
) -> None:
    for write in (ENCODER.encode_one, lambda record: ENCODER.encode([{"ok": 1}, record])):
        with pytest.raises(UnwritableError) as caught:
            write(record)

        assert str(caught.value) == message


def test_a_record_that_contains_itself_is_refused() -> None:
    record: dict[str, Any] = {}
    record["me"] = record

    with pytest.raises(UnwritableError, match="does it contain itself"):
        ENCODER.encode([record])


def test_null_is_written_and_no_records_are_no_bytes() -> None:
    assert ENCODER.encode([{"a": None, "b": 1.5}, {}]) == b'{"a":null,"b":1.5}\n{}\n'
    assert ENCODER.encode([]) == b""
