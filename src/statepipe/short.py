"""Short: values as short texts and as plain copies, at once, with no code of theirs run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import Any, TypeAlias
from uuid import UUID

Hide: TypeAlias = Callable[[str], str]

ROOM = 120  # characters
RECORD_ROOM = 200  # characters, where a whole record is told
FEW = 40
"""Characters of a key, and of a number at least."""
MANY = 2_000
"""Values in a copy: `...` stands for more."""

LONG = 10_000
"""Characters of a text in a copy: a longer one is shortened."""

LONG_INT_BITS = 12_000  # Python refuses to write more than 4300 digits

PLAIN_REPR = frozenset((bool, type(None), complex, timedelta, Decimal, Fraction, UUID, date, range))


class Words(str):
    """What stands for a value that is no JSON value. Shown as it is, without quotes."""

    __slots__ = ()


MORE = Words("...")


class Brief:
    """Marks a class of ours whose `repr` is short and runs no code of a user's."""

    __slots__ = ()


def untouched(text: str) -> str:
    """Hide nothing."""
    return text


class Short:
    """Writes values shortly. `hide` strikes secrets out, before anything is cut."""

    def __init__(self, hide: Hide | None = None) -> None:
        self.hide = hide or untouched

    def __call__(self, value: Any, room: int = ROOM) -> str:  # user code's value
        """Return `value` as Python writes it, in about `room` characters; of others, the type.

        Looks at no more than it shows.
        """
        try:
            return self._written(value, room)
        except RecursionError:  # called at the end of the stack
            return f"<{kind(value)}>"

    def _written(self, value: Any, room: int) -> str:
        of = type(value)
        if of in (str, bytes):
            return self._text(value, room)
        if of in (int, float):
            return number(value, room)
        if of in PLAIN_REPR or is_plain_time(value):
            return cut(repr(value), max(room, FEW))
        if of is Words or Brief in of.__bases__:  # a class derived from ours may have its own repr
            return str(value)
        if issubclass(of, str | int | float):
            return f"{kind(value)}({self(as_base(value), room)})"
        return self._container(value, of, room)

    def _text(self, value: str | bytes, room: int) -> str:
        if isinstance(value, bytes):
            return cut(repr(value[: room + 1]), room)
        hidden = self.hide(value)
        return repr(hidden) if len(hidden) <= room else f"{hidden[:room]!r}..."

    def _container(self, value: Any, of: type, room: int) -> str:
        """Write what is in a container, of objects and lists without the name of their class."""
        if issubclass(of, dict):
            return self._mapping(dict.items(value), room)
        if issubclass(of, list):
            return f"[{self._items(list.__iter__(value), room)}]"
        if issubclass(of, tuple):
            text = self._tuple(tuple.__iter__(value), tuple.__len__(value), room)
            return text if of is tuple else f"{kind(value)}({text})"
        if base := next((each for each in (set, frozenset) if issubclass(of, each)), None):
            text = self._set(base.__iter__(value), base.__len__(value), room)
            return text if of is set and text else f"{kind(value)}({text})"
        return f"<{kind(value)}>"

    def _mapping(self, items: Iterable[tuple[Any, Any]], room: int) -> str:
        if room <= 1:
            return "{...}"
        parts = (f"{self(key, FEW)}: {self(item, room // 2)}" for key, item in items)
        return "{" + joined(parts, room) + "}"

    def _tuple(self, items: Iterable[Any], count: int, room: int) -> str:
        comma = "," if count == 1 else ""
        return f"({self._items(items, room)}{comma})"

    def _set(self, items: Iterable[Any], count: int, room: int) -> str:
        """Write the items in the order of their texts: their own may be another in each process."""
        if 3 * count > room:
            return "{...}"
        texts = (self(item, room // 2) for item in items)
        ordered = sorted(texts, key=lambda text: (len(text), text))
        return "{" + joined(ordered, room) + "}" if count else ""

    def _items(self, items: Iterable[Any], room: int) -> str:
        return "..." if room <= 1 else joined((self(item, room // 2) for item in items), room)

    def copied(self, value: Any) -> Any:  # user code's value; a JSON value is given
        """Return what stays of a value when it changes: a JSON value, secrets struck out.

        What is no JSON value becomes `Words`, and so does what is beyond MANY and LONG.
        """
        return _Copying(self).copied(value)


_short = Short()


def shown(value: Any, room: int = RECORD_ROOM) -> str:  # any value
    """Return `value` as `Short` writes it, with nothing hidden."""
    return _short(value, room)


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
        return self._text(key) if type(key) is str else Words(self.short(key, FEW))


def is_writable(value: float | None) -> bool:
    """Tell whether JSON has a word for a number: none for NaN, nor for millions of digits."""
    if type(value) is int:
        return value.bit_length() <= LONG_INT_BITS
    return type(value) is not float or isfinite(value)


def kind(value: Any) -> str:  # user code's value
    return type(value).__name__


def as_base(value: str | float) -> str | float:
    """Return the text or number that an object of a derived class is."""
    if isinstance(value, str):
        return str.__str__(value)
    return int.__int__(value) if isinstance(value, int) else float.__float__(value)


def number(value: Any, room: int) -> str:
    if type(value) is int and value.bit_length() > LONG_INT_BITS:
        return f"<int of {value.bit_length()} bits>"
    return cut(repr(value), max(room, FEW))


def joined(parts: Iterable[str], room: int) -> str:
    """Join `parts` with commas until there is no room for more."""
    kept: list[str] = []
    for part in parts:
        room -= len(part) + 2
        if room < 0:
            kept.append("...")
            break
        kept.append(part)
    return ", ".join(kept)


def cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[:room]}..."


def is_plain_time(value: Any) -> bool:
    """Tell whether `value` is a time whose zone is none of the author's."""
    if type(value) not in (datetime, time):
        return False
    return value.tzinfo is None or type(value.tzinfo) is timezone
