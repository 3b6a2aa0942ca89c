"""From JSON text to a tree. Strict JSON, read by our own parser: it keeps every position."""

from __future__ import annotations

import re
from bisect import bisect_right

from statepipe.config.problems import Problems, failure
from statepipe.config.tree import Entry, ListNode, MapNode, Node, Scalar, Spot, keys_below
from statepipe.errors import ConfigError, Place, Span
from statepipe.source_text import Mark, SourceText

MAX_DEPTH = 64
_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORD = re.compile(r"\w+")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]+')
_ESCAPE = re.compile(
    r'\\(?:(["\\/bfnrt])|u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})'
    r"|u([0-9a-fA-F]{4}))"
)
_SHORT = dict(zip('"\\/bfnrt', '"\\/\b\f\n\r\t', strict=True))
_WORDS = {"true": True, "false": False, "null": None}


def json_tree(text: str, file: str, keys: str, problems: Problems) -> Node:
    """Return the tree of a JSON text, its keys below `keys`.

    Duplicate keys are added to `problems`; anything that is not JSON raises ConfigError.
    """
    parser = _Parser(text, file, problems)
    node = parser.value(keys, 0)
    parser.skip_space()
    if parser.at < len(text):
        raise parser.error("there is more text after the end of the JSON value")
    return node


class _Parser:
    def __init__(self, text: str, file: str, problems: Problems) -> None:
        self.text = text
        self.file = file
        self.problems = problems
        self.at = 0
        self.starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self.lines = tuple(line.removesuffix("\r") for line in text.split("\n"))

    def locate(self, at: int) -> tuple[int, int]:
        line = bisect_right(self.starts, at)
        return line, at - self.starts[line - 1] + 1

    def spot(self, keys: str, start: int, end: int) -> Spot:
        line, column = self.locate(start)
        place = Place(keys, self.file, line, column)
        text = self.lines[line - 1]
        stop = min(column - 1 + end - start, len(text))
        return Spot(place, Span(place, text, column - 1, max(column, stop)))

    def error(self, message: str, advice: str | None = None) -> ConfigError:
        return failure(self.spot("", self.at, self.at + 1), f"JSON: {message}", advice)

    def skip_space(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def peek(self) -> str:
        self.skip_space()
        return self.text[self.at : self.at + 1]

    def value(self, keys: str, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self.error(f"nested deeper than {MAX_DEPTH} levels")
        match self.peek():
            case "{":
                return self.mapping(keys, depth)
            case "[":
                return self.list(keys, depth)
            case '"':
                return self.string(keys)
            case "":
                raise self.error("the text ends where a value should stand")
        return self.word_or_number(keys)

    def mapping(self, keys: str, depth: int) -> MapNode:
        start = self.at
        entries: dict[str, Entry] = {}
        while self.next_item(start, "}"):
            if self.peek() != '"':
                raise self.error("expected a key in double quotes", self.comma_advice("}"))
            key_node = self.string(keys)
            key = str(key_node.value)
            if self.peek() != ":":
                raise self.error("expected ':' after the key")
            self.at += 1
            below = keys_below(keys, key)
            value = self.value(below, depth + 1)
            self.put(entries, Entry(key, value, _moved(key_node.at, below), key))
        return MapNode(tuple(entries.values()), self.spot(keys, start, self.at))

    def put(self, entries: dict[str, Entry], entry: Entry) -> None:
        first = entries.setdefault(entry.key, entry)
        if first is not entry:
            advice = f"it stands on line {first.at.place.line} already; remove one"
            self.problems.add(entry.at, f"duplicate key {entry.key!r}", advice)

    def list(self, keys: str, depth: int) -> ListNode:
        start = self.at
        items: list[Node] = []
        while self.next_item(start, "]"):
            if self.peek() == "]":
                raise self.error("expected a value", self.comma_advice("]"))
            items.append(self.value(keys_below(keys, len(items)), depth + 1))
        return ListNode(tuple(items), self.spot(keys, start, self.at))

    def next_item(self, start: int, close: str) -> bool:
        """Step over the bracket or comma before an item; False after stepping over `close`."""
        first = self.at == start
        if first:
            self.at += 1
        char = self.peek()
        if char == close:
            self.at += 1
            return False
        if first:
            return True
        if char != ",":
            raise self.error(f"expected ',' or '{close}'")
        self.at += 1
        return True

    def comma_advice(self, close: str) -> str | None:
        return "remove the comma before it" if self.peek() == close else None

    def word_or_number(self, keys: str) -> Scalar:
        start = self.at
        found = _NUMBER.match(self.text, start)
        if found:
            self.at = found.end()
            return self.scalar(self.number(found), keys, start)
        word = _WORD.match(self.text, start)
        if word and word[0] in _WORDS:
            self.at = word.end()
            return self.scalar(_WORDS[word[0]], keys, start)
        what = word[0] if word else self.text[start]
        raise self.error(f"expected a value, found {what!r}", "texts stand in double quotes")

    def number(self, found: re.Match[str]) -> int | float:
        if found[1] or found[2]:
            return float(found[0])
        try:
            return int(found[0])
        except ValueError as error:  # more digits than Python reads
            self.at = found.start()
            raise self.error(f"a number of {len(found[0])} digits is too long") from error

    def scalar(self, value: float | bool | None, keys: str, start: int) -> Scalar:
        at = self.spot(keys, start, self.at)
        line, column = self.locate(start)
        text = self.text[start : self.at]
        return Scalar(value, at, SourceText(text, at.place, (Mark(0, line, column),), self.lines))

    def string(self, keys: str) -> Scalar:
        start = self.at
        self.at += 1
        pieces: list[str] = []
        line, column = self.locate(self.at)
        marks, length = [Mark(0, line, column)], 0
        while (piece := self.piece(start)) is not None:
            pieces.append(piece)
            length += len(piece)
            marks.append(Mark(length, *self.locate(self.at)))
        self.at += 1
        at = self.spot(keys, start, self.at)
        text = "".join(pieces)
        return Scalar(text, at, SourceText(text, at.place, tuple(marks), self.lines))

    def piece(self, start: int) -> str | None:
        """Return the next stretch without escapes, or one escape; None at the closing quote."""
        if self.text.startswith('"', self.at):
            return None
        found = _PLAIN.match(self.text, self.at)
        if found:
            self.at = found.end()
            return found[0]
        escape = _ESCAPE.match(self.text, self.at)
        if escape:
            self.at = escape.end()
            return _escaped(escape)
        if self.text.startswith("\\", self.at):
            raise self.error("unknown escape", "write a backslash as \\\\")
        if self.at < len(self.text) and self.text[self.at] != "\n":
            raise self.error("a control character in a text", "write a tab as \\t")
        self.at = start
        raise self.error("the text has no closing quote", "write a line break as \\n")


def _escaped(found: re.Match[str]) -> str:
    if found[1]:
        return _SHORT[found[1]]
    if found[2]:
        return bytes.fromhex(found[2] + found[3]).decode("utf-16-be")
    return chr(int(found[4], 16))


def _moved(at: Spot, keys: str) -> Spot:
    place = at.place
    return Spot(Place(keys, place.file, place.line, place.column), at.span)
