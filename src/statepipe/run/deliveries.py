"""Deliveries: which record ended a worker, how often, and when to give it up. Decides only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from statepipe.errors import RecordError
from statepipe.ports.checkpoint_store import DeliveryLog
from statepipe.run.chunk import Chunk, RangeChunk
from statepipe.run.death import Death
from statepipe.run.in_hand import Holding


@dataclass(frozen=True, slots=True)
class Poison:
    """A record that is given up: its error, how often it was delivered, and the stage it was at."""

    error: RecordError
    deliveries: int
    stage: int = 0


@dataclass(frozen=True, slots=True)
class Again:
    """How a chunk is to be run that was delivered before.

    The first `answered` items have been answered. Parts with a position of `care` are run record
    by record, without those of `poison`, which fail.
    """

    answered: int
    care: frozenset[int]
    poison: Mapping[int, Poison]

    def careful(self, positions: Sequence[int]) -> bool:
        """Tell whether the part with items at `positions` is to be run record by record."""
        return any(positions[0] <= position <= positions[-1] for position in self.care)


@dataclass(slots=True)
class Delivery:
    """A chunk on its way through a worker.

    `records` is what it counts as; `answered` counts its items that the parent has the results of.
    """

    number: int
    chunk: Chunk
    records: int
    answered: int = 0
    care: set[int] = field(default_factory=set)
    poison: dict[int, Poison] = field(default_factory=dict)

    @property
    def again(self) -> Again | None:
        if not self.care and not self.answered:
            return None
        return Again(self.answered, frozenset(self.care), dict(self.poison))

    def holds(self, position: int) -> bool:
        """Tell whether a record at `position` belongs to the chunk."""
        chunk = self.chunk
        if isinstance(chunk, RangeChunk):
            return chunk.range.start <= position < chunk.range.end
        positions = chunk.positions()
        return positions[0] <= position <= positions[-1]


class MemoryLog:
    """A `DeliveryLog` that lasts as long as the run."""

    def suspects(self) -> Mapping[int, int]:
        return {}

    def note(self, position: int, count: int) -> None:
        """Nothing outlives the run, and the run itself counts."""


class Deliveries:
    """Counts the deliveries of each suspect, and gives up a record that ended `most` workers.

    A *suspect* is a record that a worker had in hand when it died.
    """

    def __init__(self, most: int, log: DeliveryLog) -> None:
        self._most = most
        self._log = log
        self._deaths: dict[int, int] = {}

    def begin(self) -> None:
        """Read what is known of an earlier run."""
        self._deaths = dict(self._log.suspects())

    def admit(self, delivery: Delivery) -> None:
        """Look for suspects of an earlier run in a new chunk, and note their delivery."""
        if not self._deaths:
            return
        for position, deaths in self._deaths.items():
            if delivery.holds(position):
                self._judge(delivery, position, deaths, Death.earlier())
        self.note(delivery)

    def blame(self, delivery: Delivery, holding: Holding, death: Death) -> bool:
        """Take in that a worker died over a chunk; return False if that led to nothing new.

        At first only the part is known that was in hand: it is delivered again record by record.
        """
        if holding.record is None:
            known = holding.part in delivery.care
            delivery.care.add(holding.part)
            return not known
        deaths = self._deaths.get(holding.record, 0) + 1
        self._deaths[holding.record] = deaths
        self._judge(delivery, holding.record, deaths, death)
        return True

    def note(self, delivery: Delivery) -> None:
        """Note, before it happens, that the chunk's suspects are delivered once more."""
        for position in sorted(delivery.care - delivery.poison.keys()):
            if position in self._deaths:
                self._log.note(position, self._deaths[position] + 1)

    def settle(self, delivery: Delivery) -> None:
        """Acquit the suspects of a chunk that has been answered."""
        for position in sorted(delivery.care - delivery.poison.keys()):
            if self._deaths.pop(position, None) is not None:
                self._log.note(position, 0)

    def _judge(self, delivery: Delivery, position: int, deaths: int, death: Death) -> None:
        delivery.care.add(position)
        if deaths < self._most:
            return
        self._log.note(position, deaths)
        delivery.poison[position] = Poison(death.error(deaths), deaths, death.stage)
