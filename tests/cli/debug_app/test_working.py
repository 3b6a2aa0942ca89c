"""Tests of commands in a thread of their own."""

from __future__ import annotations

import threading
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from statepipe.cli.debug_app import working as module
from statepipe.cli.debug_app.working import Ended, Working
from statepipe.errors import UsageError
from tests.debugger.sessions import ORDERS, session_on


def told(ended: Queue[Ended]) -> Any:  # what Working calls
    return lambda _, each: ended.put(each)


def test_an_answer_and_a_mistake_are_told(tmp_path: Path) -> None:
    ended: Queue[Ended] = Queue()
    with session_on(ORDERS, tmp_path) as session:
        Working(session, "path", told(ended))
        answer = ended.get(timeout=20).answer
        Working(session, "brake", told(ended))
        error = ended.get(timeout=20).error

    assert answer is not None and str(answer.lines[0]) == "order"
    assert isinstance(error, UsageError)


def test_what_cannot_be_interrupted_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)
    ended: Queue[Ended] = Queue()
    go_on = threading.Event()
    config = {
        "states": [
            {"name": "a", "is_start": True, "transform": lambda _: go_on.wait(20) and None},
            {"name": "b", "is_end": True},
        ],
        "arcs": [{"from": "a", "to": "b"}],
    }
    with session_on(config, tmp_path) as session:
        working = Working(session, "step", told(ended))
        left = working.leave()
        go_on.set()

        assert not left
        assert isinstance(ended.get(timeout=20).error, KeyboardInterrupt)
        assert working.leave()
