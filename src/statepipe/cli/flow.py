"""Flows: the config that a command is given, found and loaded."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from statepipe.api.resources import resources_of
from statepipe.cli.words import did_you_mean
from statepipe.codegen.engine import Engine
from statepipe.config.load import load_config
from statepipe.connectors.filesystem import SystemClock
from statepipe.errors import UsageError
from statepipe.graph.build import build_machine
from statepipe.graph.model import Machine
from statepipe.plan.lower import lower
from statepipe.run.deadline import SystemTiming

SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Flow:
    """A config with what it means and the function that it became."""

    path: str
    machine: Machine
    engine: Engine


def load_flow(path: str, trust: bool) -> Flow:
    """Return the flow at `path`; raises UsageError or ConfigError."""
    check_path(path)
    admit_modules(path, trust)
    machine = build_machine(load_config(path), registered={}, trusted=trust)
    resources = resources_of(machine, {}, SystemClock())
    return Flow(path, machine, Engine(lower(machine, resources=resources), SystemTiming()))


def check_path(path: str) -> None:
    """Raise UsageError, with the nearest name, if there is no file at `path`."""
    if os.path.isdir(path):
        inside = [name for name in sorted(os.listdir(path)) if name.endswith(SUFFIXES)]
        hint = f"; did you mean {os.path.join(path, inside[0])!r}?" if len(inside) == 1 else ""
        raise UsageError(f"{path} is a folder; a flow is a .yaml, .yml or .json file{hint}")
    if os.path.exists(path):
        return
    folder, name = os.path.split(path)
    if not os.path.isdir(folder or "."):
        raise UsageError(f"there is no flow {path}: there is no folder {folder} either")
    names = [name for name in os.listdir(folder or ".") if name.endswith(SUFFIXES)]
    hint = did_you_mean(name, names)
    raise UsageError(f"there is no flow {path}{hint}")


def admit_modules(path: str, trust: bool) -> None:
    """Let a trusted flow import the modules beside it, as a Python script may."""
    folder = str(Path(path).resolve().parent)
    if trust and folder not in sys.path:
        sys.path.insert(0, folder)
