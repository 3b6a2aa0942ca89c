"""HistoryStore: the protocol between histories of steps and where they are kept."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class HistoryStore(Protocol):
    """Keeps texts by id. Its methods may be called from any thread, and raise HistoryError."""

    def save(self, history_id: str, text: str) -> None:
        """Keep `text`, in place of what was kept by that id. Whole and durable when it returns."""

    def load(self, history_id: str) -> str | None:
        """Return what is kept by that id; None if nothing is."""

    def ids(self) -> list[str]:
        """Return the ids by which something is kept, sorted."""
