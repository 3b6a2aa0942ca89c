"""Routing: which end state's records go to which sink."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, MutableSequence, Sequence
from dataclasses import dataclass, field
from itertools import compress

from statepipe.ports.formats import Decoder, Encoder, Framing


@dataclass(frozen=True, slots=True)
class Slot:
    """One sink as computing sees it. Without `encoder` it gets the records themselves.

    `late`: what the encoder gives is encoded again later, where a record may still fail.
    """

    encoder: Encoder | None = None
    framing: Framing = field(default_factory=Framing)
    late: bool = False


@dataclass(frozen=True, slots=True)
class Relay:
    """What records go through between two stages: JSON lines in all but the file."""

    encoder: Encoder
    decoder: Decoder


@dataclass(frozen=True, slots=True)
class Routing:
    """`sinks` maps the last stage's end states to indices of `slots`; others emit nothing.

    `passing[k]` are the end states of stage k whose records go on to stage k + 1; `names[k]` is
    how stage k is called where its end states are counted. `relay` is there with several stages.
    """

    slots: Sequence[Slot]
    sinks: Mapping[str, int]
    passing: Sequence[frozenset[str]] = ()
    names: Sequence[str] = ("",)
    relay: Relay | None = None

    @property
    def encodes(self) -> bool:
        """Whether every sink gets bytes, so that no record is seen outside again."""
        return all(slot.encoder is not None for slot in self.slots)


FEW_LEAVES = 16
"""Up to here a pass over the chunk for each leaf, at C speed, beats one that sorts all."""


class Exits:
    """The leaves of the last stage's plan, sorted by state and by sink.

    `ends` holds, as in `codegen.engine.RunChunk`, a leaf's number plus 1 for each record, or 0.
    """

    def __init__(self, leaves: Sequence[str], routing: Routing) -> None:
        self.leaves = leaves
        self.slots = routing.slots
        self._slot_of = [-1, *(routing.sinks.get(state, -1) for state in leaves)]
        wanted = set(self._slot_of[1:])
        self.sole = wanted.pop() if len(wanted) == 1 else -1
        self._tables = [self._table(slot) for slot in range(len(self.slots))]

    def _table(self, slot: int) -> bytes:
        marks = bytes(int(chosen == slot) for chosen in self._slot_of[:256])
        return marks + bytes(256 - len(marks))

    def mask(self, slot: int, ends: MutableSequence[int]) -> Sequence[int]:
        """Return for each record 1 if it goes to `slot`, else 0."""
        if isinstance(ends, bytearray):
            return ends.translate(self._tables[slot])
        return [int(self._slot_of[end] == slot) for end in ends]

    def slot_at(self, end: int) -> Slot | None:
        """Return where a record goes, given its entry in `ends`."""
        slot = self._slot_of[end]
        return None if slot < 0 else self.slots[slot]

    def positions(self, slot: int, ends: MutableSequence[int]) -> list[int]:
        """Return which records go to `slot`, in order."""
        return list(compress(range(len(ends)), self.mask(slot, ends)))

    def count(self, ends: MutableSequence[int]) -> dict[str, int]:
        """Return how many records ended at each end state, without those where none did."""
        counted = Counter(ends) if len(self.leaves) > FEW_LEAVES else None
        counts: dict[str, int] = {}
        for end, state in enumerate(self.leaves, start=1):
            count = ends.count(end) if counted is None else counted[end]
            if count:
                counts[state] = counts.get(state, 0) + count
        return counts
