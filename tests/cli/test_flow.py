"""Tests of finding and loading a flow."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from statepipe.cli.flow import admit_modules, load_flow
from statepipe.errors import UsageError
from tests.cli.shop import write_shop


def test_a_flow_is_loaded_with_its_machine_and_engine(tmp_path: Path) -> None:
    write_shop(tmp_path)

    flow = load_flow(str(tmp_path / "flow.yaml"), trust=False)

    assert flow.machine.name == "Shop"
    assert flow.engine.end_states == ("cheap", "dear")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("flwo.yaml", "there is no flow {}/flwo.yaml; did you mean 'flow.yaml'?"),
        ("in.jsonl.yaml", "there is no flow {}/in.jsonl.yaml"),
        ("sub/flow.yaml", "there is no flow {0}/sub/flow.yaml: there is no folder {0}/sub either"),
        ("", "{0}/ is a folder; a flow is a {1} file; did you mean '{0}/flow.yaml'?"),
    ],
)
def test_a_flow_that_is_not_there_is_a_mistake(tmp_path: Path, name: str, message: str) -> None:
    write_shop(tmp_path)

    with pytest.raises(UsageError) as caught:
        load_flow(f"{tmp_path}/{name}", trust=False)

    assert str(caught.value) == message.format(tmp_path, ".yaml, .yml or .json")


def test_only_a_trusted_flow_can_import_what_stands_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))

    admit_modules(str(tmp_path / "flow.yaml"), trust=False)
    before = list(sys.path)
    admit_modules(str(tmp_path / "flow.yaml"), trust=True)
    admit_modules(str(tmp_path / "flow.yaml"), trust=True)

    assert str(tmp_path) not in before
    assert sys.path == [str(tmp_path), *before]
