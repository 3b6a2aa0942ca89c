"""Registry: which builtins there are, ours and those of other packages, loaded when named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from statepipe import standard
from statepipe.functions.builtin import Builtin
from statepipe.functions.names import close_match

GROUP = "statepipe.functions"
"""The group of entry points by which a package adds builtins: `name = "module:BUILTIN"`."""

OWN = {
    "composite": "all any not",
    "dates": "format_date parse_date",
    "enrich": "enrich",
    "lookup": "lookup",
    "privacy": "hash mask",
    "regex": "regex_extract regex_replace",
    "shaping": "chain filter flatten map replace split",
    "strings": "normalize",
    "types": "convert",
    "structure": "dependency required schema type",
    "validators": "length one_of pattern range",
    "sampling": "sample",
    "aggregate": "aggregate",
    "windows": "deduplicate rate_limit unique",
}
"""Our own, by module: they go through the same door as those of other packages."""


class UnknownBuiltinError(Exception):
    """There is no builtin of a name, or it cannot be had. `advice` says what to do."""

    def __init__(self, message: str, advice: str | None = None) -> None:
        super().__init__(message)
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Library:
    """The builtins that a program can name. `entries` by name; several mean a clash."""

    entries: dict[str, list[standard.metadata.EntryPoint]]

    def names(self) -> list[str]:
        return sorted(self.entries)

    def get(self, name: str) -> Builtin:  # type: ignore[type-arg]  # of any parameters
        """Return the builtin called `name`, imported now. Raises UnknownBuiltinError."""
        found = self.entries.get(name, [])
        if not found:
            match = close_match(name, self.entries)
            known = "`statepipe functions` lists them"
            advice = f"did you mean {match!r}? {known}" if match else known
            raise UnknownBuiltinError(f"there is no builtin function {name!r}", advice)
        if len(found) > 1:
            origins = " and ".join(map(origin_of, found))
            raise UnknownBuiltinError(
                f"two builtin functions are called {name!r}: in {origins}", "uninstall one of them"
            )
        return loaded(found[0])


def origin_of(entry: standard.metadata.EntryPoint) -> str:
    """Return whose an entry is, in words."""
    package = entry.dist.name if entry.dist is not None else "statepipe"
    return f"{package} ({entry.value})"


def loaded(entry: standard.metadata.EntryPoint) -> Builtin:  # type: ignore[type-arg]  # of any parameters
    """Return the builtin behind an entry. Raises UnknownBuiltinError."""
    try:
        found = entry.load()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise UnknownBuiltinError(
            f"builtin function {entry.name!r} of {origin_of(entry)} cannot be loaded: {reason}"
        ) from error
    if not isinstance(found, Builtin) or found.name != entry.name:
        what = f"called {found.name!r}" if isinstance(found, Builtin) else "no Builtin"
        raise UnknownBuiltinError(
            f"builtin function {entry.name!r} of {origin_of(entry)} is {what}",
            "the entry point must name a statepipe.functions.Builtin of the same name",
        )
    return found


def own_entries() -> Iterator[standard.metadata.EntryPoint]:
    for module, names in OWN.items():
        for name in names.split():
            value = f"{__package__}.{module}:{name.upper()}"
            yield standard.metadata.EntryPoint(name, value, GROUP)


def library() -> Library:
    """Return the library of this program as it stands: packages on `sys.path` included."""
    return library_on(tuple(sys.path))


@cache
def library_on(_path: tuple[str, ...]) -> Library:
    entries: dict[str, list[standard.metadata.EntryPoint]] = {}
    for entry in (*own_entries(), *standard.metadata.entry_points(group=GROUP)):
        entries.setdefault(entry.name, []).append(entry)
    return Library(entries)
