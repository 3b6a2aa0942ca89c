"""A small flow with its input, and ways to run the command on them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FLOW = """\
name: Shop
states:
  - name: input
    is_start: true
  - name: price
    transform: |
      lambda state: {
        **state.data,
        'total': state.data['price'] * state.data['quantity'],
      }
  - name: cheap
    is_end: true
  - name: dear
    is_end: true
arcs:
  - {from: input, to: price}
  - {from: price, to: cheap, condition: "state.data['total'] < 10"}
  - {from: price, to: dear}
"""

SLOW_FLOW = """\
name: Slow
states:
  - name: work
    is_start: true
    transform: |
      def slow(state):
          import time
          time.sleep(0.002)
          return state.data
  - name: done
    is_end: true
arcs:
  - {from: work, to: done}
"""

GOOD = [{"id": 1, "price": 2, "quantity": 3}, {"id": 2, "price": 9, "quantity": 9}]
BAD = [{"id": 3, "price": 5, "qunatity": 1}]

COMMAND = [sys.executable, "-m", "statepipe"]


def write_shop(folder: Path, records: list[Any] | None = None) -> None:
    """Write `flow.yaml` and `in.jsonl`; texts among the records are written as they are."""
    (folder / "flow.yaml").write_text(FLOW, encoding="utf-8")
    lines = [
        record if isinstance(record, str) else json.dumps(record)
        for record in (GOOD if records is None else records)
    ]
    (folder / "in.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def write_slow_flow(folder: Path, records: int = 100_000) -> None:
    """Write `slow.yaml`, two milliseconds a record, and `in.jsonl`."""
    (folder / "slow.yaml").write_text(SLOW_FLOW, encoding="utf-8")
    lines = (f'{{"id":{number}}}\n' for number in range(records))
    (folder / "in.jsonl").write_text("".join(lines), encoding="utf-8")


def environment(**changes: str) -> dict[str, str]:
    """Return the environment of a command: this one, without what changes how it looks."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "STATEPIPE_DEBUG")
    }
    return {**kept, **changes}


def default_signals() -> None:
    """Let a child hear signals that this process ignores, as one started by `nohup ... &` does."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def run_command(
    folder: Path, *arguments: str, stdin: str = "", **changes: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in `folder` as a process of its own, to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(**changes),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=default_signals,
    )


def start_command(folder: Path, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start the command in `folder`; `options` are those of Popen."""
    options.setdefault("preexec_fn", default_signals)
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def records_in(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def wait_until(holds: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Wait until `holds()`; fail if it never does."""
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)
