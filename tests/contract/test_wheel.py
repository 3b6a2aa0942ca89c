"""The wheel: it builds, and holds what a user's tools look for."""

from __future__ import annotations

import zipfile
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "statepipe"


def test_the_wheel_holds_the_package_and_says_that_it_is_typed(tmp_path: Path) -> None:
    [wheel] = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())

    data = {"py.typed", "cli/starter/flow.yaml", "cli/debug_app/app.tcss"}
    modules = {f"statepipe/{path.relative_to(PACKAGE)}" for path in PACKAGE.rglob("*.py")}
    assert modules | {f"statepipe/{name}" for name in data} <= held
    assert any(name.endswith("licenses/LICENSE") for name in held)
    assert not [name for name in held if name.startswith(("tests/", "bench/", "docs/"))]
