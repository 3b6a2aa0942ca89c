"""Rows: a record as lines that show it, and what a step did to it, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from statepipe.config.tree import keys_below
from statepipe.debugger.text import Line, Piece, dim, line
from statepipe.plan.changes import MARKS, Change, changes
from statepipe.record import Record
from statepipe.short import shown

WIDTH = 60
"""Objects and lists that are longer than this, written out, have rows of their own."""
MAX_ROWS = 500


def change_line(change: Change) -> Line:
    if change.kind == "changed":
        return line(
            (f"~ {change.path}: ", "changed"),
            dim(f"{shown(change.before)} → "),
            (shown(change.after), "changed"),
        )
    return line((str(change), change.kind))


def change_lines(before: Record, after: Record) -> list[Line]:
    found = map(change_line, changes(before, after))
    return list(found) or [line(dim("as it was"))]


# -- the whole record ----------------------------------------------------------------------


def record_lines(record: Record, before: Record | None = None) -> list[Line]:
    """Return the record, a row for each field; those that are not as in `before` are marked.

    Fields that were there before stand in their places, marked as removed.
    """
    found = [] if before is None else list(changes(before, record))
    rows = Rows({each.path: each for each in found})
    lines = list(rows.of(record, "", 0))[: MAX_ROWS + 1]
    if len(lines) > MAX_ROWS:
        lines[MAX_ROWS] = line(dim("  ..."))
    lines += [change_line(each) for each in found if each.kind == "removed"]
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
