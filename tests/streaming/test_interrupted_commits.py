"""Tests of Ctrl-C in the midst of a commit: what the next run goes on from is never wrong.

(Here it is raised at any line, as a handler of the program's own may raise it. What becomes of
Python's own Ctrl-C is tested in `test_interrupts.py`.)
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import statepipe
from statepipe.testing import SimulatedDisk
from tests.streaming.crashes import Scenario, scenario_of

RUN = Path(statepipe.__file__).parent / "run"
FILES = {str(RUN / name) for name in ("committing.py", "safekeeping.py", "durable_outlet.py")}
EVERY = 3


class Interrupt:
    """Raises KeyboardInterrupt before the `number`th line that the driver runs of `FILES`."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.lines = 0
        self.place: str | None = None

    def trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename not in FILES:
            return None
        if event == "line":
            self.lines += 1
            if self.lines == self.number:
                self.place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                raise KeyboardInterrupt
        return self.trace


def run_until(interrupt: Interrupt, scenario: Scenario, disk: SimulatedDisk) -> bool:
    """Run; return whether the interrupt ended it. How often a run waits is not always the same."""
    before = sys.gettrace()
    sys.settrace(interrupt.trace)
    try:
        scenario.run(disk)
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_an_interrupt_at_any_line_of_a_commit_changes_nothing(tmp_path: Path) -> None:
    scenario, counting = scenario_of(tmp_path), Interrupt(0)
    run_until(counting, scenario, scenario.begun())
    places = set()
    for number in range(1, counting.lines, EVERY):
        disk, interrupt = scenario.begun(number), Interrupt(number)
        assert run_until(interrupt, scenario, disk) == (interrupt.place is not None)
        places.add(interrupt.place)
        left = disk.after_power_loss(number)
        scenario.check_names(left)
        try:
            scenario.check_end(left)
        except Exception as error:
            error.add_note(f"after an interrupt at line number {number}, {interrupt.place}")
            raise
    print(f"{counting.lines // EVERY} interrupts at {len(places)} places")

    assert len(places) > 40
