"""Reading JSON that nests deeper than `json` can recurse: the same values, on an own stack."""

from __future__ import annotations

import json
import re
from typing import Any

_WHITESPACE = re.compile(r"[ \t\r\n]*")
_END = {"[": "]", "{": "}"}


def read_deep(text: str, decoder: json.JSONDecoder) -> Any:  # any JSON value
    """Return the value of `text`; raises json.JSONDecodeError, and what `decoder`'s hooks do."""
    return _DeepReader(text, decoder).read()


class _DeepReader:
    """A place in the text, and the arrays and objects that are open there with their keys."""

    def __init__(self, text: str, decoder: json.JSONDecoder) -> None:
        self._text = text
        self._decoder = decoder
        self._at = 0
        self._open: list[tuple[Any, str]] = []  # a list or dict, and what ends it
        self._keys: list[str] = []

    def read(self) -> Any:
        self._next()
        while True:
            char = self._char()
            if char in _END and char:
                if self._opens(char):
                    continue
                value, _ = self._open.pop()
            else:
                value = self._scan()
            value = self._put(value)
            if not self._open:
                break
        if self._char():
            raise self._error("Extra data")
        return value

    def _opens(self, char: str) -> bool:
        """Open an array or object; return whether there is a value in it to read next."""
        self._open.append(({} if char == "{" else [], _END[char]))
        self._step()
        if self._char() == _END[char]:
            self._step()
            return False
        self._read_key()
        return True

    def _put(self, value: Any) -> Any:
        """Put a value where it belongs, and close what ends after it; return the last closed."""
        while self._open:
            container, end = self._open[-1]
            if isinstance(container, list):
                container.append(value)
            else:
                container[self._keys.pop()] = value
            char = self._char()
            if char == ",":
                self._step()
                self._read_key()
                return None
            if char != end:
                raise self._error("Expecting ',' delimiter")
            self._step()
            value, _ = self._open.pop()
        return value

    def _read_key(self) -> None:
        """Read the key and colon before the next value, if that is an object's."""
        if self._open[-1][1] == "]":
            return
        if self._char() != '"':
            raise self._error("Expecting property name enclosed in double quotes")
        self._keys.append(self._scan())
        if self._char() != ":":
            raise self._error("Expecting ':' delimiter")
        self._step()

    def _scan(self) -> Any:
        value, self._at = self._decoder.raw_decode(self._text, self._at)
        self._next()
        return value

    def _char(self) -> str:
        return self._text[self._at : self._at + 1]

    def _step(self) -> None:
        self._at += 1
        self._next()

    def _next(self) -> None:
        """Go on to the next character that is no white space."""
        found = _WHITESPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _error(self, message: str) -> json.JSONDecodeError:
        return json.JSONDecodeError(message, self._text, self._at)
