"""Changes: where a value of a record is not what another one is, field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from statepipe.config.tree import keys_below
from statepipe.short import shown

Kind: TypeAlias = Literal["added", "removed", "changed"]
Same: TypeAlias = Callable[[Any, Any], bool]  # of two values of records

MARKS: Mapping[Kind, str] = {"added": "+", "removed": "-", "changed": "~"}


@dataclass(frozen=True, slots=True)
class Change:
    """A field that was added, removed or changed. `path` is dotted, as in `items[0].price`."""

    path: str
    kind: Kind
    before: Any = None  # values of the record
    after: Any = None

    def __str__(self) -> str:
        values = {
            "added": shown(self.after),
            "removed": shown(self.before),
            "changed": f"{shown(self.before)} -> {shown(self.after)}",
        }
        return f"{MARKS[self.kind]} {self.path}: {values[self.kind]}"


def written_alike(before: Any, after: Any) -> bool:  # values of a record
    """Tell whether two values would be written alike: 1 and 1.0 would not, nor 0.0 and -0.0."""
    if type(before) is not type(after):
        return False
    if isinstance(before, float):
        return repr(before) == repr(after)
    return bool(before == after)


def changes(
    before: Any, after: Any, same: Same = written_alike, *, whole: bool = True, path: str = ""
) -> Iterator[Change]:
    """Yield where `after` is not `before`, in the order of the fields; both are values of records.

    Where not `whole`, mappings may get other fields as well, at any depth. Single values are
    compared by `same`.
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _of_mappings(before, after, same, whole, path)
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
        yield from _of_lists(before, after, same, whole, path)
    elif not same(before, after):
        yield Change(path, "changed", before, after)


def _of_mappings(
    before: Mapping[Any, Any], after: Mapping[Any, Any], same: Same, whole: bool, path: str
) -> Iterator[Change]:
    for key, value in before.items():
        below = keys_below(path, str(key))
        if key in after:
            yield from changes(value, after[key], same, whole=whole, path=below)
        else:
            yield Change(below, "removed", before=value)
    for key in after if whole else ():
        if key not in before:
            yield Change(keys_below(path, str(key)), "added", after=after[key])


def _of_lists(
    before: Sequence[Any], after: Sequence[Any], same: Same, whole: bool, path: str
) -> Iterator[Change]:
    for index in range(max(len(before), len(after))):
        below = keys_below(path, index)
        if index >= len(after):
            yield Change(below, "removed", before=before[index])
        elif index >= len(before):
            yield Change(below, "added", after=after[index])
        else:
            yield from changes(before[index], after[index], same, whole=whole, path=below)
