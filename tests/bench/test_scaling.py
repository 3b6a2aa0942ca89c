"""The gain of two bare processes."""

import pytest

from bench import scaling


def test_two_processes_that_only_wait_do_twice_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "LOOP", "import time; time.sleep(0.5)")
    monkeypatch.setattr(scaling, "TRIES", 1)

    assert 1.5 < scaling.two_process_gain() < 2.5
