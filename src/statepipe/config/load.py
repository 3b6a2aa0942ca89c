"""Loading: a dict or a file becomes a checked model that knows where everything was written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from statepipe.config.built import BuiltConfig, Origins, told_where_built
from statepipe.config.cases import check_cases, with_cases
from statepipe.config.files import file_tree
from statepipe.config.includes import Includes
from statepipe.config.model import MachineConfig
from statepipe.config.normalize import normalized, with_start_marked
from statepipe.config.problems import Problems, failure, in_order, written_order
from statepipe.config.python_tree import NO_ORIGINS, python_tree
from statepipe.config.structure import check_structure
from statepipe.config.tree import Node, Spot, find
from statepipe.config.validate import validated
from statepipe.config.values import expanded
from statepipe.errors import ConfigError, Place, Problem, named_type

Config: TypeAlias = Mapping[str, Any] | str | os.PathLike[str] | BuiltConfig


@dataclass(frozen=True, slots=True, eq=False)
class LoadedConfig:
    """A config as far as it could be read, and what is wrong with it.

    `problems` are those found so far, in written order. `graph.build` raises them together with
    those of the functions: a loaded config with problems is no config to run. `folder` is what
    its relative paths begin in: that of the file, or for a dict the one the program runs in.
    """

    model: MachineConfig
    tree: Node
    ranks: Mapping[str, int]
    from_file: bool
    folder: str = "."
    problems: tuple[Problem, ...] = ()
    origins: Origins = field(default_factory=dict)

    def node(self, *path: str | int) -> Node:
        """Return what was written at a canonical path, as `("networks", 0, "states", 1)`.

        Where nothing was written (a default), the node around it.
        """
        return find(self.tree, path)

    def error(self, problems: list[Problem]) -> ConfigError:
        """Return the error that holds `problems` and those found before, in written order."""
        found = [told_where_built(problem, self.origins) for problem in problems]
        return ConfigError(in_order([*self.problems, *found], self.ranks))


def load_config(
    config: Config,
    *,
    env: Mapping[str, str] | None = None,
    tests: Sequence[str | os.PathLike[str]] = (),
) -> LoadedConfig:
    """Read a dict, a builder, or the path of a `.yaml`, `.yml` or `.json` file.

    Problems that leave something to check are kept in the result. ConfigError is raised where
    there is nothing left: a file that cannot be read, or a config without any usable network.
    `env` stands in for the environment, from which `${VAR}` takes its values. `tests` are files
    whose tests are put behind the config's own.
    """
    problems = Problems()
    environment = os.environ if env is None else env
    origins = config.origins() if isinstance(config, BuiltConfig) else NO_ORIGINS
    tree, root = _tree(config, origins, problems)
    tree = Includes(root, environment, problems).resolve(tree)
    tree = with_cases(tree, tests, environment, problems)
    ranks = written_order(tree)
    try:
        canonical = expanded(normalized(tree, problems), environment, problems)
        checked = validated(with_start_marked(canonical, problems), problems)
    except ConfigError as error:
        raise ConfigError(in_order(error.problems, ranks)) from error
    check_structure(checked, problems)
    if not checked.is_partial:
        check_cases(checked.model, checked.tree, problems)
    found = tuple(in_order(problems.found, ranks))
    folder = os.path.dirname(root) if root is not None else ""
    from_file = root is not None
    return LoadedConfig(
        checked.model, checked.tree, ranks, from_file, folder or ".", found, origins
    )


def _tree(config: Config, origins: Origins, problems: Problems) -> tuple[Node, str | None]:
    """Return the tree of a config, and the file that it was read from, if it was."""
    if isinstance(config, Mapping):
        return python_tree(config, problems), None
    if isinstance(config, BuiltConfig):
        return python_tree(config.config(), problems, origins), None
    if isinstance(config, str | os.PathLike):
        path = os.fspath(config)
        if isinstance(path, str):
            return file_tree(path, "", problems), path
    message = f"a config is a dict, a Machine or the path of a file, not {named_type(config)}"
    raise failure(Spot(Place()), message)
