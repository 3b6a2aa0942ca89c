"""Resources of a config: which may be opened by whom, where their files are, who names them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from statepipe.config.files import lies_in
from statepipe.config.load import LoadedConfig
from statepipe.config.problems import suggestion
from statepipe.config.resource_config import (
    CacheConfig,
    FilesystemConfig,
    HttpConfig,
    ResourceConfig,
    SqlConfig,
)
from statepipe.config.tree import Path
from statepipe.errors import Problem
from statepipe.functions.trust import TRUST_ADVICE
from statepipe.graph.model import DeclaredResource


def declared_resources(loaded: LoadedConfig) -> tuple[DeclaredResource, ...]:
    """Return the resources of a config, with the paths of their files as the process knows them."""
    return tuple(
        DeclaredResource(
            config,
            loaded.node("resources", index).at.place,
            path_of(config, loaded.folder),
        )
        for index, config in enumerate(loaded.model.resources)
    )


def path_of(config: ResourceConfig, folder: str) -> str | None:
    if isinstance(config, FilesystemConfig | SqlConfig) and config.path is not None:
        return config.path if folder == "." else os.path.join(folder, config.path)
    return None


@dataclass(frozen=True, slots=True)
class Rows:
    """Which resources can be asked for the row of a key: `declared`, and those that are `given`.

    None of `declared` if nothing is known of it, because what declares it is wrong.
    """

    declared: Mapping[str, ResourceConfig] | None = None
    given: frozenset[str] = frozenset()

    def fault(self, name: str) -> tuple[str, str] | None:
        """Return why a resource gives no rows, and what to do; None if it does."""
        if self.declared is None or name in self.given:
            return None
        match self.declared.get(name):
            case None:
                known = sorted({*self.declared, *self.given})
                advice = suggestion(name, known) or "declare it under the top key 'resources'"
                return f"there is no resource {name!r}", advice
            case SqlConfig(lookup=None):
                advice = "add to it  lookup: select ... where ... = :key"
                return f"{name!r} has no statement to look rows up with", advice
            case FilesystemConfig() | HttpConfig():
                return f"{name!r} has no rows", "name one that is sql, cache or custom"
            case _:
                return None


def rows_of(loaded: LoadedConfig, given: Collection[str]) -> Rows:
    """Return what can be asked for rows in a config, beside what the program gives."""
    if are_told(loaded):
        return Rows()
    return Rows({each.name: each for each in loaded.model.resources}, frozenset(given))


def are_told(loaded: LoadedConfig) -> bool:
    """Tell whether the resources have problems of their own, so that some may be left out."""
    return any(problem.place.keys.startswith("resources") for problem in loaded.problems)


def resource_problems(
    loaded: LoadedConfig, given: Collection[str], *, trusted: bool
) -> Iterator[Problem]:
    """Yield what an untrusted config may not open, and the names that mean no resource.

    `given` are the names of those that the program gives.
    """
    if not trusted:
        for index, config in enumerate(loaded.model.resources):
            yield from _refusals(loaded, config, ("resources", index))
    known = {*(config.name for config in loaded.model.resources), *given}
    for path, names in () if are_told(loaded) else _uses(loaded):
        for number, name in enumerate(names):
            at = loaded.node(*path, number).at
            if name not in known:
                advice = suggestion(name, known) or "declare it under the top key 'resources'"
                yield Problem(at.place, f"unknown resource '{name}'", advice, at.span)
            elif name in names[:number]:
                yield Problem(at.place, f"'{name}' is named twice", "remove one", at.span)


def _refusals(loaded: LoadedConfig, config: ResourceConfig, path: Path) -> Iterator[Problem]:
    match config:
        case CacheConfig():
            return
        case FilesystemConfig(writable=True):
            place = loaded.node(*path, "writable").at.place
            message = "a folder of an untrusted config can only be read"
            yield Problem(place, message, f"remove 'writable', or {TRUST_ADVICE}")
        case FilesystemConfig():
            if not lies_below(config.path, loaded.folder):
                place = loaded.node(*path, "path").at.place
                message = "a folder of an untrusted config must lie in the config's own or below"
                yield Problem(place, message, TRUST_ADVICE)
        case _:
            place = loaded.node(*path, "provider").at.place
            message = f"the provider '{config.provider}' is not allowed in an untrusted config"
            yield Problem(place, message, TRUST_ADVICE)


def lies_below(path: str, folder: str) -> bool:
    """Tell whether a relative `path` leads nowhere but down from `folder`, links resolved."""
    pure = PurePath(path)
    if pure.is_absolute() or ".." in pure.parts or "\0" in path:
        return False
    return lies_in(os.path.join(folder, path), folder)


def _uses(loaded: LoadedConfig) -> Iterator[tuple[Path, tuple[str, ...]]]:
    for number, network in enumerate(loaded.model.networks):
        within: Path = ("networks", number)
        for index, state in enumerate(network.states):
            if state.resources:
                yield (*within, "states", index, "resources"), state.resources
        for index, arc in enumerate(network.arcs):
            if arc.resources:
                yield (*within, "arcs", index, "resources"), arc.resources
