"""Finding where an element of a JSON array ends, without reading it as JSON."""

from __future__ import annotations

import re

from statepipe.connectors.lines import HEAD_BYTES, oversized
from statepipe.ports.items import Item, Unreadable

JSON_WHITESPACE = b" \t\r\n"
"""The bytes that JSON allows around values."""

_FAST_DEPTH = 5


def _element_pattern() -> re.Pattern[bytes]:
    """Return a pattern for one element with its white space and the `,` or `]` after it.

    Group 1 is the element, 2 what ends it. What nests deeper than _FAST_DEPTH, or is not whole
    yet, matches as the rest, without groups. All repeats are possessive: no backtracking.
    """
    string = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
    nested = rb"(?!)"
    for _ in range(_FAST_DEPTH):
        nested = rb'[\[{](?:[^\[\]{}"]++|' + string + rb"|" + nested + rb")*+[\]}]"
    element = rb'((?:[^\[\]{}",]++|' + string + rb"|" + nested + rb")*+)"
    return re.compile(rb"[ \t\r\n]*+" + element + rb"([,\]])|.++", re.DOTALL)


WHOLE_ELEMENT = _element_pattern()
_STRUCTURE = re.compile(rb'["\[\]{},]')
_IN_STRING = re.compile(rb'["\\]')


class BegunElement:
    """An element whose end is not found yet; of an oversized one only the head is kept.

    It is searched token by token, each byte once: the slow twin of WHOLE_ELEMENT.
    """

    def __init__(self, limit: int) -> None:
        self.offset = self.line = 0
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0
        self._blank_end = 0
        self._depth = 0
        self._in_string = self._escaped = False

    @property
    def is_blank(self) -> bool:
        return not self._size

    @property
    def is_whole(self) -> bool:
        return not (self._depth or self._in_string)

    def add(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        blank = len(piece) - len(piece.rstrip(JSON_WHITESPACE))
        self._blank_end = blank if blank < len(piece) else self._blank_end + blank
        if self._size > self._limit + HEAD_BYTES:  # white space at the end is no part of it
            self._pieces = [b"".join(self._pieces)[:HEAD_BYTES]]

    def item(self) -> Item:
        """Return the element without white space around it."""
        item = b"".join(self._pieces).rstrip(JSON_WHITESPACE)
        size = self._size - self._blank_end
        if size > self._limit or len(item) < size:
            return oversized(item[:HEAD_BYTES], size, self._limit)
        return item

    def unreadable(self, reason: str) -> Unreadable:
        return Unreadable(reason, b"".join(self._pieces)[:HEAD_BYTES], self._size)

    def find_end(self, data: bytes, at: int) -> int:
        """Return where the `,` or `]` stands that ends the element, or -1 if not in `data`."""
        while at < len(data):
            if self._in_string:
                at = self._skip_string(data, at)
                continue
            found = _STRUCTURE.search(data, at)
            if found is None:
                return -1
            at = found.end()
            if not self._depth and found[0] in b",]":
                return found.start()
            self._step(found[0])
        return -1

    def _step(self, token: bytes) -> None:
        if token == b'"':
            self._in_string = True
        elif token in b"[{":
            self._depth += 1
        elif token in b"]}" and self._depth:
            self._depth -= 1

    def _skip_string(self, data: bytes, at: int) -> int:
        """Return where the string goes on that holds `at`; notes if it ended there."""
        if self._escaped:
            self._escaped = False
            return at + 1
        found = _IN_STRING.search(data, at)
        if found is None:
            return len(data)
        self._escaped = found[0] == b"\\"
        self._in_string = self._escaped
        return found.end()
