from statepipe.connectors.filesystem import SystemClock, SystemRandomness
from statepipe.ports.clock import begin_run
from statepipe.record import Run
from statepipe.testing import CountingRandomness, ManualClock


def test_a_run_is_made_of_the_clock_and_of_chance_that_are_given() -> None:
    clock, randomness = ManualClock(7.5), CountingRandomness()
    first = begin_run(clock, randomness)
    clock.advance(1)

    assert first == Run("0" * 31 + "1", 7.5)
    assert begin_run(clock, randomness) == Run("0" * 31 + "2", 8.5)


def test_no_two_runs_of_this_machine_have_one_id() -> None:
    ids = {begin_run(SystemClock(), SystemRandomness()).id for _ in range(100)}

    assert len(ids) == 100
    assert set(map(len, ids)) == {32}
