"""CheckpointStatus: what a checkpoint directory holds, read without touching it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import dataclass
from urllib.request import pathname2url

from statepipe.connectors.checkpoint_db import DB_NAME, digest_of
from statepipe.connectors.checkpoint_document import saved_of
from statepipe.connectors.checkpoint_lock import owner_of
from statepipe.errors import CheckpointError
from statepipe.saved import Saved


@dataclass(frozen=True, slots=True)
class CheckpointStatus:
    """What was saved last, None if nothing was, and the process that works on it, if one does."""

    saved: Saved | None
    owner: int | None


def status_of(directory: str) -> CheckpointStatus:
    """Return the status of the checkpoint in `directory`. Raises CheckpointError."""
    path = os.path.join(directory, DB_NAME)
    if not os.path.isfile(path):
        raise CheckpointError(f"there is no checkpoint in {directory}: it has no {DB_NAME}")
    try:
        uri = f"file:{pathname2url(os.path.abspath(path))}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as db:
            row = db.execute("SELECT document, digest FROM checkpoint").fetchone()
    except sqlite3.Error as exc:
        raise CheckpointError(f"the checkpoint {path} cannot be read: {exc}") from exc
    return CheckpointStatus(checked(path, row), owner_of(directory))


def checked(path: str, row: tuple[object, object] | None) -> Saved | None:
    match row:
        case None, None:
            return None
        case bytes() as document, digest if digest_of(document) == digest:
            return saved_of(document)
    raise CheckpointError(f"the checkpoint {path} cannot be read: it is damaged")
