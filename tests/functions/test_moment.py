"""What a run gives its records: the same again, and never the same twice."""

from __future__ import annotations

import re
import subprocess
import sys
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.functions.moment import (
    NO_PROMISE,
    Moment,
    Moments,
    NoRunError,
    moment_of,
    promised_again,
)
from statepipe.record import Run

RUN = Run("5f", 1_700_000_000.25)

IDS = ["a6b17911-c437-8ea1-8cc3-fd5b168a1fe0", "a3896bf9-f0ba-8f92-a2a6-754e07887e2e"]
DRAWN = [0.48257389595340283, 32]

runs = st.builds(Run, st.sampled_from(["5f", "60", ""]), st.just(0.0))
asked = st.tuples(runs, st.integers(0, 2), st.integers(0, 30), st.integers(0, 30))
"""Who asks: the run, the stage, the position, the step."""


def moment_at(
    run: Run = RUN, position: int = 40, stage: int = 0, index: int = 0, count: int = 1
) -> Moment:
    positions = [position + 100 * (at - index) for at in range(count)]
    return Moment(Moments(run, lambda: positions, stage), index)


def test_now_is_when_the_run_began_in_utc() -> None:
    moment = moment_at()

    assert moment.now() == datetime(2023, 11, 14, 22, 13, 20, 250_000, tzinfo=UTC)
    assert moment.now() is moment.now()


def test_an_id_is_a_uuid_of_version_8_as_text() -> None:
    ids = [moment_at(position=position).uuid(3) for position in range(50)]
    parsed = [uuid.UUID(text) for text in ids]

    assert ids == [str(each) for each in parsed]
    assert {(each.version, each.variant) for each in parsed} == {(8, uuid.RFC_4122)}
    assert {text[19] for text in ids} == set("89ab")


@given(st.lists(asked, min_size=2, max_size=20, unique=True), st.integers(1, 3))
def test_whoever_asks_and_however_often_no_id_is_given_twice(
    askers: list[tuple[Run, int, int, int]], calls: int
) -> None:
    given_ids = []
    for run, stage, position, step in askers:
        moment = moment_at(run, position, stage)
        given_ids += [moment.uuid(step) for _ in range(calls)]

    assert len(set(given_ids)) == len(askers) * calls


@given(st.lists(asked, min_size=2, max_size=10, unique=True))
def test_whoever_asks_has_chance_of_its_own(askers: list[tuple[Run, int, int, int]]) -> None:
    drawn = [
        moment_at(run, position, stage).rng(step).random() for run, stage, position, step in askers
    ]

    assert len(set(drawn)) == len(askers)


def test_the_index_in_a_chunk_changes_nothing() -> None:
    first, later = moment_at(index=0), moment_at(index=2, count=4)

    assert first.uuid(1) == later.uuid(1)
    assert first.rng(1).random() == later.rng(1).random()


def test_a_step_that_asks_again_goes_on_and_does_not_begin_anew() -> None:
    moment = moment_at()
    apart = [moment.rng(1).random(), moment.rng(2).random(), moment.rng(1).random()]
    alone = moment_at().rng(1)

    assert apart[0::2] == [alone.random(), alone.random()]


def test_the_values_are_the_same_in_every_process_and_in_every_version() -> None:
    """A resumed run may go on under another Python: what is written here is a promise."""
    moment = moment_at()
    rng = moment.rng(7)

    assert [moment.uuid(7), moment.uuid(7)] == IDS
    assert [rng.random(), rng.randint(1, 100)] == DRAWN


def test_hash_randomization_has_no_part_in_it() -> None:
    code = (
        "from statepipe.functions.moment import *; from statepipe.record import Run;"
        "m = Moment(Moments(Run('5f', 0.0), lambda: [40]), 0); print(m.uuid(7), m.rng(7).random())"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert printed == [IDS[0], str(DRAWN[0])]


def test_positions_are_looked_for_once_and_only_if_a_record_asks_for_what_needs_them() -> None:
    calls = []

    def positions() -> list[int]:
        calls.append(1)
        return [40, 50]

    moments = Moments(RUN, positions)
    Moment(moments, 0).now()
    before = len(calls)
    ids = [Moment(moments, index).uuid(7) for index in (0, 1, 0)]

    assert (before, len(calls)) == (0, 1)
    assert ids[0] == ids[2] == moment_at().uuid(7) != ids[1]


def test_a_record_that_is_run_again_alone_is_given_the_same() -> None:
    moments = Moments(RUN, lambda: [40, 50], stage=1)
    again = moments.only(1)

    assert Moment(moments, 1).uuid(7) == Moment(again, 0).uuid(7)
    assert again.now() == moments.now()


def test_a_promise_is_kept_once() -> None:
    promise = Moments(RUN, lambda: [40]).promise(0)
    first = moment_of(promise).uuid(7)

    assert first == IDS[0]
    assert moment_of(promise).uuid(7) == IDS[1]


@pytest.mark.parametrize("ask", ["now()", "uuid(1)", "rng(1)"])
def test_without_a_run_there_is_nothing_to_give(ask: str) -> None:
    message = "there is no run here to take `now`, `uuid` and `rng` from; a test can give one"
    with pytest.raises(NoRunError, match=re.escape(message)):
        eval(f"moment.{ask}", {"moment": moment_of(NO_PROMISE)})


def test_a_promise_that_is_given_again_goes_on_alone_from_where_it_was() -> None:
    promise = Moments(RUN, lambda: [40]).promise(0)
    first = (moment_of(promise).uuid(3), moment_of(promise).rng(3).random())
    again = promised_again(promise)
    values = [(moment_of(one).uuid(3), moment_of(one).rng(3).random()) for one in (promise, again)]

    assert values[0] == values[1] != first
    assert moment_of(promised_again(Moments(RUN, lambda: [40]).promise(0))).uuid(3) == first[0]
