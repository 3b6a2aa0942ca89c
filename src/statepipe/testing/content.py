"""Content: the bytes of a simulated file, as programs see them and as a power loss leaves them."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes that were written at `offset`."""

    offset: int
    data: bytes

    def apply(self, content: bytearray) -> None:
        gap = self.offset - len(content)
        if gap > 0:
            content += bytes(gap)
        content[self.offset : self.offset + len(self.data)] = self.data


@dataclass(frozen=True, slots=True)
class Cut:
    """A truncation."""

    length: int

    def apply(self, content: bytearray) -> None:
        del content[self.length :]


Change: TypeAlias = Write | Cut


@dataclass(slots=True, eq=False)
class Content:
    """What a file holds. `seen` is what programs see, `durable` what was synced.

    `changes` are those since, in order. A sync that failed has lost them, though they are still
    seen: so does Linux, which holds pages that could not be written for clean.
    """

    seen: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    changes: list[Change] = field(default_factory=list)

    def change(self, change: Change) -> None:
        change.apply(self.seen)
        self.changes.append(change)

    def sync(self) -> None:
        for change in self.changes:
            change.apply(self.durable)
        self.changes.clear()

    def fail_sync(self) -> None:
        self.changes.clear()

    def after_power_loss(self, rng: Random) -> Content:
        """Return what is left: of the unsynced changes none, all, or the first so many bytes.

        A truncation in between may not have happened. Bytes that a file was extended by may
        be zeros.
        """
        left = bytearray(self.durable)
        for change in self._surviving(rng):
            change.apply(left)
        return Content(bytearray(left), left)

    def _surviving(self, rng: Random) -> list[Change]:
        fate = rng.randrange(4)
        if not self.changes or fate == 0:
            return []
        if fate == 1:
            return self.changes
        kept = rng.randrange(len(self.changes))
        torn = self.changes[kept]
        before = [
            each for each in self.changes[:kept] if isinstance(each, Write) or rng.random() < 0.5
        ]
        if isinstance(torn, Cut):
            return [*before, torn]
        size = rng.randint(0, len(torn.data))
        whole = torn.data[:size] + bytes(len(torn.data) - size) if fate == 2 else torn.data[:size]
        return [*before, Write(torn.offset, whole)]
