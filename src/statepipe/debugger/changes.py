"""Changes: what a step did to the record, field by field, and a record as rows that show it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from statepipe.cases.difference import differences
from statepipe.config.tree import keys_below
from statepipe.debugger.text import Line, Piece, dim, line
from statepipe.record import Record
from statepipe.short import shown

Kind: TypeAlias = Literal["added", "removed", "changed"]
KINDS: Mapping[str, Kind] = {"unexpected": "added", "missing": "removed", "changed": "changed"}
MARKS: Mapping[Kind, str] = {"added": "+", "removed": "-", "changed": "~"}

WIDTH = 60
"""Objects and lists that are longer than this, written out, have rows of their own."""
MAX_ROWS = 500


@dataclass(frozen=True, slots=True)
class Change:
    """A field that a step added, removed or changed. `path` is dotted, as in `items[0].price`."""

    path: str
    kind: Kind
    before: Any = None  # values of the record
    after: Any = None

    def line(self) -> Line:
        if self.kind == "changed":
            return line(
                (f"~ {self.path}: ", "changed"),
                dim(f"{shown(self.before)} → "),
                (shown(self.after), "changed"),
            )
        value = self.after if self.kind == "added" else self.before
        return line((f"{MARKS[self.kind]} {self.path}: {shown(value)}", self.kind))


def changes(before: Record, after: Record) -> list[Change]:
    """Return what is different, in the order of the fields. 1 and 1.0 are: they are written so."""
    found = differences(before, after, whole=True, same=same)
    return [Change(each.path, KINDS[each.kind], each.expected, each.found) for each in found]


def same(before: Any, after: Any) -> bool:  # values of a record
    """Tell whether two values would be written alike."""
    if type(before) is not type(after):
        return False
    if isinstance(before, float) and math.isnan(before):
        return math.isnan(after)
    return bool(before == after)


def change_lines(before: Record, after: Record) -> list[Line]:
    found = changes(before, after)
    return [each.line() for each in found] or [line(dim("as it was"))]


# -- the whole record ----------------------------------------------------------------------


def record_lines(record: Record, before: Record | None = None) -> list[Line]:
    """Return the record, a row for each field; those that are not as in `before` are marked.

    Fields that were there before stand in their places, marked as removed.
    """
    found = changes(before, record) if before is not None else []
    rows = Rows({each.path: each for each in found})
    lines = list(rows.of(record, "", 0))[: MAX_ROWS + 1]
    if len(lines) > MAX_ROWS:
        lines[MAX_ROWS] = line(dim("  ..."))
    gone = [each for each in found if each.kind == "removed"]
    lines += [
        line(("- ", "removed"), (f"{each.path}: {shown(each.before)}", "removed")) for each in gone
    ]
    return lines or [line(dim("  (no fields)"))]


@dataclass(frozen=True, slots=True)
class Rows:
    """Writes values out, with the changes at their paths."""

    changed: Mapping[str, Change]

    def of(self, value: Any, path: str, depth: int) -> Iterator[Line]:  # an object or a list
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, item in items:
            step = key if isinstance(key, int) and not isinstance(value, Mapping) else str(key)
            yield from self.row(str(key), item, keys_below(path, step), depth)

    def row(self, name: str, value: Any, path: str, depth: int) -> Iterator[Line]:  # any value
        change = self.changed.get(path)
        lead = f"{MARKS[change.kind]} " if change is not None else "  "
        tone = change.kind if change is not None else "plain"
        head: list[Piece] = [(f"{lead}{'  ' * depth}{name}: ", tone)]
        if change is None and self.needs_rows(value, path):
            yield Line(tuple(head))
            yield from self.of(value, path, depth + 1)
            return
        if change is not None and change.kind == "changed":
            head.append(dim(f"{shown(change.before)} → "))
        yield Line((*head, (shown(value), tone)))

    def needs_rows(self, value: Any, path: str) -> bool:
        if not isinstance(value, Mapping | list) or not value:
            return False
        inside = any(each.startswith((f"{path}.", f"{path}[")) for each in self.changed)
        return inside or len(shown(value)) > WIDTH
