"""Dead letters: what is written down of every record that failed, so that none is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from statepipe.letters.letter import DeadLetter, shown_record
from statepipe.ports.byte_sink import ByteSink
from statepipe.run.chunk import Failure
from statepipe.run.outlets import LateOutlet

SourceFormat: TypeAlias = Mapping[str, Any]  # JSON
"""What it takes to decode a record of the source again; as `letters.envelope` has it."""


@dataclass(frozen=True, slots=True)
class Sender:
    """What the dead letters of a stream have in common.

    `machines` are the name and the config's hash of each stage. `format` is asked when the first
    letter is written: the columns of a CSV file are not known before it is open.
    """

    source: str
    machines: tuple[tuple[str, str], ...]
    format: Callable[[], SourceFormat | None]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.machines)


def dead_letter(failure: Failure, sender: Sender) -> DeadLetter:
    """Return what is written down of a failure, whose error knows its position by now."""
    machine, config_hash = sender.machines[failure.stage]
    return DeadLetter(
        failure.error,
        failure.original,
        sender.source,
        sender.format(),
        machine,
        sender.names,
        config_hash,
        failure.retries + 1,
        failure.kept,
        shown_record(failure.error),
    )


class DeadLetters:
    """Writes dead letters to a sink that is made when the first one comes.

    `outlet` leads to it; `begun` if an earlier run has made it. `path` is where it will stand,
    None while there is no letter.
    """

    def __init__(
        self, sink: ByteSink, sender: Sender, outlet: LateOutlet, *, begun: bool = False
    ) -> None:
        self.path: str | None = sink.name if begun else None
        self._sink = sink
        self._sender = sender
        self._outlet = outlet
        self._begun = begun
        self.taken_bytes = 0
        self._is_open = False

    def prepare(self) -> None:
        """Raise SinkError if the file could not be made, before anything is read.

        One that an earlier run has made is opened.
        """
        if self._begun:
            self._open()
        else:
            self._outlet.try_out()

    @property
    def written_bytes(self) -> int:
        return self._outlet.written_bytes

    async def write(self, failures: list[Failure]) -> None:
        """Write down the failures of a chunk, in order."""
        await self._put(b"".join(map(self._line, failures)))

    def _line(self, failure: Failure) -> bytes:
        return dead_letter(failure, self._sender).to_line()

    async def _put(self, lines: bytes) -> None:
        if not self._is_open:
            self._open()
        await self._outlet.write(lines)
        self.taken_bytes += len(lines)

    async def flush(self) -> None:
        await self._outlet.flush()

    def _open(self) -> None:
        self._outlet.open()
        self._is_open = True
        self.path = self._sink.name

    async def commit(self) -> None:
        await self._outlet.commit()

    async def abort(self) -> None:
        await self._outlet.abort()
