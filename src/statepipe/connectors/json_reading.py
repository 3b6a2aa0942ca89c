"""Reading one JSON text exactly as Python's `json` does: the codec's slow twin for input.

Documented differences from `json`: the text must be UTF-8, NaN and Infinity are refused, numbers
that no float can hold are refused instead of read as Infinity, and nesting ends at MAX_DEPTH.
"""

from __future__ import annotations

import json
import re
import sys
from itertools import accumulate
from typing import Any, NoReturn

from statepipe.connectors.json_deep import read_deep

MAX_DEPTH = 1024
"""Arrays and objects inside each other. The fast codec has the same limit, built in."""

_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_CONSTANT = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|(NaN|-?Infinity)', re.DOTALL)
_NO_BRACKET = re.compile(r"[^\[\]{}]+")
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_BEGUN_NUMBER = re.compile(r"-|\.|[eE][+-]?")
_LITERALS = ("true", "false", "null")


class InvalidJsonError(ValueError):
    """A text is no JSON value: `reason` is for people. `cut_off`: it only ends too early."""

    def __init__(self, reason: str, *, cut_off: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cut_off = cut_off


def read_json(item: bytes) -> Any:  # any JSON value
    """Return the value of a JSON text; raises InvalidJsonError."""
    text = _decoded(item)
    if _depth(text) > MAX_DEPTH:
        raise InvalidJsonError(f"nested deeper than {MAX_DEPTH} levels")
    try:
        return _value(text)
    except json.JSONDecodeError as exc:
        raise _invalid(text, exc) from exc
    except _ConstantError as exc:
        raise InvalidJsonError(f"{exc} at {_constant_place(text)} is not allowed") from exc
    except InvalidJsonError:
        raise
    except ValueError as exc:  # int() past the interpreter's limit of digits; nothing else is left
        limit = sys.get_int_max_str_digits()
        raise InvalidJsonError(f"integer of more than {limit} digits") from exc


class _ConstantError(Exception):
    """NaN, Infinity or -Infinity, which `json` alone would read."""


def _refuse_constant(name: str) -> NoReturn:
    raise _ConstantError(name)


def _finite_float(digits: str) -> float:
    value = float(digits)
    if value - value != 0.0:
        shown = digits if len(digits) <= 24 else f"{digits[:20]}..."
        raise InvalidJsonError(f"number {shown} is out of range")
    return value


_DECODER = json.JSONDecoder(parse_float=_finite_float, parse_constant=_refuse_constant)


def _value(text: str) -> Any:  # any JSON value
    try:
        return _DECODER.decode(text)
    except RecursionError:  # how deep json gets depends on its caller's own depth
        return read_deep(text, _DECODER)


def _decoded(item: bytes) -> str:
    try:
        return item.decode()
    except UnicodeDecodeError as exc:
        cut_off = exc.reason == "unexpected end of data"
        raise InvalidJsonError(f"invalid UTF-8 at byte {exc.start + 1}", cut_off=cut_off) from exc


def _depth(text: str) -> int:
    """Return how deep brackets outside strings nest: exact for JSON, a guess for other text."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return 0
    brackets = _NO_BRACKET.sub("", _STRING.sub("", text))
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


def _invalid(text: str, exc: json.JSONDecodeError) -> InvalidJsonError:
    place = _place(exc.lineno, exc.colno)
    message = exc.msg[0].lower() + exc.msg[1:]
    return InvalidJsonError(
        f"invalid JSON at {place}: {message}", cut_off=_ends_too_early(text, exc)
    )


def _ends_too_early(text: str, exc: json.JSONDecodeError) -> bool:
    rest = text[exc.pos :].strip()
    if exc.msg.startswith("Unterminated string"):
        return True
    if exc.msg.startswith("Invalid \\"):
        return '"' not in rest
    begun_literal = any(literal.startswith(rest) for literal in _LITERALS)
    return begun_literal or _BEGUN_NUMBER.fullmatch(rest) is not None


def _place(line: int, column: int) -> str:
    return f"column {column}" if line == 1 else f"line {line}, column {column}"


def _constant_place(text: str) -> str:
    start = next(match.start(1) for match in _CONSTANT.finditer(text) if match.group(1))
    return _place(text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start))
