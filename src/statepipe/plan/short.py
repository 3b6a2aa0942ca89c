"""Short: values as short texts and as plain copies, at once, with no code of theirs run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import Any, TypeAlias
from uuid import UUID

from statepipe.errors import LONG_INT_BITS, Words, joined
from statepipe.functions.view import Context, StateView

Hide: TypeAlias = Callable[[str], str]

ROOM = 120  # characters
MANY = 2_000
"""Values in a copy: `...` stands for more."""

LONG = 10_000
"""Characters of a text in a copy: a longer one is shortened."""

BRACKETS: dict[Any, str] = {list: "[]", tuple: "()", set: "{}", frozenset: "{}"}
PLAIN_REPR = frozenset((bool, type(None), timedelta, Decimal, Fraction, UUID, date, range))
NUMBERS = frozenset((int, float, complex))
TEXTS = (str, bytes)


def untouched(text: str) -> str:
    """Hide nothing."""
    return text


class Short:
    """Writes values shortly. `hide` strikes secrets out, before anything is cut."""

    def __init__(self, hide: Hide | None = None) -> None:
        self.hide = hide or untouched

    def __call__(self, value: Any, room: int = ROOM) -> str:  # user code's value
        """Return `value` as Python writes it, in about `room` characters; of others, the type."""
        try:
            return self._written(value, room)
        except RecursionError:  # called at the end of the stack
            return f"<{kind(value)}>"

    def _written(self, value: Any, room: int) -> str:
        of = type(value)
        if of in (str, bytes):
            return self._text(value, room)
        if of in NUMBERS:
            return number(value, room)
        if of in PLAIN_REPR or is_plain_time(value):
            return cut(repr(value), room)
        if of is Words:
            return str(value)
        if of is StateView or of is Context:
            return repr(value)
        return self._container(value, of, room)

    def _text(self, value: str | bytes, room: int) -> str:
        if isinstance(value, bytes):
            return cut(repr(value[: room + 1]), room)
        hidden = self.hide(value)
        return repr(hidden) if len(hidden) <= room else f"{hidden[:room]!r}..."

    def _container(self, value: Any, of: type, room: int) -> str:
        name = "" if of in UNNAMED else kind(value)
        if issubclass(of, dict):
            text = self._mapping(dict.items(value), room)
        elif base := next((each for each in BRACKETS if issubclass(of, each)), None):
            text = self._listing(base.__iter__(value), BRACKETS[base], room)
            if base is tuple and tuple.__len__(value) == 1:
                text = f"{text[:-1]},)"
            if text == "{}":
                return f"{kind(value)}()"
        else:
            return f"<{kind(value)}>"
        return f"{name}({text})" if name else text

    def _mapping(self, items: Iterable[tuple[Any, Any]], room: int) -> str:
        if room <= 1:
            return "{...}"
        parts = (f"{self(key, 40)}: {self(item, room // 2)}" for key, item in items)
        return "{" + joined(parts, room) + "}"

    def _listing(self, items: Iterable[Any], brackets: str, room: int) -> str:
        if room <= 1:
            return f"{brackets[0]}...{brackets[1]}"
        inner = joined((self(item, room // 2) for item in items), room)
        return f"{brackets[0]}{inner}{brackets[1]}"

    def copied(self, value: Any) -> Any:  # user code's value; a JSON value is given
        """Return what stays of a value when it changes: a JSON value, secrets struck out.

        What is no JSON value becomes `Words`, and so does what is beyond MANY and LONG.
        """
        return _Copying(self).copied(value)


UNNAMED = frozenset((list, tuple, set, dict))
"""Are told by their brackets."""


MORE = Words("...")


class _Copying:
    def __init__(self, short: Short) -> None:
        self.short = short
        self.left = MANY

    def copied(self, value: Any, depth: int = 100) -> Any:
        self.left -= 1
        of = type(value)
        if of is str:
            return self._text(value)
        if of in (bool, int, float, type(None)):
            return value if is_writable(value) else Words(self.short(value))
        if self.left < 0 or not depth:
            return MORE
        if of is dict:
            return self._dict(value, depth - 1)
        if of is list:
            return self._list(value, depth - 1)
        return Words(self.short(value))

    def _dict(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, item in value.items():
            if self.left < 0:
                made[MORE] = MORE
                break
            made[self._key(key)] = self.copied(item, depth)
        return made

    def _list(self, value: list[Any], depth: int) -> list[Any]:
        made: list[Any] = []
        for item in value:
            if self.left < 0:
                made.append(MORE)
                break
            made.append(self.copied(item, depth))
        return made

    def _text(self, value: str) -> str:
        hidden = self.short.hide(value)
        return hidden if len(hidden) <= LONG else Words(self.short(value))

    def _key(self, key: Any) -> str:
        return self._text(key) if type(key) is str else Words(self.short(key, 40))


def is_writable(value: float | None) -> bool:
    """Tell whether JSON has a word for a number: none for NaN, nor for millions of digits."""
    if type(value) is int:
        return value.bit_length() <= LONG_INT_BITS
    return type(value) is not float or isfinite(value)


def kind(value: Any) -> str:  # user code's value
    return type(value).__name__


def number(value: Any, room: int) -> str:
    if type(value) is int and value.bit_length() > LONG_INT_BITS:
        return f"<int of {value.bit_length()} bits>"
    return cut(repr(value), max(room, 40))


def cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[:room]}..."


def is_plain_time(value: Any) -> bool:
    """Tell whether `value` is a time whose zone is none of the author's."""
    if type(value) not in (datetime, time):
        return False
    return value.tzinfo is None or type(value.tzinfo) is timezone
