"""Keys of one mapping of a config: turned into the canonical ones, the unknown ones told."""

from __future__ import annotations

import re
from dataclasses import replace

from statepipe.config.problems import Problems, nearest, suggestion
from statepipe.config.spellings import DIRECTIVES, MEANT, Level
from statepipe.config.tree import Entry, MapNode, Scalar, is_broken


def canonical_keys(level: Level, node: MapNode, problems: Problems) -> MapNode:
    """Return `node` with the canonical keys of `level`; what does not fit is told and left out."""
    found: dict[str, Entry] = {}
    for entry in node.entries:
        key = level.keys.get(entry.key)
        if key is None:
            _tell_unknown(level, node, entry, problems)
        elif is_broken(entry.value):
            problems.note(node.at, key)
        elif isinstance(entry.value, Scalar) and entry.value.value is None:
            problems.add(entry.at, f"'{entry.key}' has no value", "give one, or leave the key out")
            problems.note(node.at, key)
        elif key in found:
            add_double(found[key].written, entry, problems)
        else:
            found[key] = replace(entry, key=key)
    return replace(node, entries=tuple(found.values()))


def _tell_unknown(level: Level, node: MapNode, entry: Entry, problems: Problems) -> None:
    meant: str | None = None
    if entry.key.startswith("$"):
        advice: str | None = suggestion(entry.key, DIRECTIVES)
        for key in level.keys.values():
            problems.note(node.at, key)  # it would have brought whatever is not there
    elif _is_rest_of_text(entry):
        advice = "a comma ends a text within {...}: put the text in quotes"
    elif (level.noun, entry.key) in MEANT:
        meant, advice = MEANT[level.noun, entry.key]
    else:
        meant, advice = nearest(entry.key, level.keys), suggestion(entry.key, level.keys)
    problems.add(entry.at, f"unknown key '{entry.key}' in {level.noun}", advice)
    if meant is not None:
        problems.note(node.at, level.keys[meant])


def _is_rest_of_text(entry: Entry) -> bool:
    """Tell whether an unknown key is likely what stood behind a comma of unquoted code."""
    has_value = not isinstance(entry.value, Scalar) or entry.value.value is not None
    return not has_value and re.fullmatch(r"\w+", entry.key) is None


def add_double(first: str, entry: Entry, problems: Problems) -> None:
    """Add the problem of an entry that means the same as the one written as `first`."""
    message = f"'{entry.written}' says the same thing as '{first}' beside it"
    problems.add(entry.at, message, "keep one of them")
