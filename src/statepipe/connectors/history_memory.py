"""MemoryHistory: histories kept as long as the program runs."""

from __future__ import annotations


class MemoryHistory:
    """A HistoryStore that loses everything at the end."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def save(self, history_id: str, text: str) -> None:
        self._texts[history_id] = text

    def load(self, history_id: str) -> str | None:
        return self._texts.get(history_id)

    def ids(self) -> list[str]:
        return sorted(self._texts)
