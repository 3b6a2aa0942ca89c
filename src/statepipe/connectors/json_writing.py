"""Writing one record as JSON with every check: the codec's slow twin for output.

It writes what the fast codec writes, byte by byte, and also what that cannot: integers beyond 64
bits, lone surrogates (as escapes), nesting beyond 254 levels, subclasses of float. It names the
field of a value that JSON cannot hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from json.encoder import encode_basestring_ascii
from typing import Any

import orjson

from statepipe.connectors.json_reading import MAX_DEPTH
from statepipe.errors import named_type
from statepipe.ports.formats import UnwritableError
from statepipe.record import Record

_HINTS = {
    "set": "use sorted(...) or list(...)",
    "frozenset": "use sorted(...) or list(...)",
    "bytes": "use .decode() or base64",
    "bytearray": "use .decode() or base64",
    "Decimal": "use str(...) or float(...)",
    "complex": "use str(...)",
    "timedelta": "use .total_seconds()",
}


def write_json(record: Record) -> bytes:
    """Return `record` as JSON on one line, without a newline; raises UnwritableError."""
    stack = [_opened(record)]
    parts = [stack[0].begin]
    while stack:
        child = next(stack[-1].children, None)
        if child is None:
            parts.append(stack.pop().end)
            continue
        stack[-1].label = child.label
        _refuse(child, stack)
        parts.append(child.lead)
        value = _plain(child.value)
        if isinstance(value, (dict, list, tuple)):
            stack.append(_opened(value))
            parts.append(stack[-1].begin)
        else:
            parts.append(_written(value, stack))
    return b"".join(parts)


def holds_only_finite(value: Any) -> bool:  # what a transform returned
    """Return whether no float in `value` is NaN or infinite. The fast codec writes those as null.

    `value` is one that the fast codec wrote, so it does not nest deeper than 254 levels.
    """
    if isinstance(value, float):
        return value - value == 0.0
    if isinstance(value, dict):
        return all(map(holds_only_finite, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(holds_only_finite, value))
    return not isinstance(value, Enum) or holds_only_finite(value.value)


@dataclass(frozen=True, slots=True)
class _Child:
    """A member or element: `lead` are the bytes before it, `label` is its part of the path."""

    label: str
    lead: bytes
    value: Any
    refused: str = ""


@dataclass(slots=True)
class _Container:
    """An array or object that is being written; `label` is that of its current child."""

    begin: bytes
    end: bytes
    children: Iterator[_Child]
    label: str = ""


def _opened(value: Any) -> _Container:
    if isinstance(value, dict):
        return _Container(b"{", b"}", _members(value))
    return _Container(b"[", b"]", _elements(value))


def _members(mapping: dict[Any, Any]) -> Iterator[_Child]:
    comma = b""
    for key, value in mapping.items():
        if isinstance(key, str):
            yield _Child(f".{key}", comma + _text(str.__str__(key)) + b":", value)
        else:
            reason = f"the key is {named_type(key)}, and JSON's are strings; use str(key)"
            yield _Child(f".{key!r}", b"", None, reason)
        comma = b","


def _elements(values: list[Any] | tuple[Any, ...]) -> Iterator[_Child]:
    for index, value in enumerate(values):
        yield _Child(f"[{index}]", b"," if index else b"", value)


def _refuse(child: _Child, stack: list[_Container]) -> None:
    if len(stack) > MAX_DEPTH:
        reason = f"nested deeper than {MAX_DEPTH} levels; does it contain itself?"
        raise UnwritableError(_path(stack[:3]) + "...", reason)
    if child.refused:
        raise UnwritableError(_path(stack), child.refused)


def _plain(value: Any) -> Any:
    while isinstance(value, Enum):
        value = value.value
    return value


def _written(value: Any, stack: list[_Container]) -> bytes:
    """Return the bytes of a value that is no container."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _integer(value, stack)
    if isinstance(value, float):
        return _float(value, stack)
    try:
        return orjson.dumps(value, None, orjson.OPT_PASSTHROUGH_DATACLASS)
    except TypeError as exc:
        raise UnwritableError(_path(stack), _refusal(value, str(exc))) from exc


def _text(value: str) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # a lone surrogate: no UTF-8, but JSON's own escapes can hold it
        return encode_basestring_ascii(value).encode()


def _integer(value: int, stack: list[_Container]) -> bytes:
    try:
        return int.__repr__(value).encode()
    except ValueError as exc:
        raise UnwritableError(_path(stack), "integer beyond Python's limit of digits") from exc


def _float(value: float, stack: list[_Container]) -> bytes:
    if value - value != 0.0:
        reason = f"{float.__repr__(value)} is no JSON value; use None or a string"
        raise UnwritableError(_path(stack), reason)
    return orjson.dumps(float(value))


def _refusal(value: Any, message: str) -> str:
    name = type(value).__name__
    if "not JSON serializable" not in message:
        return message[0].lower() + message[1:]
    hint = _HINTS.get(name, "return text, numbers, booleans, None, lists and dicts")
    return f"JSON cannot hold {named_type(value)}; {hint}"


def _path(stack: list[_Container]) -> str:
    return "".join(container.label for container in stack).removeprefix(".")
