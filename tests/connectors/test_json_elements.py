"""Tests of finding where an element of an array ends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.connectors.json_elements import WHOLE_ELEMENT, BegunElement
from statepipe.ports.items import Unreadable

values = st.recursive(
    st.one_of(st.none(), st.integers(), st.text('"\\[]{},: a')),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text('"]a', max_size=2), inner)),
)


@given(values, st.sampled_from([b",", b"]"]), st.sampled_from([b"", b" ]", b', "x"]']))
def test_the_fast_and_the_slow_search_find_the_same_end(
    value: Any, end: bytes, rest: bytes
) -> None:
    element = json.dumps(value).encode()
    data = element + end + rest
    match = WHOLE_ELEMENT.match(data)

    assert BegunElement(1 << 20).find_end(data, 0) == len(element)
    assert match is not None
    if match.lastindex is not None:  # what nests deep is left to the slow search
        assert (match[1], match[2]) == (element, end)


@pytest.mark.parametrize("data", [b'{"a": 1', b'"x\\"]', b"[[1]", b"1 ", b'{"a": "]'])
def test_what_is_not_whole_has_no_end_yet(data: bytes) -> None:
    match = WHOLE_ELEMENT.match(data)

    assert BegunElement(1 << 20).find_end(data, 0) == -1
    assert match is not None
    assert match.lastindex is None


def test_a_hostile_text_is_searched_in_linear_time() -> None:
    data = b'[{"' * 200_000 + b'"' * 7 + b"\\" * 100_001

    match = WHOLE_ELEMENT.match(data)
    assert match is not None
    assert match.lastindex is None
    assert BegunElement(1 << 20).find_end(data, 0) == -1


def test_of_an_oversized_element_only_the_head_is_kept() -> None:
    element = BegunElement(2000)
    for _ in range(100):
        element.add(b"x" * 1000)

    reason = "record of 100000 bytes is over max_record_bytes (2000)"
    assert element.item() == Unreadable(reason, b"x" * 1024, 100_000)


def test_white_space_after_an_element_is_no_part_of_it() -> None:
    element = BegunElement(4)
    element.add(b"1234 \n")

    assert element.item() == b"1234"
