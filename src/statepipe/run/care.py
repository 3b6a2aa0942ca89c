"""Care: how a chunk is run in which a record may end its worker: each record is told of first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial

from statepipe.codegen.engine import RunChunk, Tell
from statepipe.ports.formats import Malformed, UnwritableError
from statepipe.record import Record
from statepipe.run.batch import Batch, Job
from statepipe.run.deliveries import Poison
from statepipe.run.in_hand import InHand
from statepipe.run.routing import Exits, Relay

Read = Callable[[int], "Record | Malformed | None"]
"""Makes a record of an item."""


class Care:
    """Runs the steps of a chunk record by record, and tells `in_hand` which one is next.

    What is done for all records at once in `Batch` is tried for each alone before: what ends the
    process then ends it here, where it is known whose doing it is.
    """

    def __init__(
        self, in_hand: InHand, positions: Sequence[int], poison: Mapping[int, Poison]
    ) -> None:
        self._in_hand = in_hand
        self._positions = positions
        self._poison = poison

    def read(self, read: Read) -> Iterator[Record | Malformed | Poison | None]:
        """Yield for each item what `read` makes of it, and of poison nothing but that."""
        for item, position in enumerate(self._positions):
            poison = self._poison.get(position)
            if poison is not None:
                yield poison
            else:
                self._hold(item, 0, ())
                yield read(item)

    def run(self, job: Job) -> RunChunk:
        if job.concluded is not None:
            job.engine.conclude(job.concluded, self._tell(job))
            return job.concluded
        return job.engine.run_each(job.records, self._tell(job), job.moments)

    async def run_async(self, job: Job) -> RunChunk:
        if job.concluded is not None:
            await job.engine.conclude_async(job.concluded, 1, self._tell(job))
            return job.concluded
        return await job.engine.run_each_async(job.records, self._tell(job), job.moments)

    def try_relay(self, batch: Batch, passing: frozenset[str], relay: Relay) -> None:
        """Bring each record to the next stage once."""
        done = batch.done
        for position, end in enumerate(done.ends):
            if end and done.leaf_state(position) in passing:
                self._hold(batch.item_of(position), batch.stage, done.path(position))
                with suppress(UnwritableError):
                    relay.decoder.decode_each([relay.encoder.encode_one(done.records[position])])

    def try_outputs(self, batch: Batch, exits: Exits) -> None:
        """Encode each record once."""
        done = batch.done
        for position, end in enumerate(done.ends):
            slot = exits.slot_at(end)
            if slot is not None and slot.encoder is not None:
                self._hold(batch.item_of(position), batch.stage, done.path(position))
                with suppress(UnwritableError):
                    slot.encoder.encode_one(done.records[position])

    def _tell(self, job: Job) -> Tell:
        return partial(self._tell_of, job)

    def _tell_of(self, job: Job, index: int, path: tuple[str, ...]) -> None:
        self._hold(job.batch.item_of(job.at + index), job.batch.stage, path)

    def _hold(self, item: int, stage: int, path: tuple[str, ...]) -> None:
        self._in_hand.hold(self._positions[item], stage, path)
