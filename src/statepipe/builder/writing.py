"""Writing: a portable config as the text of a YAML or JSON file, and the file itself."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from statepipe.config.yaml_tree import resolvers
from statepipe.errors import SinkError, UsageError

Portable = Mapping[str, Any]  # JSON


BREAKS = frozenset("\x85\u2028\u2029")


class _Dumper(yaml.SafeDumper):
    """Quotes what the loader would take for something else than text; code stands in blocks."""

    def ignore_aliases(self, data: object) -> bool:
        return True


_Dumper.yaml_implicit_resolvers = resolvers()


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    if BREAKS.intersection(value):
        style = '"'  # PyYAML would write them as line ends, which read as spaces
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def as_yaml(config: Portable) -> str:
    """Return YAML that loads to `config`, keys in their order."""
    return yaml.dump(dict(config), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def as_json(config: Portable) -> str:
    """Return JSON that loads to `config`, keys in their order."""
    return json.dumps(config, indent=2, ensure_ascii=False) + "\n"


WRITERS: Mapping[str, Callable[[Portable], str]] = {
    ".yaml": as_yaml,
    ".yml": as_yaml,
    ".json": as_json,
}


def save(config: Portable, path: str | os.PathLike[str]) -> None:
    """Write a config file in the format of its suffix. What stood there stays until it is whole."""
    target = Path(os.path.realpath(path))
    writer = WRITERS.get(target.suffix.lower())
    if writer is None:
        raise UsageError(f"{target}: a config file ends in .yaml, .yml or .json")
    text = writer(config).encode()
    partial = target.with_name(f"{target.name}.partial")
    try:
        partial.write_bytes(text)
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise SinkError(f"cannot write {target}: {error.strerror}") from error
