"""Paths: dotted paths into a record, as in `items[0].price`: read, looked up, and set."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from statepipe.config.problems import suggestion
from statepipe.config.tree import keys_below
from statepipe.errors import UsageError
from statepipe.plan.journal import snapshot
from statepipe.record import Record

Path: TypeAlias = tuple[str | int, ...]

PART = re.compile(
    r"""\.?(?P<name>[^.\[\]'"\s]+)|\[(?P<index>\d+)\]|\[(?P<quoted>'[^']*'|"[^"]*")\]"""
)


def read_path(text: str) -> Path:
    """Return the steps of a path. Raises UsageError where it cannot be read."""
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        found = PART.match(text, at)
        if found is None or (not steps and text.startswith(".")):
            raise UsageError(f"{text!r} is no path; write it as items[0].price, or a['b c'].d")
        name, index, quoted = found.group("name", "index", "quoted")
        steps.append(name if name is not None else int(index) if index else quoted[1:-1])
        at = found.end()
    if not steps:
        raise UsageError("the path is empty; write it as items[0].price")
    return tuple(steps)


def shown_path(path: Path) -> str:
    keys = ""
    for step in path:
        keys = keys_below(keys, step)
    return keys


def value_at(record: Record, path: Path) -> Any:  # a value of the record
    """Return what stands at `path`; UsageError names what there is instead."""
    value: Any = record
    for number, step in enumerate(path):
        value = below(value, step, path[:number])
    return value


def below(value: Any, step: str | int, path: Path) -> Any:  # values of a record
    """Return what stands one step below `value`, which stands at `path`."""
    where = shown_path(path) or "the record"
    if isinstance(value, dict):
        if step in value:
            return value[step]
        hint = suggestion(str(step), [str(key) for key in value]) if value else "it is empty"
        raise UsageError(f"{where} has no field {step!r}; {hint}")
    if isinstance(value, list | tuple):
        if isinstance(step, int) and step < len(value):
            return value[step]
        count = len(value)
        raise UsageError(f"{where} has no item {step!r}; it has {count}, counted from 0")
    raise UsageError(f"{where} is no object and no list: it has no {step!r}")


def with_value(record: Record, path: Path, value: Any) -> Record:  # any JSON value
    """Return a copy of `record` with `value` at `path`. The last step may be new in its object."""
    changed = snapshot(record)
    holder, last = value_at(changed, path[:-1]), path[-1]
    if isinstance(holder, dict):
        holder[str(last)] = value
    elif isinstance(holder, list) and last == len(holder):
        holder.append(value)
    else:
        below(holder, last, path[:-1])
        holder[last] = value
    return changed


def without_value(record: Record, path: Path) -> Record:
    """Return a copy of `record` without what stands at `path`; UsageError if nothing does."""
    changed = snapshot(record)
    holder = value_at(changed, path[:-1])
    below(holder, path[-1], path[:-1])
    del holder[path[-1]]
    return changed
