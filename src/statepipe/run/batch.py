"""Batch: the records of one chunk on their way through the stages, and what became of the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress

from statepipe.codegen.engine import Engine, RunChunk
from statepipe.errors import RecordError
from statepipe.functions.moment import Moments
from statepipe.ports.formats import Malformed, UnwritableError
from statepipe.record import Record
from statepipe.run.chunk import Arrivals, ByteChunk, ChunkResult, Failure, Output, RecordChunk
from statepipe.run.deliveries import Poison
from statepipe.run.encoding import NOT_ENCODED, encode_each, unwritable_error
from statepipe.run.failures import failure_of, malformed_error
from statepipe.run.routing import Exits, Relay, Slot


class Batch:
    """Some of a chunk's records, as `records`.

    `numbers[k]` is the number in the chunk of `records[k]`, and `items[n]` the item that record
    number n came from: None where they are the same, which is the common case and costs nothing.
    """

    def __init__(
        self,
        chunk: ByteChunk | RecordChunk,
        records: list[Record],
        numbers: list[int] | None = None,
        items: list[int] | None = None,
    ) -> None:
        self.chunk = chunk
        self.records = records
        self.numbers = numbers
        self.items = items
        self.failures: list[Failure] = []
        self.malformed = 0
        self.ended: dict[str, int] = {}
        self.done: RunChunk
        self.stage = 0
        self.refused: set[int] = set()

    def positions(self) -> Callable[[], Sequence[int]]:
        """Return how to find the position in the source of each of the records as they are now."""
        chunk, numbers, items = self.chunk, self.numbers, self.items

        def found() -> Sequence[int]:
            positions = chunk.positions()
            if items is not None:
                positions = [positions[item] for item in items]
            return positions if numbers is None else [positions[number] for number in numbers]

        return found

    def add_malformed(self, number: int, reason: str) -> None:
        self.malformed += 1
        self._add_failure(number, malformed_error(reason))

    def add_poison(self, number: int, poison: Poison) -> None:
        """Note a record that is not run, because it ended every worker that ran it."""
        self._add_failure(number, poison.error, poison.deliveries - 1)
        self.failures[-1].stage = poison.stage

    def item_of(self, position: int) -> int:
        """Return the item that `records[position]` came from."""
        number = self._number(position)
        return number if self.items is None else self.items[number]

    def add_errors(self, retries: int) -> None:
        """Note which records failed in what an engine made of them, `done`, after `retries`."""
        for position, error in self.done.errors.items():
            self._fail(position, error, retries)

    def hand_on(self, passing: frozenset[str], stage: str, relay: Relay) -> None:
        """Make the records at `passing` end states those of the next stage, through JSON."""
        done = self.done
        numbers: list[int] = []
        texts: list[bytes] = []
        for position in range(len(done.records)):
            if not done.ends[position]:
                continue
            state = done.leaf_state(position)
            if state not in passing:
                name = f"{stage}:{state}"
                self.ended[name] = self.ended.get(name, 0) + 1
                continue
            try:
                texts.append(relay.encoder.encode_one(done.records[position]))
            except UnwritableError as error:
                self._refuse(position, error)
                continue
            numbers.append(self._number(position))
        self.stage += 1
        self._take_on(texts, numbers, relay)

    def _take_on(self, texts: list[bytes], numbers: list[int], relay: Relay) -> None:
        """Read the records of the next stage, as it would from a file."""
        try:
            self.records, self.numbers = relay.decoder.decode(texts), numbers
            return
        except ValueError:
            self.records, self.numbers = [], []
        for number, value in zip(numbers, relay.decoder.decode_each(texts), strict=True):
            assert value is not None
            if isinstance(value, Malformed):
                self.add_malformed(number, value.reason)
            else:
                self.records.append(value)
                self.numbers.append(number)

    def finish(self, exits: Exits) -> ChunkResult:
        """Encode for every sink, and add up."""
        self.ended.update(exits.count(self.done.ends))
        outputs: list[Output] = []
        written: list[int] = []
        arrivals: dict[int, Arrivals] = {}
        for number, slot in enumerate(exits.slots):
            output, count = self._output(exits, number, slot)
            outputs.append(output)
            written.append(count)
            if slot.late:
                arrivals[number] = self._arrivals(exits, number)
        self.failures.sort(key=lambda failure: failure.index)
        size, lines, end = 0, 0, None
        if isinstance(self.chunk, ByteChunk):
            size, lines, end = self.chunk.size, len(self.chunk.items), self.chunk.end
            total = lines
        else:
            total = len(self.chunk.records)
        if self.items is not None:  # some items were blank
            total = len(self.items)
        return ChunkResult(
            total,
            self.ended,
            outputs,
            written,
            self.failures,
            self.malformed,
            size,
            lines,
            arrivals,
            end,
        )

    def _output(self, exits: Exits, number: int, slot: Slot) -> tuple[Output, int]:
        done = self.done
        records = done.records
        if exits.sole != number or done.errors:
            records = list(compress(records, exits.mask(number, done.ends)))
        if slot.encoder is None:
            return records, len(records)
        try:
            return slot.encoder.encode(records), len(records)
        except NOT_ENCODED:
            encoded = encode_each(slot.encoder, slot.framing, records)
        positions = exits.positions(number, done.ends)
        for index, error in encoded.refused.items():
            self.ended[done.leaf_state(positions[index])] -= 1
            self._refuse(positions[index], error)
        return encoded.data, len(records) - len(encoded.refused)

    def _arrivals(self, exits: Exits, number: int) -> Arrivals:
        """Tell where the records came from that have just been encoded for sink `number`."""
        found = exits.positions(number, self.done.ends)
        positions = [position for position in found if position not in self.refused]
        numbers = list(map(self._number, positions))
        paths = list(map(self.done.path, positions))
        return Arrivals(self.chunk, self.items, numbers, paths, self.stage)

    def _number(self, position: int) -> int:
        return position if self.numbers is None else self.numbers[position]

    def _refuse(self, position: int, error: UnwritableError) -> None:
        """Fail a record that reached its end state and cannot be written there."""
        self.refused.add(position)
        path, record = self.done.path(position), self.done.records[position]
        self._fail(position, unwritable_error(path, record, error))

    def _fail(self, position: int, error: RecordError, retries: int = 0) -> None:
        self._add_failure(self._number(position), error, retries)

    def _add_failure(self, number: int, error: RecordError, retries: int = 0) -> None:
        item = number if self.items is None else self.items[number]
        failure = failure_of(self.chunk, number, item, error)
        failure.retries, failure.stage = retries, self.stage
        self.failures.append(failure)


@dataclass(frozen=True, slots=True)
class Job:
    """Records for an engine to run now: those of `batch` from position `at` on.

    In place of that, `concluded` is a chunk whose failed records are not run again.
    """

    engine: Engine
    records: list[Record]
    batch: Batch
    moments: Moments
    at: int = 0
    concluded: RunChunk | None = None
