"""Replaying: what becomes of dead letters that fail again, told apart and written anew."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace

from statepipe.errors import RecordError, SourceError
from statepipe.letters.envelope import Kept
from statepipe.letters.letter import DeadLetter, NoLetterError, Obstacle, letter_in, shown_record
from statepipe.ports.byte_sink import ByteSink
from statepipe.run.chunk import Failure
from statepipe.run.dead_letters import DeadLetters, Sender
from statepipe.run.outlets import LateOutlet

_VARYING = re.compile(r"0x[0-9a-fA-F]+|\d+")


def cause(error: RecordError) -> tuple[object, ...]:
    """Return what two errors have in common that are the same to people.

    Numbers in a message do not count: addresses, times and positions change from run to run.
    """
    return error.error_type, error.state, error.role, _VARYING.sub("#", error.message)


@dataclass(slots=True)
class Tally:
    """What became of the letters that are not fixed. `unchanged` of them failed in a config that
    is the one they had failed in before; `obstacles` are those that could not be run at all.
    """

    same: int = 0
    new: int = 0
    unchanged: int = 0
    obstacles: Counter[Obstacle] = field(default_factory=Counter)

    def add(self, before: DeadLetter, after: DeadLetter) -> None:
        """Count a letter that failed again."""
        if (before.machine, *cause(before.error)) == (after.machine, *cause(after.error)):
            self.same += 1
        else:
            self.new += 1
        known = (after.machine, after.config_hash)
        self.unchanged += (before.machine, before.config_hash) == known


class ReplayedLetters(DeadLetters):
    """Writes what is not fixed to a new file: what failed again as a letter with one attempt
    more, what cannot be run as the very line that it was.

    `always` makes the file even if it stays empty.
    """

    def __init__(
        self, sink: ByteSink, sender: Sender, outlet: LateOutlet, tally: Tally, *, always: bool
    ) -> None:
        super().__init__(sink, sender, outlet)
        self._tally = tally
        self._always = always

    async def commit(self) -> None:
        if self._always and not self._is_open:
            await self._put(b"")
        await super().commit()

    def _line(self, failure: Failure) -> bytes:
        line = whole_line(failure, self._sender)
        try:
            before = letter_in(line)
        except NoLetterError:
            return self._kept_as_it_is(failure, line, Obstacle.NO_LETTER)
        failure.error.position = before.error.position
        obstacle = before.obstacle(self._sender.names)
        if obstacle is not None:
            return self._kept_as_it_is(failure, line, obstacle)
        after = failed_again(before, failure, self._sender)
        self._tally.add(before, after)
        return after.to_line()

    def _kept_as_it_is(self, failure: Failure, line: bytes, obstacle: Obstacle) -> bytes:
        """Count a line that cannot be run. Its error is none of a record's: it says so."""
        failure.error.role, failure.error.error_type = "replay", "NotReplayable"
        self._tally.obstacles[obstacle] += 1
        return line + b"\n"


def whole_line(failure: Failure, sender: Sender) -> bytes:
    """Return the line that a failed letter was; SourceError if it was too long to be kept."""
    if failure.kept is not Kept.WHOLE or failure.original is None:
        raise SourceError(f"{sender.source}, line {failure.line}: {failure.error.message}")
    return failure.original


def failed_again(before: DeadLetter, failure: Failure, sender: Sender) -> DeadLetter:
    """Return the letter of a record that failed once more: where it came from stays."""
    machine, config_hash = sender.machines[failure.stage]
    return replace(
        before,
        error=failure.error,
        machine=machine,
        config_hash=config_hash,
        attempts=before.attempts + failure.retries + 1,
        record=shown_record(failure.error),
    )
