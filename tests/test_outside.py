"""Time and chance come through the ports: nothing else in the package asks the machine for them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import statepipe

PACKAGE = Path(statepipe.__file__).parent

READS = {
    "time": {
        *("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"),
        *("localtime", "gmtime", "ctime", "process_time", "process_time_ns", "thread_time"),
    },
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "random": {
        *("random", "randint", "randrange", "choice", "choices", "sample", "shuffle", "seed"),
        *("uniform", "gauss", "getrandbits", "randbytes", "SystemRandom"),
    },
    "uuid": {"uuid1", "uuid4"},
    "os": {"urandom", "getrandom", "times"},
    "secrets": {"token_bytes", "token_hex", "token_urlsafe", "randbelow", "choice", "SystemRandom"},
}

REASONS = {
    "connectors/filesystem.py": "the ports' own implementation: the machine's clock and chance",
    "cli/live.py": "draws the terminal anew; what it shows of time is in no output",
    "run/deadline.py": "ends code that runs in real time, whatever the clock of a test says",
    "interruption.py": "whether a signal is a second press; no record knows of it",
    "run/leaving.py": "how long code that is told to end may clean up",
    "run/nursery.py": "how long processes that end are waited for",
    "run/pool.py": "how long threads that end are waited for",
    "run/steps_due.py": "ends steps that run in real time, as run/deadline.py does",
    "run/working.py": "when a worker sends what it has; no result depends on it",
    "run/watchdog.py": "ends steps that run in real time, as run/deadline.py does",
    "run/workers.py": "ends a worker whose step is overdue in real time",
}
"""Where the machine may be asked, and why."""


def reads(tree: ast.AST) -> Iterator[int]:
    """Yield the lines where code asks the machine for the time or for chance."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            asked = READS.get(node.module or "", set())
            if any(alias.name in asked for alias in node.names):
                yield node.lineno
        elif isinstance(node, ast.Attribute):
            of = ast.unparse(node.value).rpartition(".")[2]
            if node.attr in READS.get(of, set()):
                yield node.lineno
        elif isinstance(node, ast.Call) and ast.unparse(node) in ("Random()", "random.Random()"):
            yield node.lineno


def found() -> dict[str, list[int]]:
    lines = {
        path.relative_to(PACKAGE).as_posix(): list(reads(ast.parse(path.read_text())))
        for path in PACKAGE.rglob("*.py")
    }
    return {name: numbers for name, numbers in lines.items() if numbers}


def test_only_these_places_ask_the_machine_for_time_or_chance() -> None:
    assert set(found()) == set(REASONS)


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("import time\ntime.time()", 1),
        ("from time import monotonic", 1),
        ("import datetime\ndatetime.datetime.now()", 1),
        ("from datetime import datetime\ndatetime.now(UTC)", 1),
        ("import random\nrandom.Random()", 1),
        ("import random\nrandom.Random(7)", 0),
        ("import os\nos.urandom(4)", 1),
        ("import uuid\nuuid.uuid4()", 1),
        ("import uuid\nuuid.UUID(int=4)", 0),
        ("view.now()", 0),
        ("time.sleep(1)", 0),
        ("datetime.fromtimestamp(0, UTC)", 0),
    ],
)
def test_what_asks_the_machine_is_found(code: str, count: int) -> None:
    assert len(list(reads(ast.parse(code)))) == count
