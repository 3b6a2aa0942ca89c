"""History: the steps of a machine's records, the last of them kept, saved and loaded."""

from __future__ import annotations

import asyncio
import os
import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeAlias

from statepipe.api.assemble import Core
from statepipe.api.step_result import StepResult
from statepipe.connectors.history_db import SQLiteHistory
from statepipe.connectors.history_file import FileHistory
from statepipe.connectors.history_memory import MemoryHistory
from statepipe.connectors.json_codec import JsonDecoder, JsonEncoder
from statepipe.errors import HistoryError, UsageError, named_type
from statepipe.ports.formats import UnwritableError
from statepipe.ports.history_store import HistoryStore
from statepipe.record import Record

FORMAT = 1
DATABASES = (".db", ".sqlite", ".sqlite3")
Storage: TypeAlias = "HistoryStore | str | os.PathLike[str] | None"
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A step that was made. `context` tells records apart; `step` counts theirs from 1."""

    context: int
    step: int
    from_state: str
    to_state: str
    transition: str | None
    data_before: Record
    data_after: Record
    timestamp: float
    duration: float
    success: bool
    error: str | None
    failed_states: list[str]
    is_complete: bool


class History:
    """The last `max_depth` steps of a machine, oldest first."""

    def __init__(
        self, history_id: str, machine: str, max_depth: int, entries: Iterable[HistoryEntry] = ()
    ) -> None:
        self.id = history_id
        self.machine = machine
        self.max_depth = max_depth
        self.entries: deque[HistoryEntry] = deque(entries, maxlen=max_depth)

    def __len__(self) -> int:
        return len(self.entries)

    def note(self, context: int, result: StepResult) -> None:
        self.entries.append(entry_of(context, result))


class HistoryKeeping:
    """Whether and where the steps of one machine are kept."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.store: HistoryStore | None = None
        self.history: History | None = None

    def enable(self, storage: Storage, max_depth: int) -> None:
        """Begin a new history. Raises UsageError."""
        if not isinstance(max_depth, int) or isinstance(max_depth, bool) or max_depth < 1:
            raise UsageError(f"max_depth must be a whole number of at least 1, not {max_depth!r}")
        self.store = store_of(storage)
        new_id = self._core.outside.randomness.random_bytes(16).hex()
        self.history = History(new_id, self._core.machine.name, max_depth)

    def disable(self) -> None:
        self.store = self.history = None

    def note(self, context: int, result: StepResult) -> None:
        if self.history is not None:
            self.history.note(context, result)

    async def save(self) -> str:
        history, store = self._enabled()
        text = text_of(history)
        await asyncio.to_thread(store.save, history.id, text)
        return history.id

    async def load(self, history_id: str) -> History:
        """Put a saved history in the place of the current one; further steps follow its last."""
        _, store = self._enabled()
        if not isinstance(history_id, str) or not _ID.fullmatch(history_id):
            raise UsageError(f"{history_id!r} is no id of a history")
        text = await asyncio.to_thread(store.load, history_id)
        if text is None:
            known = ", ".join(await asyncio.to_thread(store.ids)) or "none"
            raise UsageError(f"no history is kept as {history_id!r}; there are: {known}")
        history = history_of(text, history_id)
        if history.machine != self._core.machine.name:
            raise UsageError(
                f"the history {history_id!r} is that of {history.machine!r}, "
                f"not of {self._core.machine.name!r}"
            )
        self.history = history
        return history

    def _enabled(self) -> tuple[History, HistoryStore]:
        if self.history is None or self.store is None:
            raise UsageError("no history is kept; call enable_history() first")
        return self.history, self.store


def store_of(storage: Storage) -> HistoryStore:
    """Return where histories are kept: a path ending in `.db` is a database, another a folder."""
    if storage is None:
        return MemoryHistory()
    if isinstance(storage, str | os.PathLike):
        if Path(storage).suffix in DATABASES:
            return SQLiteHistory(storage)
        return FileHistory(storage)
    if isinstance(storage, HistoryStore):
        return storage
    raise UsageError(
        f"storage must be a path, or have save, load and ids; not {named_type(storage)}"
    )


def entry_of(context: int, result: StepResult) -> HistoryEntry:
    return HistoryEntry(
        context=context,
        step=result.moves[-1].number,
        from_state=result.from_state,
        to_state=result.to_state,
        transition=result.transition,
        data_before=result.moves[0].before.record,
        data_after=result.moves[-1].after,
        timestamp=result.timestamp,
        duration=result.duration,
        success=result.success,
        error=result.error,
        failed_states=result.failed_states,
        is_complete=result.is_complete,
    )


def text_of(history: History) -> str:
    """Return a history as JSON. UsageError names the field that JSON has no word for."""
    document = {
        "format": FORMAT,
        "id": history.id,
        "machine": history.machine,
        "max_depth": history.max_depth,
        "entries": [shallow(entry) for entry in history.entries],
    }
    try:
        return JsonEncoder(end=b"").encode_one(document).decode()
    except UnwritableError as error:
        raise UsageError(f"the history cannot be saved: {error}") from error


def shallow(entry: HistoryEntry) -> dict[str, Any]:
    return {item.name: getattr(entry, item.name) for item in fields(entry)}


def history_of(text: str, name: str) -> History:
    """Return what `text_of` wrote down. HistoryError if it is something else."""
    [document] = JsonDecoder().decode_each([text.encode()])
    try:
        if not isinstance(document, dict) or document["format"] != FORMAT:
            raise ValueError("another format")
        entries = [HistoryEntry(**entry) for entry in document["entries"]]
        return History(document["id"], document["machine"], document["max_depth"], entries)
    except (KeyError, TypeError, ValueError) as exc:
        message = f"what is kept as {name!r} is damaged, or no history of this version of statepipe"
        raise HistoryError(message) from exc
