"""Fields: frozen values whose fields can be read as attributes and as a mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cache
from typing import Any


class Fields(Mapping[str, Any]):
    """For dataclasses: `value["name"]` is `value.name`. Equal only if identical."""

    __slots__ = ()

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __getitem__(self, key: str) -> Any:  # as different as the fields are
        if key in names_of(type(self)):
            return getattr(self, key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(names_of(type(self)))

    def __len__(self) -> int:
        return len(names_of(type(self)))


@cache
def names_of(kind: Any) -> tuple[str, ...]:  # a dataclass
    return tuple(item.name for item in fields(kind))
