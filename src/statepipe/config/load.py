"""Loading: a dict or a file becomes a checked model that knows where everything was written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from statepipe.config.files import file_tree
from statepipe.config.includes import Includes
from statepipe.config.model import MachineConfig
from statepipe.config.normalize import normalized, with_start_marked
from statepipe.config.problems import Problems, failure, in_order, written_order
from statepipe.config.python_tree import python_tree
from statepipe.config.structure import check_structure
from statepipe.config.tree import Node, Spot, find
from statepipe.config.validate import validated
from statepipe.config.values import expanded
from statepipe.errors import ConfigError, Place, Problem

Config: TypeAlias = Mapping[str, Any] | str | os.PathLike[str]


@dataclass(frozen=True, slots=True, eq=False)
class LoadedConfig:
    """A config as far as it could be read, and what is wrong with it.

    `problems` are those found so far, in written order. `graph.build` raises them together with
    those of the functions: a loaded config with problems is no config to run. `folder` is what
    the paths of attached files count from: the file's, or for a dict the one the program runs in.
    """

    model: MachineConfig
    tree: Node
    ranks: Mapping[str, int]
    from_file: bool
    folder: str = "."
    problems: tuple[Problem, ...] = ()

    def node(self, *path: str | int) -> Node:
        """Return what was written at a canonical path, as `("networks", 0, "states", 1)`.

        Where nothing was written (a default), the node around it.
        """
        return find(self.tree, path)

    def error(self, problems: list[Problem]) -> ConfigError:
        """Return the error that holds `problems` and those found before, in written order."""
        return ConfigError(in_order([*self.problems, *problems], self.ranks))


def load_config(config: Config, *, env: Mapping[str, str] | None = None) -> LoadedConfig:
    """Read a dict, or the path of a `.yaml`, `.yml` or `.json` file.

    Problems that leave something to check are kept in the result. ConfigError is raised where
    there is nothing left: a file that cannot be read, or a config without any usable network.
    `env` stands in for the environment, from which `${VAR}` takes its values.
    """
    problems = Problems()
    tree, from_file = _tree(config, problems)
    environment = os.environ if env is None else env
    root = os.fspath(config) if not isinstance(config, Mapping) else None
    tree = Includes(root, environment, problems).resolve(tree)
    ranks = written_order(tree)
    try:
        canonical = expanded(normalized(tree, problems), environment, problems)
        checked = validated(with_start_marked(canonical, problems), problems)
    except ConfigError as error:
        raise ConfigError(in_order(error.problems, ranks)) from error
    check_structure(checked, problems)
    found = tuple(in_order(problems.found, ranks))
    folder = os.path.dirname(root) if root is not None else ""
    return LoadedConfig(checked.model, checked.tree, ranks, from_file, folder or ".", found)


def _tree(config: Config, problems: Problems) -> tuple[Node, bool]:
    if isinstance(config, Mapping):
        return python_tree(config, problems), False
    if isinstance(config, str | os.PathLike):
        path = os.fspath(config)
        if isinstance(path, str):
            return file_tree(path, "", problems), True
    message = f"a config is a dict or the path of a file, not a {type(config).__name__}"
    raise failure(Spot(Place()), message)
