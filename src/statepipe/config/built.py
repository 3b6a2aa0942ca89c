"""Built configs: those that a program puts together piece by piece, and where it did so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeAlias, runtime_checkable

from statepipe.errors import Place, Problem

Origins: TypeAlias = Mapping[str, str]
"""For the keys of a part, as `networks[0].states[1]`, the line of Python that built it."""


@runtime_checkable
class BuiltConfig(Protocol):
    """What stands where a config is wanted: `statepipe.Machine` does."""

    def config(self) -> dict[str, Any]:
        """Return the config as a dict, callables inside. Raises ConfigError."""

    def origins(self) -> Origins:
        """Return where each part of it was built."""


def origin_of(keys: str, origins: Origins) -> str | None:
    """Return where the innermost part was built that the value at `keys` belongs to."""
    while keys and keys not in origins:
        keys = keys[: max(keys.rfind("."), keys.rfind("["), 0)]
    return origins.get(keys)


def told_where_built(problem: Problem, origins: Origins) -> Problem:
    """Return `problem` with the line of Python that built what it is about, if one did."""
    place = problem.place
    if not origins or place.file is not None or place.built is not None:
        return problem
    return replace(problem, place=with_origin(place, origins))


def with_origin(place: Place, origins: Origins) -> Place:
    return replace(place, built=origin_of(place.keys, origins))
