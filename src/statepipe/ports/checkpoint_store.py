"""CheckpointStore: where one run stands, kept."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from statepipe.saved import Saved


class DeliveryLog(Protocol):
    """Remembers how often records were delivered to workers that may die of them.

    A record is known by its position: its first byte in the source, or its index where the
    source has no bytes. Used by the thread that drives the stream.
    """

    def suspects(self) -> Mapping[int, int]:
        """Return the deliveries of each suspect, as noted before, also in an earlier run."""

    def note(self, position: int, count: int) -> None:
        """Note a suspect's deliveries, the one included that is about to be made; 0 acquits it.

        Called before each delivery, and durable when it returns: a record that takes the whole
        run down is known when it starts again.
        """


class CheckpointStore(DeliveryLog, Protocol):
    """Keeps where one run stands, in one atomic and durable step. Held by one process at a time.

    Every method may be called from any thread, and raises CheckpointError.
    """

    def load(self) -> Saved | None:
        """Return what was saved last; None if nothing was."""

    def failures(self) -> Mapping[int, bytes]:
        """Return the failures that were saved, by their ordinal."""

    def save(self, saved: Saved, failures: Mapping[int, bytes]) -> None:
        """Replace what was saved, and add `failures`. Durable when it returns.

        Refused if another process has taken the checkpoint over.
        """

    def held(self) -> AbstractContextManager[None]:
        """Keep it from being taken over meanwhile; refused as `save` is. Saves nothing within."""

    def close(self) -> None:
        """Let another process have it. Safe to call more than once."""
