"""Keys of one mapping of a config: turned into the canonical ones, the unknown ones told."""

from __future__ import annotations

from dataclasses import replace

from statepipe.config.problems import Problems, suggestion
from statepipe.config.spellings import MEANT, Level
from statepipe.config.tree import Entry, MapNode, Scalar, is_broken


def canonical_keys(level: Level, node: MapNode, problems: Problems) -> MapNode:
    """Return `node` with the canonical keys of `level`; what does not fit is told and left out."""
    found: dict[str, Entry] = {}
    for entry in node.entries:
        key = level.keys.get(entry.key)
        if key is None:
            advice = MEANT.get((level.noun, entry.key)) or suggestion(entry.key, level.keys)
            problems.add(entry.at, f"unknown key '{entry.key}' in {level.noun}", advice)
        elif is_broken(entry.value):
            continue
        elif isinstance(entry.value, Scalar) and entry.value.value is None:
            problems.add(entry.at, f"'{entry.key}' has no value", "give one, or leave the key out")
        elif key in found:
            add_double(found[key].written, entry, problems)
        else:
            found[key] = replace(entry, key=key)
    return replace(node, entries=tuple(found.values()))


def add_double(first: str, entry: Entry, problems: Problems) -> None:
    """Add the problem of an entry that means the same as the one written as `first`."""
    message = f"'{entry.written}' says the same thing as '{first}' beside it"
    problems.add(entry.at, message, "keep one of them")
