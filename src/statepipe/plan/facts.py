"""Facts: what is known of a function before it is ever called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Replacement: TypeAlias = Literal["record", "state_name", "error"]


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace `start` to `end` of the code's text by the record, the state's name or its error."""

    start: int
    end: int
    by: Replacement


@dataclass(frozen=True, slots=True)
class Fusion:
    """How to write a function's expression into a larger function, as text.

    The expression is `source.text[start:end]` with `edits` made, sorted and disjoint.
    `free_names` come from the function's globals or builtins; `bound_names` are bound inside.
    """

    start: int
    end: int
    edits: tuple[Edit, ...]
    free_names: frozenset[str]
    bound_names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Addition:
    """One field that a function adds to its record: its key, and how to write its value."""

    key: str
    value: Fusion


@dataclass(frozen=True, slots=True)
class Facts:
    """What a function may do to its record, proved from its code; the worst where unproved.

    `mutates`: it may change the record in place. `leaks`: it may hand the record, or a part of
    it, to code that keeps it. `always_dict`: it gives a dict whenever it gives anything.
    `never_tuple`: the value's truth is the verdict, with no `(bool, reason)` to look into.
    `fresh`: what it gives is a new dict. `additions`: that is its record with these put in.
    """

    mutates: bool
    leaks: bool
    always_dict: bool = False
    never_tuple: bool = False
    fresh: bool = False
    fusion: Fusion | None = None
    additions: tuple[Addition, ...] = ()


UNKNOWN = Facts(mutates=True, leaks=True)
"""Of a function whose code cannot be read."""

HARMLESS = Facts(mutates=False, leaks=False)
"""Of our own functions, such as a schema's check."""
