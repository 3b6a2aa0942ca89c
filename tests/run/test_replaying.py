"""Tests of what becomes of dead letters that fail again."""

from __future__ import annotations

import pytest

from statepipe.errors import RecordError, SourceError
from statepipe.letters.envelope import Kept
from statepipe.letters.letter import Obstacle, letter_in
from statepipe.record import Position
from statepipe.run.bell import ThreadBell
from statepipe.run.blocking_driver import run_blocking
from statepipe.run.chunk import Failure
from statepipe.run.dead_letters import Sender
from statepipe.run.outlets import ByteOutlet
from statepipe.run.replaying import ReplayedLetters, Tally
from tests.letters.samples import letter
from tests.run.sinks import PaperSink

SENDER = Sender("out.dead.jsonl", (("Shop", "new hash"),), lambda: None)


def failure(line: bytes, message: str = "KeyError: 'price'", **facts: object) -> Failure:
    error = RecordError(
        message,
        role="transform",
        error_type="KeyError",
        state=str(facts.pop("state", "enrich")),
        position=Position(0, 0, 1),
        record={"id": 1},
    )
    return Failure(error, 0, 0, 1, line.rstrip(b"\n"), **facts)  # type: ignore[arg-type]


def new(sink: PaperSink, tally: Tally, *, always: bool) -> ReplayedLetters:
    return ReplayedLetters(sink, SENDER, ByteOutlet(sink, ThreadBell()), tally, always=always)


def written(*failures: Failure, always: bool = False) -> tuple[list[bytes], Tally]:
    sink, tally = PaperSink(), Tally()
    letters = new(sink, tally, always=always)
    if failures:
        run_blocking(letters.write(list(failures)))
    run_blocking(letters.commit())
    return sink.text.splitlines(keepends=True), tally


def test_a_letter_that_fails_again_keeps_where_it_came_from() -> None:
    before = letter(b"\xff", attempts=3)

    lines, tally = written(failure(before.to_line(), retries=2))
    after = letter_in(lines[0])

    assert (after.original, after.source, after.error.position) == (
        b"\xff",
        "in.jsonl",
        Position(41, 900, 43),
    )
    assert (after.attempts, after.config_hash, after.record) == (6, "new hash", "{'id': 1}")
    assert (tally.same, tally.new, tally.unchanged) == (1, 0, 0)


@pytest.mark.parametrize(
    ("message", "state", "same"),
    [
        ("KeyError: 'price'", "enrich", True),
        ("KeyError: 'cost'", "enrich", False),
        ("KeyError: 'price'", "other", False),
    ],
)
def test_the_same_error_is_the_same_type_state_role_and_message(
    message: str, state: str, same: bool
) -> None:
    _, tally = written(failure(letter().to_line(), message, state=state))

    assert (tally.same, tally.new) == (int(same), int(not same))


def test_numbers_in_a_message_make_no_new_error() -> None:
    before = letter(message="<Thing at 0x7f0a> is 5 s late")

    _, tally = written(failure(before.to_line(), "<Thing at 0x11ff> is 17 s late"))

    assert tally.same == 1


def test_a_config_that_is_the_one_before_is_counted() -> None:
    _, tally = written(failure(letter(config_hash="new hash").to_line()))

    assert tally.unchanged == 1


def test_what_cannot_be_run_is_kept_byte_by_byte() -> None:
    others = [
        b'{"torn',
        letter(machines=("Mill",)).to_line(),
        letter(kept=Kept.HEAD).to_line(),
        letter().to_line().replace(b'"version":1', b'"version": 99'),
    ]
    failures = [failure(line) for line in others]

    lines, tally = written(*failures)

    assert [line.rstrip(b"\n") for line in lines] == [line.rstrip(b"\n") for line in others]
    assert tally.obstacles == {
        Obstacle.NO_LETTER: 2,
        Obstacle.OTHER_MACHINE: 1,
        Obstacle.HEAD: 1,
    }
    assert {failed.error.role for failed in failures} == {"replay"}
    assert failures[1].error.position == Position(41, 900, 43)


def test_a_line_that_is_not_there_in_whole_ends_the_replay() -> None:
    with pytest.raises(SourceError, match=r"out\.dead\.jsonl, line 1: too long"):
        written(failure(b"{", "too long", kept=Kept.HEAD))


def test_in_place_the_file_is_made_even_if_all_is_fixed() -> None:
    sink = PaperSink()
    run_blocking(new(sink, Tally(), always=True).commit())
    other = PaperSink()
    run_blocking(new(other, Tally(), always=False).commit())

    assert (sink.events, sink.text) == (["open", "commit"], b"")
    assert other.events == []
