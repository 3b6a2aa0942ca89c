"""What a type checker, and so an editor, knows of the builder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

GOOD = """\
from typing import Any
from statepipe import Machine, SimpleFSM, StateView

async def later(state: StateView) -> dict[str, Any]:
    return state.data

m = Machine("m", data_mode="copy", timeout_seconds=3, tests=[{"in": {}}])
a = m.start("a", transform=lambda s: {**s.data, "x": s["y"]}, retry={"max_attempts": 3})
b = m.end("b", transforms=[later, lambda d, c: d, "data", {"type": "inline", "code": "data"}])
a.to(b, when=lambda s: (s["x"] > 1, "why"), priority=1).to(b)
SimpleFSM(m)
"""
BAD = """\
m.state("c", transfrom=later)
m.state("c", transform=3)
a.to("b")
"""


def test_mistakes_are_found_by_a_type_checker(tmp_path: Path) -> None:
    (tmp_path / "orders.py").write_text(GOOD + BAD)

    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    first = GOOD.count("\n") + 1
    assert [int(line.split("orders.py:")[1].split(":")[0]) for line in errors] == [
        first + number for number in range(3)
    ], done.stdout
    assert 'did you mean "transform"' in errors[0]
