"""Tests of reading JSON arrays piece by piece."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from statepipe.connectors.json_array import JsonArrayInput, JsonArrayOutput, JsonArrayReader
from statepipe.errors import SourceError
from statepipe.ports.items import Block, Item, Unreadable

CUT_OFF = "truncated: the file ends before its array does"


class Pieces:
    """A stream that gives its content in pieces of a fixed size, as a slow pipe does."""

    def __init__(self, content: bytes, piece: int = 1 << 20) -> None:
        self._content = content
        self._piece = piece

    def read(self, size: int) -> bytes:
        piece = min(size, self._piece)
        data, self._content = self._content[:piece], self._content[piece:]
        return data

    def used(self, content_bytes: int) -> int:
        return content_bytes

    def close(self) -> None:
        self._content = b""


def blocks_of(content: bytes, piece: int = 1 << 20, limit: int = 1 << 20) -> list[Block]:
    return list(iter(JsonArrayReader(Pieces(content, piece), "a.json", limit).read, None))


def located(blocks: list[Block]) -> list[tuple[Item, int, int]]:
    found: list[tuple[Item, int, int]] = []
    for block in blocks:
        assert block.offsets is not None
        assert block.lines is not None
        assert (block.offset, block.line) == (block.offsets[0], block.lines[0])
        found += zip(block.items, block.offsets, block.lines, strict=True)
    return found


def items_of(content: bytes, piece: int = 1 << 20, limit: int = 1 << 20) -> list[Item]:
    return [item for item, _, _ in located(blocks_of(content, piece, limit))]


@pytest.mark.parametrize("piece", [1, 2, 100])
def test_elements_know_their_offset_and_line(piece: int) -> None:
    content = b' \n[\n {"a":\n 1} ,{"b,]": "\\"]"},\n\n  [1, {}]\n]\n'

    assert located(blocks_of(content, piece)) == [
        (b'{"a":\n 1}', 5, 3),
        (b'{"b,]": "\\"]"}', 16, 4),
        (b"[1, {}]", 35, 6),
    ]


@pytest.mark.parametrize("piece", [1, 100])
@pytest.mark.parametrize(
    "content", [b"", b" \n", b"\xef\xbb\xbf", b"[]", b"\xef\xbb\xbf [ \n ] \n"]
)
def test_no_elements_are_no_items(content: bytes, piece: int) -> None:
    assert items_of(content, piece) == []


@pytest.mark.parametrize("content", [b'{"a": 1}\n{"a": 2}\n', b'"x"', b"x"])
def test_what_is_no_array_is_refused(content: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        items_of(content)

    assert str(caught.value) == (
        f"a.json is no JSON array: it begins with {content[:1].decode()!r}. "
        "For one JSON object per line, give the format 'jsonl'"
    )


EMPTY = Unreadable("nothing beside a comma", b"", 0)


@pytest.mark.parametrize("piece", [1, 3, 100])
@pytest.mark.parametrize(
    ("content", "items"),
    [
        (b"[{},,{}]", [b"{}", EMPTY, b"{}"]),
        (b"[{}, ]", [b"{}", EMPTY]),
        (b"[,{}]", [EMPTY, b"{}"]),
        (b'[{"a": 1},{"a": 2', [b'{"a": 1}', Unreadable(CUT_OFF, b'{"a": 2', 7)]),
        (b'[{"a": "x', [Unreadable(CUT_OFF, b'{"a": "x', 8)]),
        (b'[{"a": 1}\n', [b'{"a": 1}', Unreadable(CUT_OFF, b"", 0)]),
        (b'[{"a": 1},\n', [b'{"a": 1}', Unreadable(CUT_OFF, b"", 0)]),
        (b"[", [Unreadable(CUT_OFF, b"", 0)]),
        (b"[{}] x]", [b"{}", Unreadable("text after the end of the array", b"x]", 2)]),
        # The bracket closes the brace, so that the array itself stays open.
        (b"[{}}, tru, {]", [b"{}}", b"tru", b"{]", Unreadable(CUT_OFF, b"", 0)]),
    ],
)
def test_what_is_broken_is_one_item_each(content: bytes, items: list[Item], piece: int) -> None:
    assert items_of(content, piece) == items


@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_an_element_over_the_limit_is_unreadable_and_the_next_is_read(piece: int) -> None:
    large = b'{"a": "' + b"x" * 5000 + b'"}'
    found = items_of(b"[{}," + large + b",{}]", piece, limit=100)

    reason = f"record of {len(large)} bytes is over max_record_bytes (100)"
    assert found == [b"{}", Unreadable(reason, large[:1024], len(large)), b"{}"]


values = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(alphabet='a"\\[]{},: \n\u00e9')),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text('k"{', max_size=2), inner, max_size=3)
    ),
    max_leaves=20,
)


def deep(value: Any, levels: int) -> Any:
    for _ in range(levels):
        value = [value]
    return value


@given(
    st.lists(values, max_size=6),
    st.integers(0, 9),
    st.sampled_from([None, 0, 2, "\t", "\r\n "]),
    st.sampled_from([(",", ":"), (" , ", " : "), (",\n\n", ":\r\n")]),
    st.integers(1, 50),
)
def test_any_layout_cut_anywhere_gives_the_elements(
    array: list[Any], levels: int, indent: Any, separators: tuple[str, str], piece: int
) -> None:
    array = [deep(value, levels) for value in array]
    content = json.dumps(array, indent=indent, separators=separators).encode()
    blocks = blocks_of(content, piece)
    found = located(blocks)

    assert [json.loads(item) for item, _, _ in found if isinstance(item, bytes)] == array
    assert all(content[offset : offset + len(item)] == item for item, offset, _ in found)
    assert [line for _, _, line in found] == [content.count(b"\n", 0, at) + 1 for _, at, _ in found]
    assert found == located(blocks_of(content))


@given(st.text('[]{},"\\ a1\n', max_size=40), st.integers(1, 9), st.integers(0, 8))
@example("1 ,", 1, 0)
def test_any_text_cut_anywhere_gives_the_same_items(text: str, piece: int, limit: int) -> None:
    content = b"[" + text.encode()

    assert located(blocks_of(content, piece, limit)) == located(blocks_of(content, 1 << 20, limit))


def test_sizes_of_blocks_add_up_to_the_content() -> None:
    content = b"[" + b",".join([b'{"a": 1}'] * 100) + b"]"

    assert sum(block.size for block in blocks_of(content, 64)) == len(content)


def test_an_array_is_written_with_one_element_on_each_line() -> None:
    output = JsonArrayOutput()
    encoder = output.new_encoder()
    framing = output.framing
    written = framing.begin + encoder.encode([{"a": 1}, {"a": None}])
    written += framing.between + encoder.encode_one({}) + framing.end_if_any + framing.end

    assert written == b'[\n{"a":1},\n{"a":null},\n{}\n]\n'
    assert items_of(written) == [b'{"a":1}', b'{"a":null}', b"{}"]
    assert items_of(framing.begin + framing.end) == []


def test_the_input_decodes_elements_that_span_lines() -> None:
    array = JsonArrayInput()
    block = array.reader(Pieces(b'[{"a":\n1}, {"b":\r\n2}, 3]'), "a.json").read()

    assert block is not None
    assert array.decoder.decode(block.items[:2]) == [{"a": 1}, {"b": 2}]
    assert str(array.decoder.decode_each(block.items[2:])[0]) == (
        "Malformed(reason='not an object (got number)')"
    )
