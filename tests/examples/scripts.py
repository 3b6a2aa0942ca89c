"""Runs an example as its reader does: the script, in a process and a folder of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[2] / "examples"


def printed_by(name: str, out: Path) -> str:
    """Return what `python examples/NAME --out OUT` prints; it must neither fail nor complain."""
    command = [sys.executable, str(EXAMPLES / name), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=out.parent)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def command(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `statepipe ARGUMENTS`."""
    said = [sys.executable, "-m", "statepipe", *map(str, arguments)]
    return subprocess.run(said, capture_output=True, text=True, check=False, env=environment)


def records_in(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
