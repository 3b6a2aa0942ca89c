"""Config files: from a path to a tree, by suffix."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

from statepipe.config.json_tree import json_tree
from statepipe.config.problems import Problems, failure, suggestion
from statepipe.config.tree import Node, Spot
from statepipe.errors import ConfigError, Place


def _yaml_tree(text: str, file: str, keys: str, problems: Problems) -> Node:
    """Read YAML. Its parser is loaded here: who gives dicts and JSON does not need it."""
    module = importlib.import_module("statepipe.config.yaml_tree")
    tree: Node = module.yaml_tree(text, file, keys, problems)
    return tree


MISSING = "no such config file"

_READERS = {".yaml": _yaml_tree, ".yml": _yaml_tree, ".json": json_tree}


def file_tree(path: str, keys: str, problems: Problems) -> Node:
    """Return the tree of a config file, its keys below `keys`.

    Raises ConfigError for a file that is missing, is no UTF-8, or is broken YAML or JSON.
    """
    at = Spot(Place(keys=keys, file=path))
    suffix = Path(path).suffix.lower()
    reader = _READERS.get(suffix)
    if reader is None:
        advice = suggestion(suffix, _READERS) if suffix else None
        known = "a config file ends in .yaml, .yml or .json"
        raise failure(at, f"unknown suffix {suffix!r}: {known}", advice)
    return reader(_text(path, at), path, keys, problems)


def lies_in(path: str, folder: str) -> bool:
    """Tell whether `path` leads to something in `folder` or below, links resolved."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _text(path: str, at: Spot) -> str:
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise failure(at, MISSING, _missing_advice(path)) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise failure(at, f"the config file cannot be read: {reason}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(data, at, error) from error


def _missing_advice(path: str) -> str:
    if os.path.isabs(path):
        return "check the path"
    return "the path counts from the folder in which the program runs"


def _not_utf8(data: bytes, at: Spot, error: UnicodeDecodeError) -> ConfigError:
    before = data[: error.start].split(b"\n")
    column = len(before[-1].decode("utf-8", "replace")) + 1
    place = Place(at.place.keys, at.place.file, len(before), column)
    byte = data[error.start]
    return failure(Spot(place), f"the byte 0x{byte:02x} is not UTF-8", "save the file as UTF-8")
