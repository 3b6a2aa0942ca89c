"""Fixtures: a behaviour is tested on every engine; `run` gives what became of one record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.behaviour import own
from tests.behaviour.engines import EVERY, IN_MEMORY, OF_FILES, Config, Engine, Seen

Run: TypeAlias = Callable[[Config, Any], Seen]


@pytest.fixture(autouse=True)
def forgotten() -> None:
    own.told.clear()


def bound(engine: Engine, folder: Path) -> Run:
    return lambda config, record: engine.run(config, record, folder)


@pytest.fixture(params=EVERY)
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    return bound(EVERY[request.param], tmp_path)


@pytest.fixture(params=IN_MEMORY)
def run_in_memory(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """As `run`, of the engines that are given the caller's own object."""
    return bound(IN_MEMORY[request.param], tmp_path)


@pytest.fixture(params=OF_FILES)
def run_of_file(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """As `run`, of the engines that read records from a file."""
    return bound(OF_FILES[request.param], tmp_path)
