"""Sizes of constant expressions, so that `9**9**9` is refused and never computed."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

MAX_BITS: Final = 16_384
MAX_ITEMS: Final = 1_000_000
MAX_WIDTH: Final = 10_000  # characters that a format may pad to

Number: TypeAlias = int | float | complex


@dataclass(frozen=True, slots=True)
class Length:
    """Stands for a text, list or tuple of this length: none is ever built here."""

    items: int


NUMERIC: Mapping[type[ast.operator], Callable[[Any, Any], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Div: operator.truediv,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
    ast.RShift: operator.rshift,
    ast.Mult: operator.mul,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
}

PADDING_METHODS: Final = frozenset(("center", "expandtabs", "ljust", "rjust", "to_bytes", "zfill"))
SIZED_CALLS: Final[Mapping[str, int]] = {
    "bytes": MAX_ITEMS,
    "bytearray": MAX_ITEMS,
    "factorial": 5_000,
    "getrandbits": MAX_BITS,
    "randbytes": MAX_ITEMS,
    **dict.fromkeys(PADDING_METHODS, MAX_WIDTH),
}
DIGITS: Final = re.compile(r"\d+")
PERCENT: Final = re.compile(r"%(?:\([^)]*\))?[-+ #0]*\d*(?:\.\d*)?")


class TooLargeError(Exception):
    """A constant expression has a value of unreasonable size."""


def too_large(node: ast.AST) -> bool:
    """Tell whether `node`, for itself, makes an unreasonably large value from constants.

    Only what stands in the code is seen; loops and values of records are not.
    """
    match node:
        case ast.BinOp():
            return _too_large_operation(node)
        case ast.Call(func=ast.Name(id="pow"), args=[base, exponent]):
            return _too_large_operation(ast.BinOp(base, ast.Pow(), exponent))
        case ast.Call(func=ast.Name(id="format"), args=[_, ast.Constant(value=str(text))]):
            return wide(text)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *_]):
            return name in SIZED_CALLS and _above(first, SIZED_CALLS[name])
        case ast.FormattedValue(format_spec=ast.JoinedStr(values=parts)):
            return any(isinstance(p, ast.Constant) and wide(str(p.value)) for p in parts)
    return False


def wide(spec: str) -> bool:
    """Tell whether a format spec holds a width beyond reason."""
    return any(len(number) > 9 or int(number) > MAX_WIDTH for number in DIGITS.findall(spec))


def _above(node: ast.expr, limit: int) -> bool:
    try:
        value = _fold(node)
    except TooLargeError:
        return True
    return isinstance(value, int) and value > limit


def _too_large_operation(node: ast.BinOp) -> bool:
    match node:
        case ast.BinOp(left=ast.Constant(value=str() | bytes() as text), op=ast.Mod()):
            return any(map(wide, PERCENT.findall(str(text))))
        case ast.BinOp(op=ast.Pow() | ast.LShift(), right=right) if _above(right, MAX_BITS):
            return True
    try:
        _fold(node)
    except TooLargeError:
        return True
    return False


def _fold(node: ast.expr) -> Number | Length | None:
    """Return the value of a constant expression, None for any other. Raises TooLargeError."""
    match node:
        case ast.Constant(value=int() | float() | complex() as value):
            return value
        case ast.Constant(value=str() | bytes() as text):
            return Length(len(text))
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return Length(len(items))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            number = _fold(operand)
            return None if number is None or isinstance(number, Length) else -number
        case ast.BinOp(left=left, op=op, right=right):
            return _apply(op, _fold(left), _fold(right))
    return None


def _apply(
    op: ast.operator, left: Number | Length | None, right: Number | Length | None
) -> Number | Length | None:
    if isinstance(left, Length) or isinstance(right, Length):
        return _apply_to_length(op, left, right)
    if left is None or right is None or type(op) not in NUMERIC:
        return None
    if isinstance(left, int) and isinstance(right, int) and _bits(op, left, right) > MAX_BITS:
        raise TooLargeError
    try:
        return NUMERIC[type(op)](left, right)
    except (ArithmeticError, TypeError, ValueError):
        return None  # fails at run time too, as an error of that record


def _apply_to_length(
    op: ast.operator, left: Number | Length | None, right: Number | Length | None
) -> Length | None:
    match (left, op, right):
        case (Length(items), ast.Mult(), int(times)) | (int(times), ast.Mult(), Length(items)):
            items *= times
        case (Length(items), ast.Add(), Length(more)):
            items += more
        case _:
            return None
    if items > MAX_ITEMS:
        raise TooLargeError
    return Length(max(0, items))


def _bits(op: ast.operator, left: int, right: int) -> int:
    """Return about how many bits the result has, or an upper bound."""
    if isinstance(op, ast.Pow):
        return left.bit_length() * right
    if isinstance(op, ast.LShift):
        return left.bit_length() + right
    return left.bit_length() + right.bit_length()
