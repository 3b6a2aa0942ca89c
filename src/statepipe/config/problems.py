"""Problems: what is wrong with a config, collected, with suggestions, in the order of the file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from statepipe.config.tree import Node, Spot, walk
from statepipe.errors import ConfigError, Place, Problem


@dataclass(slots=True)
class Problems:
    """A growing list of problems, and the keys of mappings that they speak of."""

    found: list[Problem] = field(default_factory=list)
    meant: set[tuple[Place, str]] = field(default_factory=set)

    def add(self, at: Spot, message: str, advice: str | None = None) -> None:
        self.found.append(Problem(at.place, message, advice, at.span))

    def note(self, mapping: Spot, key: str) -> None:
        """Remember that the canonical `key` of a mapping was meant: it is not missing, too."""
        self.meant.add((mapping.place, key))

    def is_noted(self, mapping: Spot, key: str) -> bool:
        return (mapping.place, key) in self.meant


def failure(at: Spot, message: str, advice: str | None = None) -> ConfigError:
    """Return the error for a problem after which nothing more can be read."""
    return ConfigError([Problem(at.place, message, advice, at.span)])


def suggestion(word: str, known: Iterable[str]) -> str | None:
    """Return advice for an unknown `word`: the nearest of `known`, or all of them."""
    names = sorted(set(known))
    near = nearest(word, names)
    if near is not None:
        return f"did you mean {near!r}?"
    return f"known here: {', '.join(names)}" if names else None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the one of `known` that `word` is most likely a misspelling of."""
    near = difflib.get_close_matches(word, sorted(set(known)), n=1, cutoff=0.6)
    return near[0] if near else None


def written_order(root: Node) -> Mapping[str, int]:
    """Return for the keys of each node below `root` its rank in the order of writing."""
    ranks: dict[str, int] = {}
    for node in walk(root):
        ranks.setdefault(node.at.place.keys, len(ranks))
    return ranks


def in_order(problems: Iterable[Problem], ranks: Mapping[str, int]) -> list[Problem]:
    """Return `problems` without repeats, by place: file by file, or as the dict is written."""
    unique: dict[tuple[str, str], Problem] = {}
    for problem in map(_without_secrets, problems):
        unique.setdefault((_point(problem.place), problem.message), problem)
    files = list(dict.fromkeys(problem.place.file for problem in unique.values()))
    return sorted(unique.values(), key=lambda problem: _rank(problem.place, files, ranks))


def _without_secrets(problem: Problem) -> Problem:
    """Return the problem without the text around it where that may hold secrets: in resources."""
    is_private = problem.place.keys.startswith("resources")
    return replace(problem, span=None) if is_private and problem.span else problem


def _point(place: Place) -> str:
    return str(place) if place.file else f"{place.keys}:{place.line}:{place.column}"


def _rank(
    place: Place, files: list[str | None], ranks: Mapping[str, int]
) -> tuple[int, int, int, int]:
    line, column = place.line or 0, place.column or 0
    if place.file is not None:
        return files.index(place.file), line, column, 0
    return files.index(None), ranks.get(place.keys, len(ranks)), line, column
