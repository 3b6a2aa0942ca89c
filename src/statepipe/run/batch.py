"""Batch: the records of one chunk on their way through the stages, and what became of the rest."""

from __future__ import annotations

from itertools import compress

from statepipe.codegen.engine import RunChunk
from statepipe.errors import RecordError
from statepipe.ports import Encoder, UnwritableError
from statepipe.record import Record
from statepipe.run.chunk import ByteChunk, ChunkResult, Failure, Output, RecordChunk
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
        self.done: RunChunk | None = None

    def add_malformed(self, number: int, reason: str) -> None:
        self.malformed += 1
        self._add_failure(number, malformed_error(reason))

    def take(self, done: RunChunk) -> None:
        """Take what an engine made of the records, and note which failed."""
        self.done = done
        for position, error in done.errors.items():
            self._fail(position, error)

    def hand_on(self, passing: frozenset[str], stage: str, relay: Relay) -> None:
        """Make the records at `passing` end states those of the next stage, through JSON."""
        done = self._run()
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
                self._fail(position, unwritable_error(done, position, error))
                continue
            numbers.append(self._number(position))
        self.records, self.numbers, self.done = relay.decoder.decode(texts), numbers, None

    def finish(self, exits: Exits) -> ChunkResult:
        """Encode for every sink, and add up."""
        done = self._run()
        self.ended.update(exits.count(done.ends))
        outputs: list[Output] = []
        written: list[int] = []
        for number, slot in enumerate(exits.slots):
            output, count = self._output(exits, number, slot)
            outputs.append(output)
            written.append(count)
        self.failures.sort(key=lambda failure: failure.index)
        total = len(self.chunk) if self.items is None else len(self.items)
        result = ChunkResult(total, self.ended, outputs, written, self.failures, self.malformed)
        if isinstance(self.chunk, ByteChunk):
            result.size, result.lines = self.chunk.size, len(self.chunk)
        return result

    def _output(self, exits: Exits, number: int, slot: Slot) -> tuple[Output, int]:
        done = self._run()
        records = done.records
        if exits.sole != number or done.errors:
            records = list(compress(records, exits.mask(number, done.ends)))
        if slot.encoder is None:
            return records, len(records)
        try:
            return slot.encoder.encode(records), len(records)
        except (UnwritableError, TypeError, ValueError, RecursionError):
            return self._encode_each(exits, number, slot, slot.encoder)

    def _encode_each(
        self, exits: Exits, number: int, slot: Slot, encoder: Encoder
    ) -> tuple[bytes, int]:
        """Encode record by record, so that one that cannot be written fails alone."""
        done = self._run()
        encoded: list[bytes] = []
        for position in exits.positions(number, done.ends):
            try:
                encoded.append(encoder.encode_one(done.records[position]))
            except UnwritableError as error:
                self.ended[done.leaf_state(position)] -= 1
                self._fail(position, unwritable_error(done, position, error))
        return slot.framing.between.join(encoded), len(encoded)

    def _run(self) -> RunChunk:
        assert self.done is not None
        return self.done

    def _number(self, position: int) -> int:
        return position if self.numbers is None else self.numbers[position]

    def _fail(self, position: int, error: RecordError) -> None:
        self._add_failure(self._number(position), error)

    def _add_failure(self, number: int, error: RecordError) -> None:
        item = number if self.items is None else self.items[number]
        self.failures.append(failure_of(self.chunk, number, item, error))


def unwritable_error(done: RunChunk, position: int, error: UnwritableError) -> RecordError:
    """Return the error of a record that reached its end state and cannot be written there."""
    path = done.path(position)
    return RecordError(
        str(error),
        role="write",
        error_type="UnwritableError",
        state=path[-1],
        path=path,
        record=done.records[position],
        hint="convert the value in a transform",
    )
