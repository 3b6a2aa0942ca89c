"""Differences: where a record is not what a test expects, field by field."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from statepipe.plan.changes import changes
from statepipe.short import shown

Kind: TypeAlias = Literal["missing", "unexpected", "changed"]
KINDS: Mapping[str, Kind] = {"removed": "missing", "added": "unexpected", "changed": "changed"}
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


def differences(expected: Any, found: Any, *, whole: bool) -> Iterator[Difference]:
    """Yield where `found` is not `expected`, in order; both are values of records.

    Where not `whole`, mappings may hold other fields as well, at any depth. Numbers are equal by
    value, be they whole or not, and true and false are no numbers.
    """
    for each in changes(expected, found, equal, whole=whole):
        yield Difference(each.path or WHOLE, KINDS[each.kind], each.before, each.after)


def equal(expected: Any, found: Any) -> bool:  # values of records
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, float) and isinstance(found, float) and math.isnan(expected):
        return math.isnan(found)
    return bool(expected == found)
