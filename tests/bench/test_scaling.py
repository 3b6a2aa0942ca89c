"""The gain of two bare processes."""

from pathlib import Path

import pytest

from bench import scaling


def test_the_gain_is_that_of_two_processes_over_one(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {1: [4.0, 3.0, 5.0], 2: [6.0, 4.0, 9.0]}
    monkeypatch.setattr(scaling, "run_once", lambda processes: seconds[processes].pop())

    assert scaling.two_process_gain() == 1.5


def test_as_many_processes_run_as_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    monkeypatch.setattr(scaling, "LOOP", f"open({str(told)!r}, 'a').write('done\\n')")

    assert scaling.run_once(3) > 0
    assert told.read_text() == "done\n" * 3
