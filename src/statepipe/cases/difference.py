"""Differences: where a record is not what a test expects, field by field."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from statepipe.config.tree import keys_below
from statepipe.short import shown

Kind: TypeAlias = Literal["missing", "unexpected", "changed"]
Same: TypeAlias = Callable[[Any, Any], bool]  # of two values of records
WHOLE = "(the record)"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs. `path` is dotted, as in `items[0].price`.

    `missing` fields were expected and not found, `unexpected` ones found and not expected.
    """

    path: str
    kind: Kind
    expected: Any = None  # a value of the record, or of the test
    found: Any = None  # a value of the record

    def __str__(self) -> str:
        match self.kind:
            case "missing":
                return f"- {self.path}: expected {shown(self.expected)}, and is not there"
            case "unexpected":
                return f"+ {self.path}: {shown(self.found)} is there, and not expected"
        return f"~ {self.path}: expected {shown(self.expected)}, found {shown(self.found)}"


def differences(
    expected: Any, found: Any, *, whole: bool, path: str = "", same: Same | None = None
) -> Iterator[Difference]:
    """Yield where `found` is not `expected`, in order; both are values of records.

    Where not `whole`, mappings may hold other fields as well, at any depth. Single values are
    compared by `same`; by default numbers are equal by value, be they whole or not, and true and
    false are no numbers.
    """
    same = same or equal
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        yield from _of_mappings(expected, found, whole, path, same)
    elif isinstance(expected, list | tuple) and isinstance(found, list | tuple):
        yield from _of_lists(expected, found, whole, path, same)
    elif not same(expected, found):
        yield Difference(path or WHOLE, "changed", expected, found)


def _of_mappings(
    expected: Mapping[Any, Any], found: Mapping[Any, Any], whole: bool, path: str, same: Same
) -> Iterator[Difference]:
    for key, value in expected.items():
        below = keys_below(path, str(key))
        if key in found:
            yield from differences(value, found[key], whole=whole, path=below, same=same)
        else:
            yield Difference(below, "missing", expected=value)
    for key in found if whole else ():
        if key not in expected:
            yield Difference(keys_below(path, str(key)), "unexpected", found=found[key])


def _of_lists(
    expected: list[Any] | tuple[Any, ...],
    found: list[Any] | tuple[Any, ...],
    whole: bool,
    path: str,
    same: Same,
) -> Iterator[Difference]:
    for index in range(max(len(expected), len(found))):
        below = keys_below(path, index)
        if index >= len(found):
            yield Difference(below, "missing", expected=expected[index])
        elif index >= len(expected):
            yield Difference(below, "unexpected", found=found[index])
        else:
            values = expected[index], found[index]
            yield from differences(*values, whole=whole, path=below, same=same)


def equal(expected: Any, found: Any) -> bool:  # values of records
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, float) and isinstance(found, float) and math.isnan(expected):
        return math.isnan(found)
    return bool(expected == found)
